"""Keys, references, constraints and sequences: what is no defect, what is counted, and what is not asked."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Severity
from pgrefit.model.statistics import SequenceStatistics
from rules.observing import findings, measured, observe, rule_named
from step_runner import run_all

FILLED = "INSERT INTO {0} (body) SELECT 'x' FROM generate_series(1, 200);"


def questions(conn: psycopg.Connection, name: str) -> int:
    """How many a rule asks, whatever the answers."""
    rule = rule_named(name)
    return len(set(rule.asks(observe(conn, rule))))


@pytest.mark.parametrize("name", ["sequence-behind-column", "integer-key-near-exhaustion", "sequence-near-exhaustion"])
def test_a_sequence_that_explains_its_column_is_not_asked_about(db18: psycopg.Connection, name: str) -> None:
    for table in ("a", "b", "c"):
        db18.execute(f"CREATE TABLE {table} (id serial PRIMARY KEY, body text); {FILLED.format(table)}".encode())
    db18.execute("ANALYZE")
    assert questions(db18, name) == 0
    assert findings(db18, name) == ()


def test_a_sequence_near_its_end_is_known_without_a_question(db18: psycopg.Connection) -> None:
    sql = """CREATE SEQUENCE numbers AS bigint; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('numbers'));
             SELECT setval('numbers', 2000000000);"""
    (found,) = findings(db18, "sequence-near-exhaustion", sql)
    assert found.severity is Severity.ERROR
    assert measured(found)["highest"] == 2**31 - 1
    rule = rule_named("sequence-near-exhaustion")
    observation = observe(db18, rule)
    hidden = tuple(SequenceStatistics(sequence=s.sequence, last_value=None) for s in observation.statistics.sequences)
    unseen = replace(observation, statistics=replace(observation.statistics, sequences=hidden))
    assert audit.run(unseen, [rule]).findings == ()


def test_rows_that_were_restored_with_their_numbers(db18: psycopg.Connection) -> None:
    sql = f"""CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text); {FILLED.format("t")}
              INSERT INTO t (id, body) OVERRIDING SYSTEM VALUE VALUES (5000, 'far'), (5001, 'far'); ANALYZE;"""
    (found,) = findings(db18, "sequence-behind-column", sql)
    evidence = measured(found)
    assert found.severity is Severity.WARNING
    assert (evidence["next number"], evidence["first that is taken"], evidence["largest value"]) == (201, 5000, 5001)
    db18.execute("SELECT setval('t_id_seq', 4999)")
    (found,) = findings(db18, "sequence-behind-column")
    assert found.severity is Severity.ERROR
    assert found.cost is not None
    assert found.cost.rows == 2
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "sequence-behind-column") == ()
    db18.execute("INSERT INTO t (body) VALUES ('after')")


def test_a_row_at_the_end_of_all_numbers_is_in_nobodys_way(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (id serial PRIMARY KEY, body text); INSERT INTO t VALUES (2147483647, 'nobody');"""
    assert findings(db18, "sequence-behind-column", sql) == ()


HOSTILE = """
    CREATE SCHEMA "Odd ""schema";
    CREATE TABLE "Odd ""schema"."It's %s {0}" ("Nr. ""1"" %" bigserial PRIMARY KEY, "select" text);
    INSERT INTO "Odd ""schema"."It's %s {0}" VALUES (1, 'x'), (2, 'y');
    CREATE TABLE "Odd ""schema"."Copy" (LIKE "Odd ""schema"."It's %s {0}" INCLUDING ALL);
    ALTER SEQUENCE "Odd ""schema"."It's %s {0}_Nr. ""1"" %_seq" AS integer;
    GRANT INSERT ON "Odd ""schema"."Copy" TO PUBLIC;
"""


def test_sequences_with_hostile_names(db18: psycopg.Connection) -> None:
    (behind,) = findings(db18, "sequence-behind-column", HOSTILE)
    (small, _) = findings(db18, "sequence-smaller-than-column")
    (privilege,) = findings(db18, "insert-without-sequence-privilege")
    (other,) = findings(db18, "sequence-of-another-table")
    assert other.object == '"Odd ""schema".Copy."Nr. ""1"" %"'
    for change in (*behind.remedy, *small.remedy, *privilege.remedy):
        run_all(db18, change)
    for rule in ("sequence-behind-column", "sequence-smaller-than-column", "insert-without-sequence-privilege"):
        assert findings(db18, rule) == ()


