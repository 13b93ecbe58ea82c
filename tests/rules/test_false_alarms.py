"""What looks like a defect on public schemas and is none, or is not known well enough to be mended without asking."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Severity
from pgrefit.model.sql_tree import is_readable
from rules.observing import counted_for, findings, observe, report

USERS = """
    CREATE TABLE users (id int PRIMARY KEY);
    INSERT INTO users SELECT generate_series(1, 30);
    CREATE TABLE teams (id int PRIMARY KEY, owner_id int NOT NULL REFERENCES users);
    INSERT INTO teams SELECT n, n FROM generate_series(1, 30) AS n;
"""


def test_a_name_alone_is_no_reason_to_add_a_foreign_key(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "missing-foreign-key", f"{USERS} CREATE TABLE note (id int PRIMARY KEY, user_id int);")
    assert found.object == "public.note.user_id"
    assert (found.severity, found.remedy) == (Severity.INFO, ())


@pytest.mark.parametrize(
    "sql",
    [
        # a table of another schema that happens to have the name
        "CREATE TABLE auth.sessions (id int PRIMARY KEY); CREATE TABLE chat (id int PRIMARY KEY, session_id int);",
        # its own key, named after the last word of its table
        "CREATE TABLE form_session (session_id text PRIMARY KEY); CREATE TABLE ui_session (session_id text, uri text);",
        # a name, which nobody calls an id
        "CREATE TABLE realm (no int, id int, name text UNIQUE, PRIMARY KEY (no, id)); CREATE TABLE a (realm_id text);",
        # a list
        "CREATE TABLE events (event_id text PRIMARY KEY); CREATE TABLE receipts (id int PRIMARY KEY, event_ids text);",
        # a tree that could never begin
        "CREATE TABLE cause (id uuid PRIMARY KEY, parent_id uuid NOT NULL UNIQUE);",
        # a code of its own
        "CREATE TABLE ttd (id int PRIMARY KEY, ttd_id int);",
    ],
)
def test_names_that_are_alike_by_chance(db18: psycopg.Connection, sql: str) -> None:
    assert findings(db18, "missing-foreign-key", f"CREATE SCHEMA auth; {sql}") == ()


def test_small_numbers_in_few_rows_are_keys_of_anything(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE power_users (id int PRIMARY KEY); INSERT INTO power_users SELECT generate_series(1, 9);
             CREATE TABLE note (id int PRIMARY KEY, user_id int);
             INSERT INTO note SELECT n, n FROM generate_series(1, 5) AS n; ANALYZE;"""
    (found,) = findings(db18, "missing-foreign-key", sql)
    assert (found.severity, found.remedy) == (Severity.INFO, ())
    db18.execute("INSERT INTO note SELECT n, n % 9 + 1 FROM generate_series(6, 60) AS n")
    (found,) = findings(db18, "missing-foreign-key")
    assert (found.severity, len(found.remedy)) == (Severity.WARNING, 2)


@pytest.mark.parametrize(
    ("rows", "empty"),
    [
        (60, "false"),  # too few to tell
        (500, "n % 10 = 0"),  # one in ten has none, and nothing else tells it
    ],
)
def test_references_that_may_well_be_optional(db18: psycopg.Connection, rows: int, empty: str) -> None:
    sql = f"""{USERS} CREATE TABLE note (id int PRIMARY KEY, reviewer int REFERENCES users);
              INSERT INTO note SELECT n, CASE WHEN NOT ({empty}) THEN n % 30 + 1 END
              FROM generate_series(1, {rows}) AS n; ANALYZE;"""
    assert findings(db18, "nullable-required-reference", sql) == ()


SHOP = """
    CREATE TABLE film (id int PRIMARY KEY, title text, year int, studio int);
    INSERT INTO film SELECT n, 'film ' || n, 1900 + n % 100, n % 7 FROM generate_series(1, 2000) AS n;
    CREATE INDEX film_title ON film (title);
    ANALYZE;
"""


def test_counters_that_are_young_condemn_no_index(db18: psycopg.Connection) -> None:
    db18.execute(SHOP.encode())
    (young,), (old,) = counted_for(db18, "unused-index", days=2), counted_for(db18, "unused-index", days=30)
    assert (young.severity, young.remedy) == (Severity.INFO, ())
    assert (old.severity, len(old.remedy)) == (Severity.WARNING, 1)


def test_a_new_server_has_not_counted_for_long(db18: psycopg.Connection) -> None:
    db18.execute(SHOP.encode())
    assert not any(f.remedy for f in findings(db18, "unused-index"))


def test_an_index_of_a_small_table_is_not_worth_a_word(db18: psycopg.Connection) -> None:
    db18.execute(SHOP.replace("2000", "50").encode())
    assert counted_for(db18, "unused-index", days=30) == ()


