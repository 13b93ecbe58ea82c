"""What rules must not stumble over, and what they must not mistake for a defect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.changes.computed_columns import ComputedColumns
from pgrefit.model.observation import Answer
from pgrefit.pg.cluster import Cluster
from rules.observing import counted_for, findings, measured, observe, report, rule_named
from step_runner import run_all

USERS = """
    CREATE TABLE users (id uuid PRIMARY KEY);
    INSERT INTO users SELECT md5(n::text)::uuid FROM generate_series(1, 30) AS n;
    CREATE TABLE groups (id uuid PRIMARY KEY);
    INSERT INTO groups SELECT md5('g' || n)::uuid FROM generate_series(1, 30) AS n;
"""
HOSTILE = """
    CREATE SCHEMA "Odd ""schema";
    CREATE TABLE "Odd ""schema"."Vidéos {0} %s" ("select" uuid PRIMARY KEY);
    INSERT INTO "Odd ""schema"."Vidéos {0} %s" SELECT md5(n::text)::uuid FROM generate_series(1, 10) AS n;
    CREATE TABLE "Odd ""schema"."order" (
        "Nr %" int PRIMARY KEY, "Vidéo 0 %s Id" text, "user's {body}" text, "File ""URL" text,
        "Ja?" jsonb, "So!" jsonb, "Punkte %s" int, "länge" text, "länge s" int);
    INSERT INTO "Odd ""schema"."order"
    SELECT n, md5((n % 10 + 1)::text)::uuid, E'File URL: x' || n, NULL, jsonb_build_array(n % 3, 1, n % 2),
           jsonb_build_array(jsonb_build_object('it''s {k} %', 1), jsonb_build_object('it''s {k} %', 1),
                             jsonb_build_object('it''s {k} %', 1)),
           (n % 3 = 1)::int + 1 + (n % 2 = 1)::int, n / 60 || ':' || lpad((n % 60)::text, 2, '0'), n
    FROM generate_series(1, 100) AS n;
    INSERT INTO "Odd ""schema"."order" VALUES (101, 'nobody');
    ANALYZE;
"""


def test_hostile_names(db18: psycopg.Connection) -> None:
    db18.execute(HOSTILE.encode())
    found = report(db18)
    assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
    by_rule = {f.rule: f for f in found.findings}
    assert measured(by_rule["reference-as-text"])["matching"] == 100
    assert by_rule["derived-column"].object == '"Odd ""schema".order.Punkte %s'
    assert measured(by_rule["dual-representation"])["agreeing"] == 100
    assert measured(by_rule["metadata-in-text"])['of these, File "URL is empty'] == 100
    for change in by_rule["metadata-in-text"].remedy:
        run_all(db18, change)
    assert "metadata-in-text" not in {f.rule for f in report(db18).findings}


def test_rules_without_answers_find_nothing_on_the_data_and_do_not_crash(db18: psycopg.Connection) -> None:
    db18.execute(HOSTILE.encode())
    observation = observe(db18)
    skipped = {question: Answer(skipped="not allowed") for question in observation.answers}
    found = audit.run(replace(observation, answers=skipped))
    assert found.crashed == ()
    assert found.of("reference-as-text") == ()
    assert {c.rule for c in found.coverage if c.skipped} >= {"reference-as-text", "metadata-in-text"}


def test_a_reference_is_known_by_its_values_where_the_name_tells_nothing(db18: psycopg.Connection) -> None:
    (found,) = findings(
        db18,
        "reference-as-text",
        USERS + "CREATE TABLE note (id int PRIMARY KEY, who varchar(40));"
        "INSERT INTO note SELECT n, md5((n % 30 + 1)::text)::uuid::text FROM generate_series(1, 60) AS n; ANALYZE;",
    )
    assert found.object == "public.note.who"
    assert "public.users.id" in found.message


@pytest.mark.parametrize(
    "columns",
    [
        "subject_id text, subject_type text",  # refers to several tables
        "request_id text",  # uuids of something else
    ],
)
def test_text_that_is_no_reference(db18: psycopg.Connection, columns: str) -> None:
    sql = f"""{USERS} CREATE TABLE note (id int PRIMARY KEY, {columns});
              INSERT INTO note SELECT n, md5('other ' || n)::uuid::text FROM generate_series(1, 60) AS n; ANALYZE;"""
    assert findings(db18, "reference-as-text", sql) == ()


def test_numbers_as_text_refer_only_by_name(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE customers (id int PRIMARY KEY);
        INSERT INTO customers SELECT generate_series(1, 90);
        CREATE TABLE bill (id int PRIMARY KEY, "customerId" text, postcode text);
        INSERT INTO bill SELECT n, lpad(n::text, 3, '0'), lpad(n::text, 5, '0') FROM generate_series(1, 60) AS n;
        ANALYZE;
    """
    (found,) = findings(db18, "reference-as-text", sql)
    assert found.object == "public.bill.customerId"
    assert measured(found)["in another spelling"] == 60