def test_many_of_a_schema_are_told_once(db18: psycopg.Connection) -> None:
    for n in range(5):
        db18.execute(
            f"CREATE SEQUENCE of_t{n}; CREATE TABLE t{n} (id int PRIMARY KEY DEFAULT nextval('of_t{n}'))".encode()
        )
    assert findings(db18, "sequence-larger-than-column") == ()  # dumps from before version 10 are so throughout
    (unowned,) = findings(db18, "sequence-without-owner")
    assert (unowned.object, len(unowned.remedy)) == ("public", 5)
    db18.execute("SELECT setval('of_t3', 1000000000)")
    assert [f.object for f in findings(db18, "sequence-larger-than-column")] == ["public.t3.id"]


def test_one_sequence_among_many_is_larger_than_its_column(db18: psycopg.Connection) -> None:
    db18.execute(";".join(f"CREATE TABLE t{n} (id serial PRIMARY KEY)" for n in range(9)).encode())
    sql = "CREATE SEQUENCE of_t; CREATE TABLE t (id int PRIMARY KEY DEFAULT nextval('of_t'))"
    assert [f.object for f in findings(db18, "sequence-larger-than-column", sql)] == ["public.t.id"]


def test_tables_without_a_key_are_told_once_from_five_on(db18: psycopg.Connection) -> None:
    plain = ";".join(f"CREATE TABLE t{n} (a int)" for n in range(4))
    assert len(findings(db18, "table-without-primary-key", plain)) == 4
    (found,) = findings(db18, "table-without-primary-key", "CREATE TABLE t4 (a int)")
    assert (found.object, found.severity, len(found.evidence)) == ("public", Severity.WARNING, 5)


def test_roles_get_the_sequence_by_way_of_a_group(db18: psycopg.Connection) -> None:
    db18.execute("CREATE ROLE of_clerks; CREATE ROLE of_clerks_clerk IN ROLE of_clerks; CREATE ROLE of_clerks_guest")
    try:
        db18.execute("""CREATE TABLE bill (id serial PRIMARY KEY);
                        GRANT INSERT ON bill TO of_clerks_clerk, of_clerks_guest;
                        GRANT USAGE ON SEQUENCE bill_id_seq TO of_clerks""")
        (found,) = findings(db18, "insert-without-sequence-privilege")
        assert "of_clerks_guest," in found.message
        assert "of_clerks_clerk" not in found.message
    finally:
        db18.execute("DROP TABLE bill; DROP ROLE of_clerks_clerk, of_clerks_guest, of_clerks")