def test_one_of_two_indexes_that_serve_a_foreign_key_stays(db18: psycopg.Connection) -> None:
    """One of them goes as a duplicate; were both unused, none would be left."""
    db18.execute(f"{SHOP} CREATE TABLE studio (id int PRIMARY KEY); INSERT INTO studio SELECT generate_series(0, 6);"
                 " ALTER TABLE film ADD FOREIGN KEY (studio) REFERENCES studio; DROP INDEX film_title;"
                 " CREATE INDEX one ON film (studio); CREATE INDEX two ON film (studio);".encode())  # fmt: skip
    assert counted_for(db18, "unused-index", days=30) == ()
    assert len(report(db18).of("duplicate-index")) == 1


def test_what_takes_the_place_of_a_used_index_is_needed(db18: psycopg.Connection) -> None:
    """The shorter one is read, and goes as redundant: then the longer one serves."""
    db18.execute(f"{SHOP} CREATE INDEX film_title_year ON film (title, year);".encode())
    db18.execute("SELECT count(*) FROM film WHERE title = 'film 7'; SELECT pg_stat_force_next_flush()")
    objects = {f.object for f in counted_for(db18, "unused-index", days=30)}
    (shorter,) = report(db18).of("redundant-index")
    assert shorter.object == "public.film_title"
    assert "public.film_title_year" not in objects


def test_statements_that_write_look_rows_up_too(db18: psycopg.Connection, tmp_path: Path) -> None:
    db18.execute(SHOP.encode())
    path = tmp_path / "workload.sql"
    path.write_text("-- name: years\nSELECT count(*) FROM film;\n")
    assert [f.object for f in counted_for(db18, "unused-index", days=1, workload=path)] == ["public.film_title"]
    path.write_text(path.read_text() + "-- name: forget\nDELETE FROM film WHERE title = 'film 7';\n")
    assert counted_for(db18, "unused-index", days=1, workload=path) == ()


def test_roles_that_bypass_row_security_are_not_shut_out(db18: psycopg.Connection) -> None:
    db18.execute("CREATE ROLE robot BYPASSRLS; CREATE ROLE visitor")
    try:
        db18.execute("CREATE TABLE audit_log (id int PRIMARY KEY); ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;"
                     " GRANT SELECT ON audit_log TO robot")  # fmt: skip
        assert not findings(db18, "row-security-without-policy")
        db18.execute("GRANT SELECT ON audit_log TO visitor")
        (found,) = findings(db18, "row-security-without-policy")
        assert found.severity is Severity.WARNING
    finally:
        db18.execute("DROP TABLE audit_log; DROP ROLE robot, visitor")


def test_timestamps_are_told_once_a_table(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE log (id int PRIMARY KEY, begun timestamp, ended timestamp(3), day date);"
    (found,) = findings(db18, "timestamp-without-time-zone", sql)
    assert found.object == "public.log"
    assert [e.measure for e in found.evidence] == ["begun", "ended"]


def test_sql_that_is_too_deep_for_a_tree_is_passed_over(db18: psycopg.Connection, tmp_path: Path) -> None:
    deep = "x" + "".join(f" + {n})" for n in range(600))
    condition = f"{'(' * 600}{deep} > 0"
    db18.execute(
        f"""
        CREATE TABLE t (x int PRIMARY KEY, y int CHECK ({condition.replace("x", "y")}));
        CREATE INDEX ON t (y) WHERE {condition};
        ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING ({condition});
        CREATE TABLE u (x int REFERENCES t);
    """.encode()
    )
    assert not is_readable(condition)
    path = tmp_path / "workload.sql"
    path.write_text(f"-- name: deep\nSELECT * FROM t WHERE {condition};\n")
    assert audit.run(observe(db18, workload=path)).crashed == ()


def test_a_server_of_today_condemns_no_index(db18: psycopg.Connection) -> None:
    db18.execute(SHOP.encode())
    assert counted_for(db18, "unused-index", days=0) == ()


def test_an_index_that_another_makes_needless_is_told_once(db18: psycopg.Connection) -> None:
    db18.execute(f"{SHOP} CREATE INDEX film_title_year ON film (title, year);".encode())
    assert [f.object for f in counted_for(db18, "unused-index", days=30)] == ["public.film_title_year"]
    assert len(report(db18).of("redundant-index")) == 1


@pytest.mark.parametrize(
    ("index", "reads"),
    [
        ("USING hash (a)", "all rows of the same a"),
        ("(b, id)", "all rows of the same b"),
        ("(id, a)", "the whole table"),
        ("(a) WHERE id > 5", "the whole table"),
    ],
)
def test_an_index_on_a_part_of_a_foreign_key_is_of_some_use(db18: psycopg.Connection, index: str, reads: str) -> None:
    sql = f"""CREATE TABLE p (a int, b int, PRIMARY KEY (a, b));
              CREATE TABLE c (id int PRIMARY KEY, a int, b int, FOREIGN KEY (a, b) REFERENCES p);
              CREATE INDEX ON c {index};"""
    (found,) = findings(db18, "foreign-key-without-index", sql)
    assert found.message.endswith(f"so a DELETE on public.p reads {reads}")
