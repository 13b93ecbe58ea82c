"""What rules tell of values in one table that are about rows of another."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pgrefit import audit
from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.model.finding import Finding, Severity
from rules.observing import findings, measured, observe, rule_named
from step_runner import run_all

STAFF = """
    CREATE TABLE employee (employee_id int PRIMARY KEY, reports_to int);
    INSERT INTO employee SELECT n, nullif(n / 3, 0) FROM generate_series(1, 60) AS n;
    CREATE TABLE customer (customer_id int PRIMARY KEY);
    INSERT INTO customer SELECT generate_series(1, 90);
"""


def keys(found: tuple[Finding, ...]) -> dict[str, object]:
    """Object to the key that it is said to hold."""
    return {finding.object: measured(finding)["key"] for finding in found}


@pytest.mark.parametrize(
    ("column", "key"),
    [
        ("customer_id", "customer.customer_id"),
        ("original_customer_id", "customer.customer_id"),
        ('"shipToCustomerId"', "customer.customer_id"),
        ("billtocustomerid", "customer.customer_id"),
        ("fk_customer", "customer.customer_id"),
        ("cust_id", "customer.customer_id"),
        ("customer", "customer.customer_id"),
        ("support_rep_id", "employee.employee_id"),
        ("assigned_to", "employee.employee_id"),
        ("customer_id_2", "customer.customer_id"),
    ],
)
def test_a_reference_is_known_in_many_styles(db18: psycopg.Connection, column: str, key: str) -> None:
    sql = f"""{STAFF} ALTER TABLE employee DROP COLUMN reports_to;
              CREATE TABLE ticket (id int PRIMARY KEY, {column} int);
              INSERT INTO ticket SELECT n, n % 60 + 1 FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert list(keys(findings(db18, "missing-foreign-key", sql)).values()) == [f"public.{key}"]