def test_each_circle_is_told_once_and_nothing_that_hangs_on_it(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE alone (id int PRIMARY KEY);"
    for one, other in (("a", "b"), ("c", "d")):
        sql += f"""CREATE TABLE {one} (id int PRIMARY KEY, o int NOT NULL, s int REFERENCES {one});
                   CREATE TABLE {other} (id int PRIMARY KEY, o int NOT NULL REFERENCES {one});
                   ALTER TABLE {one} ADD FOREIGN KEY (o) REFERENCES {other};"""
    sql += "CREATE TABLE e (id int PRIMARY KEY, a int NOT NULL REFERENCES a, c int NOT NULL REFERENCES c);"
    found = findings(db18, "circular-required-reference", sql)
    assert {f.object for f in found} == {"public.a.a_o_fkey", "public.c.c_o_fkey"}
    for finding in found:
        for change in finding.remedy:
            run_all(db18, change)
    assert findings(db18, "circular-required-reference") == ()


def test_types_of_references(db18: psycopg.Connection) -> None:
    sql = """
        CREATE DOMAIN nr AS int; CREATE DOMAIN small_nr AS nr;
        CREATE TABLE p (id nr PRIMARY KEY, n numeric UNIQUE, code varchar(8) UNIQUE);
        CREATE TABLE same (id int PRIMARY KEY, p_id small_nr REFERENCES p);
        CREATE TABLE large (id int PRIMARY KEY, p_id bigint REFERENCES p, q_id bigint REFERENCES p);
        CREATE TABLE unlike (id int PRIMARY KEY, n int REFERENCES p (n), code varchar(4) REFERENCES p (code));
    """
    found = {f.object: f for f in findings(db18, "foreign-key-of-another-type", sql)}
    assert found.keys() == {"public.p.id", "public.unlike.n", "public.unlike.code"}
    assert found["public.p.id"].severity is Severity.INFO
    assert measured(found["public.p.id"]).keys() >= {"public.large.p_id", "public.large.q_id"}


SOFT = """
    CREATE TABLE member (id int PRIMARY KEY, email text NOT NULL, deleted_at timestamptz, UNIQUE (email, deleted_at));
    INSERT INTO member VALUES (1, 'a', NULL), (2, 'a', NULL), (3, 'a', now()), (4, 'b', NULL);
"""


def test_live_rows_that_no_unique_key_keeps_apart(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "unique-key-over-nullable-column", SOFT)
    assert (found.severity, found.remedy) == (Severity.ERROR, ())
    assert measured(found)["duplicates among them"] == 1
    db18.execute("DELETE FROM member WHERE id = 2")
    (found,) = findings(db18, "unique-key-over-nullable-column")
    assert (found.severity, len(found.remedy)) == (Severity.WARNING, 1)
    db18.execute("CREATE UNIQUE INDEX ON member (email) WHERE deleted_at IS NULL")
    assert findings(db18, "unique-key-over-nullable-column") == ()


@pytest.mark.parametrize(
    "columns",
    [
        # one of two parents, each with its own key
        "a int REFERENCES p, b int REFERENCES p, name text NOT NULL, UNIQUE (a, name), UNIQUE (b, name)",
        # the number that the other system gives later
        "p int NOT NULL REFERENCES p, external_nr text, UNIQUE (p, external_nr)",
        # a link
        "p int REFERENCES p, q int NOT NULL REFERENCES p, UNIQUE (p, q)",
        "p int REFERENCES p CHECK (p IS NOT NULL), name text NOT NULL, UNIQUE (p, name)",
    ],
)
def test_unique_keys_that_may_have_an_empty_part(db18: psycopg.Connection, columns: str) -> None:
    sql = f"CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY, {columns});"
    assert findings(db18, "unique-key-over-nullable-column", sql) == ()


def test_halves_of_a_reference_to_several_tables(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TYPE kind AS ENUM ('post', 'photo');
        CREATE TABLE post (id int PRIMARY KEY); CREATE TABLE photo (id int PRIMARY KEY);
        CREATE TABLE mark (id int PRIMARY KEY, about_kind kind, about_id int, badge_type text, badge_id text);
        INSERT INTO mark VALUES (1, 'post', 3), (2, NULL, 4), (3, NULL, 5), (4, 'photo', NULL);
        ANALYZE;
    """
    (found,) = findings(db18, "half-filled-polymorphic-reference", sql)
    assert (found.object, found.severity, found.remedy) == ("public.mark.about_id", Severity.ERROR, ())
    evidence = measured(found)
    assert (evidence["rows with an id and no kind"], evidence["rows with a kind and no id"]) == (2, 1)


def test_references_by_half(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE room (building text, nr int, PRIMARY KEY (building, nr));
        CREATE TABLE meeting (id int PRIMARY KEY, b text, nr int, FOREIGN KEY (b, nr) REFERENCES room);
        INSERT INTO meeting VALUES (1, 'nowhere', NULL), (2, NULL, 7), (3, NULL, NULL);
    """
    (found,) = findings(db18, "foreign-key-with-optional-part", sql)
    assert (found.severity, found.remedy) == (Severity.WARNING, ())
    assert measured(found)["rows with a part of them"] == 2


def test_checks_of_domains(db18: psycopg.Connection) -> None:
    sql = """CREATE DOMAIN state AS text CONSTRAINT listed CHECK (VALUE IN ('a', NULL));
             CREATE DOMAIN amount AS int; ALTER DOMAIN amount ADD CONSTRAINT positive CHECK (VALUE > 0) NOT VALID;"""
    (found,) = findings(db18, "check-that-accepts-all", sql)
    assert found.object == "public.state.listed"
    (found,) = findings(db18, "not-valid-constraint")
    assert found.object == "public.amount.positive"


def test_not_null_said_twice(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (id int PRIMARY KEY, a int NOT NULL CONSTRAINT left_over CHECK (a IS NOT NULL), b int);"
    (found,) = findings(db18, "redundant-check", sql)
    assert found.object == "public.t.left_over"
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "redundant-check") == ()


def test_foreign_keys_that_say_the_same_and_act_otherwise(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
             CREATE TABLE t (id int PRIMARY KEY, x int, y int, CONSTRAINT one FOREIGN KEY (x, y) REFERENCES p (a, b),
                             CONSTRAINT two FOREIGN KEY (y, x) REFERENCES p (b, a) ON DELETE CASCADE);"""
    (found,) = findings(db18, "duplicate-foreign-key", sql)
    assert (found.object, found.remedy) == ("public.t.two", ())


def test_keys_of_partitions_and_heirs(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE log (line text); CREATE TABLE log_1 () INHERITS (log); CREATE TABLE log_2 () INHERITS (log);
        CREATE TABLE e (id int NOT NULL, day date) PARTITION BY RANGE (day);
        CREATE TABLE e1 PARTITION OF e (PRIMARY KEY (id)) FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE TABLE e2 PARTITION OF e FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
    """
    assert {f.object for f in findings(db18, "table-without-primary-key", sql)} == {"public.log", "public.e"}


@pytest.mark.parametrize(("check", "says"), [
    ("true", "holds for every row"), ("a > 0 OR 1 = 1", "holds for every row"),
    ("b IS NULL OR b IS NOT NULL", "holds for every row"), ("a = NULL", "compares with NULL"),
    ("a IS NULL OR b IS NOT NULL", None), ("b = 'true'", None), ("a = 1 OR a = 2", None), ("flag IS NOT true", None),
])  # fmt: skip
def test_checks_that_refuse_nothing(db18: psycopg.Connection, check: str, says: str | None) -> None:
    db18.execute(f"CREATE TABLE t (id int PRIMARY KEY, a int, b text, flag boolean, CHECK ({check}))".encode())
    found = findings(db18, "check-that-accepts-all")
    assert [says in f.message for f in found if says] == ([True] if says else [])
    assert bool(found) is (says is not None)


def test_a_cast_around_the_number_changes_nothing(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SEQUENCE nr; CREATE TABLE bill (id int PRIMARY KEY DEFAULT nextval('nr')::int);
        CREATE TABLE small (id smallserial PRIMARY KEY); ALTER TABLE small ALTER id TYPE int;
    """
    (larger,) = findings(db18, "sequence-larger-than-column", sql)
    (smaller,) = findings(db18, "sequence-smaller-than-column")
    assert (larger.object, smaller.object) == ("public.bill.id", "public.small.id")
    for change in smaller.remedy:
        run_all(db18, change)
    assert findings(db18, "sequence-smaller-than-column") == ()


def test_who_else_may_draw_from_a_sequence(db18: psycopg.Connection) -> None:
    """One that is not named after its table may feed others, where there are such without numbers of their own."""
    sql = "CREATE SEQUENCE numbers; CREATE TABLE bill (id bigint PRIMARY KEY DEFAULT nextval('numbers'));"
    assert [f.object for f in findings(db18, "sequence-without-owner", sql)] == ["public.numbers"]
    assert findings(db18, "sequence-without-owner", "CREATE TABLE letter (id bigint PRIMARY KEY)") == ()


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [
        ("a > b", "b < a", 1),
        ("a >= 0", "a >= 0 OR a IS NULL", 1),
        ("a > 0 AND b > 0", "b > 0 AND a > 0", 1),
        ("a = b", "b = a", 1),
        ("a > b", "a < b", 0),
        ("a >= 0", "a >= 0 OR b IS NULL", 0),
        ("a - b > 0", "b - a > 0", 0),
    ],
)
def test_checks_that_refuse_the_same(db18: psycopg.Connection, one: str, other: str, found: int) -> None:
    sql = f"CREATE TABLE t (id int PRIMARY KEY, a int, b int, CHECK ({one}), CHECK ({other}))"
    assert len(findings(db18, "redundant-check", sql)) == found


def test_a_sequence_that_is_looked_up_by_name_each_time(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SEQUENCE number;
        CREATE TABLE sale (id int PRIMARY KEY DEFAULT nextval('public.number'::text::regclass));
    """
    (found,) = findings(db18, "sequence-larger-than-column", sql)
    assert found.object == "public.sale.id"