def test_orphans_are_counted_and_block_the_foreign_key(db18: psycopg.Connection) -> None:
    sql = (
        USERS
        + """
        CREATE TABLE note (id int PRIMARY KEY, created_by uuid);
        INSERT INTO note SELECT n, md5((n % 30 + 1)::text)::uuid FROM generate_series(1, 97) AS n;
        INSERT INTO note VALUES (98, md5('gone')::uuid), (99, NULL);
        ANALYZE;
    """
    )
    (found,) = findings(db18, "missing-foreign-key", sql)
    evidence = measured(found)
    assert (evidence["matching"], evidence["orphans"], evidence["null"]) == (97, 1, 1)
    assert found.remedy == ()
    assert found.advice


def test_an_empty_table_is_judged_by_name_alone(db18: psycopg.Connection) -> None:
    sql = USERS + "CREATE TABLE note (id int PRIMARY KEY, user_id uuid, group_owner_id uuid, tenant_id uuid);"
    assert [f.object for f in findings(db18, "missing-foreign-key", sql)] == ["public.note.user_id"]


PARTITIONED = """
    CREATE TABLE buyer (id int PRIMARY KEY);
    CREATE TABLE sale (id int, day date, buyer_id int REFERENCES buyer, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE sale_2 PARTITION OF sale FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    INSERT INTO buyer VALUES (1);
    INSERT INTO sale SELECT n, DATE '2024-01-01' + n, 1 FROM generate_series(1, 600) AS n;
    ANALYZE;
"""


def test_a_partitioned_table_is_one_table(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "foreign-key-without-index", PARTITIONED)
    assert found.object == "public.sale.sale_buyer_id_fkey"
    db18.execute("CREATE INDEX ON sale (buyer_id)")
    assert findings(db18, "foreign-key-without-index") == ()


def test_an_index_of_a_partitioned_table_is_used_where_one_part_is(db18: psycopg.Connection) -> None:
    db18.execute(PARTITIONED.encode())
    db18.execute("CREATE INDEX sale_day ON sale (day)")
    db18.execute("ANALYZE")
    assert [f.object for f in counted_for(db18, "unused-index", days=30)] == ["public.sale_day"]
    db18.execute("SET enable_seqscan = off")
    db18.execute("SELECT count(*) FROM sale_1 WHERE day = '2024-03-01'")
    db18.execute("SELECT pg_stat_force_next_flush()")
    db18.execute("SELECT 1")
    assert counted_for(db18, "unused-index", days=30) == ()