def test_what_is_copied_along_with_a_reference_is_none(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE buyer (id int PRIMARY KEY, email text NOT NULL UNIQUE);
             INSERT INTO buyer SELECT n, n || '@example.org' FROM generate_series(1, 60) AS n;
             CREATE TABLE purchase (id int PRIMARY KEY, buyer_id int, buyer_email text);
             INSERT INTO purchase SELECT n, n % 60 + 1, (n % 60 + 1) || '@example.org'
             FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert keys(findings(db18, "missing-foreign-key", sql)) == {"public.purchase.buyer_id": "public.buyer.id"}


def test_a_table_refers_to_itself(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "missing-foreign-key", f"{STAFF} ANALYZE;")
    assert keys((found,)) == {"public.employee.reports_to": "public.employee.employee_id"}
    assert measured(found)["null"] == 2


@pytest.mark.parametrize(
    "column",
    [
        "quantity int",  # small numbers that every serial key contains
        "customer int",  # bare, and of five values
        "line_no int",
        "customer_count int",
        "rank int",
        "external_id int",
    ],
)
def test_small_numbers_are_no_references(db18: psycopg.Connection, column: str) -> None:
    sql = f"""{STAFF} ALTER TABLE employee DROP COLUMN reports_to; CREATE TABLE ticket (id int PRIMARY KEY, {column});
              INSERT INTO ticket SELECT n, n % 4 + 1 FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert findings(db18, "missing-foreign-key", sql) == ()


def test_a_number_that_stands_for_none_is_told_apart_from_orphans(db18: psycopg.Connection) -> None:
    sql = f"""{STAFF} ALTER TABLE employee DROP COLUMN reports_to;
              CREATE TABLE ticket (id int PRIMARY KEY, customer_id int);
              INSERT INTO ticket SELECT n, CASE WHEN n % 2 = 0 THEN 0 WHEN n < 6 THEN 500 ELSE n % 60 + 1 END
              FROM generate_series(1, 200) AS n; ANALYZE;"""
    (found,) = findings(db18, "missing-foreign-key", sql)
    said = measured(found)
    assert (found.severity, found.remedy) == (Severity.ERROR, ())
    assert (said["orphans"], said["of these, 0, -1 or empty"]) == (103, 100)
    assert said["orphans, for example"] == ("500",)
    assert found.cost is not None
    assert found.cost.rows == 103


@pytest.mark.parametrize("name", ["ticket_log", "ticket_history", "audit_of_tickets", "archived_ticket"])
def test_records_of_the_past_outlive_what_they_refer_to(db18: psycopg.Connection, name: str) -> None:
    sql = f"""{STAFF} ALTER TABLE employee DROP COLUMN reports_to;
              CREATE TABLE {name} (id int PRIMARY KEY, customer_id int);
              INSERT INTO {name} SELECT n, n % 100 + 1 FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert findings(db18, "missing-foreign-key", sql) == ()


def test_a_record_of_which_hardly_any_outlived_its_parent_is_meant_to_hold(db18: psycopg.Connection) -> None:
    sql = f"""{STAFF} ALTER TABLE employee DROP COLUMN reports_to;
              CREATE TABLE ticket_history (id int PRIMARY KEY, customer_id int);
              INSERT INTO ticket_history SELECT n, CASE WHEN n < 4 THEN 500 ELSE n % 90 + 1 END
              FROM generate_series(1, 200) AS n; ANALYZE;"""
    (found,) = findings(db18, "missing-foreign-key", sql)
    assert (found.severity, measured(found)["orphans"]) == (Severity.WARNING, 3)


def test_of_keys_that_are_keys_of_one_another_the_nearest_is_meant(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE entity (entity_id int PRIMARY KEY);
             CREATE TABLE person (entity_id int PRIMARY KEY);
             CREATE TABLE person_phone (entity_id int, phone text, PRIMARY KEY (entity_id, phone));
             INSERT INTO entity SELECT generate_series(1, 900);
             INSERT INTO person SELECT n * 5 FROM generate_series(1, 100) AS n;
             INSERT INTO person_phone SELECT n % 100 * 5 + 5, n FROM generate_series(1, 200) AS n; ANALYZE;"""
    assert keys(findings(db18, "missing-foreign-key", sql)) == {
        "public.person.entity_id": "public.entity.entity_id",
        "public.person_phone.entity_id": "public.person.entity_id",
    }


COMPOSITE = """
    CREATE TABLE offer_product (offer_id int, product_id int, PRIMARY KEY (offer_id, product_id));
    INSERT INTO offer_product SELECT n % 9, n FROM generate_series(1, 60) AS n;
    CREATE TABLE line (id int PRIMARY KEY, offer_id int, product_id int);
    INSERT INTO line SELECT n, (n % 60 + 1) % 9, n % 60 + 1 FROM generate_series(1, 300) AS n;
    ANALYZE;
"""


def test_several_columns_refer_together(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "missing-foreign-key", COMPOSITE)
    assert found.object == "public.line (offer_id, product_id)"
    assert isinstance(found.remedy[-1], AddForeignKey)
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "missing-foreign-key") == ()


def test_any_combination_is_no_reference(db18: psycopg.Connection) -> None:
    """Where each offer has each product, a pair is there whatever it means."""
    sql = COMPOSITE.replace("SELECT n % 9, n FROM generate_series(1, 60) AS n",
                            "SELECT a, b FROM generate_series(0, 8) AS a, generate_series(1, 60) AS b")  # fmt: skip
    assert findings(db18, "missing-foreign-key", sql) == ()


def test_queries_tell_a_reference_that_no_name_tells(db18: psycopg.Connection, tmp_path: Path) -> None:
    db18.execute(
        "CREATE TABLE pupil (id int PRIMARY KEY); CREATE TABLE mark (nr int PRIMARY KEY, whose int, of_day int)"
    )
    rule = rule_named("missing-foreign-key")
    path = tmp_path / "workload.sql"
    path.write_text("-- name: marks\nSELECT m.nr FROM mark AS m JOIN pupil AS p ON p.id = m.whose;\n")
    assert audit.run(observe(db18), [rule]).findings == ()
    found = audit.run(observe(db18, rule, workload=path), [rule]).findings
    assert keys(found) == {"public.mark.whose": "public.pupil.id"}
    db18.execute("CREATE VIEW marks AS SELECT m.nr FROM mark AS m, pupil AS p WHERE m.of_day = p.id")
    assert keys(findings(db18, "missing-foreign-key")) == {"public.mark.of_day": "public.pupil.id"}


COMPARED = """
    CREATE TABLE pupil (id int PRIMARY KEY, name text); CREATE TABLE teacher (id int PRIMARY KEY);
    CREATE TABLE mark (nr int PRIMARY KEY, whose int, of_day int, by_whom int);
"""
COMPARISONS = {
    "PL/pgSQL": """CREATE FUNCTION named(day int) RETURNS SETOF text LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY
        SELECT p.name FROM pupil AS p WHERE p.id IN (SELECT m.whose FROM mark AS m WHERE m.of_day = day); END $$""",
    "trigger": """CREATE FUNCTION known() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NOT EXISTS (SELECT FROM pupil WHERE id = NEW.whose) THEN RAISE 'who?'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER known BEFORE INSERT ON mark FOR EACH ROW EXECUTE FUNCTION known()""",
    "sub-selects": """CREATE VIEW mine AS WITH m AS (SELECT x.whose AS p FROM (SELECT * FROM mark) AS x)
        SELECT p.id FROM pupil AS p JOIN m ON m.p = p.id""",
    "view of a view": """CREATE VIEW marks AS SELECT nr, whose AS who FROM mark;
        CREATE VIEW pupils AS SELECT p.* FROM pupil AS p, marks AS m WHERE (m.who, 1) = (p.id, 1)""",
    "policy": "CREATE POLICY own ON mark USING (EXISTS (SELECT FROM pupil AS p WHERE p.id = mark.whose))",
}


@pytest.mark.parametrize("kind", COMPARISONS)
def test_what_the_schema_itself_compares_tells_a_reference(db18: psycopg.Connection, kind: str) -> None:
    found = findings(db18, "missing-foreign-key", f"{COMPARED} {COMPARISONS[kind]};")
    assert keys(found) == {"public.mark.whose": "public.pupil.id"}


def test_orphans_of_each_kind_are_counted(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE post (id uuid PRIMARY KEY);
             INSERT INTO post SELECT md5(n::text)::uuid FROM generate_series(1, 20) AS n;
             CREATE TABLE "user" (id uuid PRIMARY KEY);
             INSERT INTO "user" SELECT md5('u' || n)::uuid FROM generate_series(1, 20) AS n;
             CREATE TABLE file (id int PRIMARY KEY, owner_id text, owner_type text);
             INSERT INTO file SELECT n, md5(CASE WHEN n % 2 = 0 THEN n % 24 + 1 || '' ELSE 'u' || n % 20 + 1 END)::uuid,
                                     CASE WHEN n % 2 = 0 THEN 'blog.Post' ELSE 'users' END
             FROM generate_series(1, 240) AS n; ANALYZE;"""
    (found,) = findings(db18, "polymorphic-orphans", sql)
    said = measured(found)
    row = db18.execute("SELECT count(*) FROM file WHERE owner_type = 'blog.Post'"
                       " AND owner_id NOT IN (SELECT id::text FROM post)").fetchone()  # fmt: skip
    assert row is not None
    assert said["“blog.Post”: not in public.post.id"] == row[0] > 0
    assert not any("users" in measure for measure in said)


def test_circles_are_told_from_what_hangs_below_them(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE unit (code text PRIMARY KEY, parent_code text REFERENCES unit);
             INSERT INTO unit SELECT 'u' || n, CASE WHEN n > 1 THEN 'u' || n / 2 END FROM generate_series(1, 63) AS n;
             UPDATE unit SET parent_code = 'u20' WHERE code = 'u5';
             UPDATE unit SET parent_code = 'u62' WHERE code = 'u62'; ANALYZE;"""
    (found,) = findings(db18, "cycle-in-hierarchy", sql)
    said = measured(found)
    assert (said["in a circle"], said["in a circle or below one"]) == (4, 16)
    assert said["in a circle, for example"] == ("u10", "u20", "u5", "u62")


@pytest.mark.parametrize(
    ("type_", "value"),
    [("int[]", "ARRAY[n % 30 + 1, n % 7 + 1]"), ("text", "format('{%s}', concat_ws(';', n % 30 + 1, 2))")],
)
def test_lists_are_taken_apart(db18: psycopg.Connection, type_: str, value: str) -> None:
    sql = f"""CREATE TABLE tag (id int PRIMARY KEY); INSERT INTO tag SELECT generate_series(1, 29);
              CREATE TABLE recipe (id int PRIMARY KEY, allowed_tag_ids {type_});
              INSERT INTO recipe SELECT n, {value} FROM generate_series(1, 90) AS n; ANALYZE;"""
    (found,) = findings(db18, "list-of-references", sql)
    said = measured(found)
    assert (said["items"], said["orphans"], said["orphans, for example"]) == (180, 3, ("30",))


def test_a_copied_owner_that_differs_is_found(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE tenant (id int PRIMARY KEY); INSERT INTO tenant SELECT generate_series(1, 9);
             CREATE TABLE project (id int PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenant);
             INSERT INTO project SELECT n, n % 9 + 1 FROM generate_series(1, 30) AS n;
             CREATE TABLE task (id int PRIMARY KEY, project_id int NOT NULL REFERENCES project,
                                tenant_id int NOT NULL REFERENCES tenant);
             INSERT INTO task SELECT n, n % 30 + 1, (n % 30 + 1) % 9 + 1 FROM generate_series(1, 300) AS n;
             UPDATE task SET tenant_id = 9 WHERE id IN (3, 4, 5); ANALYZE;"""
    (found,) = findings(db18, "drifted-copy", sql)
    assert found.object == "public.task.tenant_id"
    assert measured(found)["differing rows, for example"] == ("3", "4", "5")


ORDERS = """
    CREATE TABLE bill (id int PRIMARY KEY, total numeric(10,2) NOT NULL, line_count int NOT NULL);
    CREATE TABLE bill_line (id int PRIMARY KEY, bill_id int NOT NULL REFERENCES bill, quantity int,
                            unit_price numeric(8,2), void boolean NOT NULL);
    INSERT INTO bill SELECT n, 0, 0 FROM generate_series(1, 60) AS n;
    INSERT INTO bill_line SELECT row_number() OVER (), n, i, 1.5 * n, i = 2
    FROM generate_series(1, 60) AS n, generate_series(1, n % 5) AS i;
    UPDATE bill SET (total, line_count) = (SELECT coalesce(sum(quantity * unit_price), 0),
                                           count(*) FILTER (WHERE NOT void) FROM bill_line WHERE bill_id = bill.id);
    ANALYZE;
"""


def test_sums_and_filtered_counts_that_agree_are_no_finding(db18: psycopg.Connection) -> None:
    assert findings(db18, "drifted-counter", ORDERS) == ()


def test_sums_and_filtered_counts_that_drifted_are_found(db18: psycopg.Connection) -> None:
    db18.execute(ORDERS.encode())
    db18.execute("UPDATE bill SET total = total + 1 WHERE id < 4; UPDATE bill SET line_count = 40 WHERE id = 9")
    found = {finding.object: measured(finding) for finding in findings(db18, "drifted-counter")}
    assert {name: said["differing"] for name, said in found.items()} == {
        "public.bill.total": 3, "public.bill.line_count": 1,
    }  # fmt: skip
    assert found["public.bill.total"]["counts"] == "sum of quantity * unit_price"
    assert found["public.bill.line_count"]["counts"] == "rows without void"


def test_hostile_names(db18: psycopg.Connection) -> None:
    sql = """CREATE SCHEMA "Odd ""s";
             CREATE TABLE "Odd ""s"."Größe {0}" ("select %" int PRIMARY KEY, "Zeile count" int);
             INSERT INTO "Odd ""s"."Größe {0}" SELECT n, 4 FROM generate_series(1, 40) AS n;
             CREATE TABLE "Odd ""s"."Zeile" ("Größe {0} id" int, "Größe {0} ids" text, "Größe {0} type" text);
             INSERT INTO "Odd ""s"."Zeile" SELECT n % 40 + 1, '1,2' FROM generate_series(1, 160) AS n; ANALYZE;"""
    db18.execute(sql.encode())
    rules = [rule_named(name) for name in ("missing-foreign-key", "polymorphic-orphans", "cycle-in-hierarchy",
                                           "list-of-references", "drifted-copy", "drifted-counter")]  # fmt: skip
    found = audit.run(observe(db18, *rules), rules)
    assert not found.crashed
    assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
    assert {f.rule for f in found.findings} == {"list-of-references", "missing-foreign-key"}


def test_a_reference_is_not_filled_by_a_way_that_says_otherwise(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE org (id int PRIMARY KEY); INSERT INTO org SELECT generate_series(1, 50);
        CREATE TABLE project (id int PRIMARY KEY, org_id int NOT NULL REFERENCES org);
        INSERT INTO project SELECT n, n % 50 + 1 FROM generate_series(1, 80) AS n;
        CREATE TABLE api_key (
            id int PRIMARY KEY, project_id int NOT NULL REFERENCES project, org_id int REFERENCES org
        );
        INSERT INTO api_key SELECT n, n % 80 + 1, CASE WHEN n % 8 > 0 THEN n % 37 + 1 END
        FROM generate_series(1, 222) AS n;
        ANALYZE;
    """
    assert findings(db18, "nullable-required-reference", sql) == ()