def test_a_function_that_also_has_a_volatile_form_is_left_alone(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION me() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';
        CREATE FUNCTION me(n int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT (n * random())::int';
        CREATE TABLE note (id int PRIMARY KEY, owner int);
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON note USING (owner = me(2));
    """
    assert findings(db18, "per-row-policy-call", sql) == ()


def test_policies_decide_the_same_after_the_remedy(db18: psycopg.Connection) -> None:
    sql = """
        CREATE FUNCTION my_teams() RETURNS int[] LANGUAGE sql STABLE AS
            $$ SELECT string_to_array(nullif(current_setting('app.teams', true), ''), ',')::int[] $$;
        CREATE TABLE note (id int PRIMARY KEY, team int);
        INSERT INTO note SELECT n, n % 5 FROM generate_series(1, 50) AS n;
        ALTER TABLE note ENABLE ROW LEVEL SECURITY;
        ALTER TABLE note FORCE ROW LEVEL SECURITY;
        CREATE POLICY of_teams ON note USING (team = ANY (my_teams()) AND current_setting('app.open', true) = 'yes');
        CREATE ROLE reader_of_notes;
        GRANT SELECT ON note TO reader_of_notes;
    """
    (found,) = findings(db18, "per-row-policy-call", sql)
    before = _seen(db18)
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "per-row-policy-call") == ()
    assert _seen(db18) == before
    assert len(set(before)) > 2
    db18.execute("DROP OWNED BY reader_of_notes")
    db18.execute("DROP ROLE reader_of_notes")


def _seen(conn: psycopg.Connection) -> list[int]:
    return list(_counts(conn))


def _counts(conn: psycopg.Connection) -> Iterator[int]:
    for teams, open_ in (("1,2", "yes"), ("3", "yes"), ("", "yes"), ("1,2,3", "no")):
        with conn.transaction():
            conn.execute("SELECT set_config('app.teams', %s, true), set_config('app.open', %s, true)", (teams, open_))
            conn.execute("SET LOCAL ROLE reader_of_notes")
            row = conn.execute("SELECT count(*) FROM note").fetchone()
            assert row is not None
            yield row[0]


def test_derived_amounts(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE line (id int PRIMARY KEY, price numeric(8,2) NOT NULL, quantity int NOT NULL, total numeric(10,2),
                           paid numeric(10,2), rest numeric(10,2));
        INSERT INTO line SELECT n, price, quantity, price * quantity, paid, price * quantity - paid
        FROM (SELECT n, (n % 17 + 0.5)::numeric AS price, n % 6 + 1 AS quantity, (n * 7) % 5 AS paid
              FROM generate_series(1, 400) AS n) AS drawn;
        UPDATE line SET rest = 0 WHERE id IN (5, 6, 7);
        ANALYZE line;
    """
    found = {f.object: f for f in findings(db18, "derived-column", sql)}
    assert found.keys() == {"public.line.total", "public.line.rest"}
    assert measured(found["public.line.rest"])["disagreeing"] == 3
    (change,) = found["public.line.total"].remedy
    assert isinstance(change, ComputedColumns)


@pytest.mark.parametrize(
    ("here", "there", "drift"),
    [
        ("CHECK (kind IN ('a', 'b'))", "CHECK (kind = ANY (ARRAY['b', 'a']))", False),
        ("CONSTRAINT one CHECK (kind IN ('a', 'b'))", "CONSTRAINT two CHECK (kind IN ('a', 'c'))", True),
        ("CONSTRAINT one CHECK (length(kind) < 3)", "CONSTRAINT one CHECK (((length(kind)) < (3)))", False),
        ("CONSTRAINT one CHECK (length(kind) < 3)", "CONSTRAINT one CHECK (length(kind) < 4)", True),
        ("CONSTRAINT one CHECK (kind IN ('a'))", "CONSTRAINT two CHECK (other IN ('b'))", False),
    ],
)
def test_drift_is_of_meaning_not_of_form(
    db18: psycopg.Connection, cluster18: Cluster, here: str, there: str, drift: bool
) -> None:
    cluster18.create_database("drifted")
    try:
        with psycopg.connect(cluster18.dsn("drifted"), autocommit=True) as other:
            db18.execute(f"CREATE TABLE t (id int PRIMARY KEY, other text, kind text {here})".encode())
            other.execute(f"CREATE TABLE t (id int PRIMARY KEY, other text, kind text {there})".encode())
            observation = observe(db18, rule_named("check-drift"), environment=other)
            assert bool(audit.run(observation, [rule_named("check-drift")]).findings) == drift
    finally:
        cluster18.drop_database("drifted")
