"""What each role reaches, against what becomes of its statements."""

import time
from collections.abc import Iterator

import psycopg
import pytest

from conftest import dsn
from pgrefit.model.access import Persona, Reach
from pgrefit.model.names import Relation
from pgrefit.observe.access import reach
from pgrefit.observe.personas import personas
from pgrefit.observe.snapshot import take_snapshot

ROLES = ("access_owner", "access_reader", "access_writer", "access_group", "access_partial", "access_bypass",
         "access_apart")  # fmt: skip
SETUP = """
CREATE SCHEMA app; CREATE SCHEMA hidden;
CREATE TABLE app.note (id int PRIMARY KEY, owner text, public boolean, body text);
CREATE TABLE app."open {x} %s" (id int);
CREATE TABLE hidden.secret (id int);
INSERT INTO app.note
    SELECT n, CASE n % 3 WHEN 0 THEN 'ann' WHEN 1 THEN 'bob' END, n % 2 = 0, 'x' FROM generate_series(1, 60) AS n;
INSERT INTO app."open {x} %s" SELECT generate_series(1, 7);
ALTER TABLE app.note OWNER TO access_owner;
ALTER TABLE app.note ENABLE ROW LEVEL SECURITY;
CREATE POLICY reads ON app.note FOR SELECT USING (public OR owner = current_setting('app.who', true));
CREATE POLICY writes ON app.note FOR UPDATE TO access_group USING (owner = current_setting('app.who', true));
CREATE POLICY adds ON app.note FOR INSERT TO access_group WITH CHECK (owner = current_setting('app.who', true));
CREATE POLICY young ON app.note AS RESTRICTIVE FOR UPDATE USING (id > 20);
CREATE POLICY others ON app.note FOR DELETE TO access_reader
    USING (EXISTS (SELECT FROM app."open {x} %s" AS o WHERE o.id = note.id));
GRANT USAGE ON SCHEMA app TO PUBLIC;
GRANT SELECT ON app.note, app."open {x} %s", hidden.secret TO PUBLIC;
GRANT UPDATE, INSERT ON app.note TO access_group; GRANT DELETE ON app.note TO access_reader;
GRANT UPDATE (body) ON app.note TO access_partial; REVOKE ALL ON app."open {x} %s" FROM PUBLIC;
GRANT UPDATE ON app.note TO access_bypass, access_apart; GRANT SELECT ON app."open {x} %s" TO access_reader
"""
STATEMENTS = {
    "select": "SELECT id FROM {}",
    "update": "UPDATE {} SET body = 'y' WHERE id > 0 RETURNING id",
    "delete": "DELETE FROM {} WHERE id > 0 RETURNING id",
}


@pytest.fixture
def app(db18: psycopg.Connection) -> Iterator[psycopg.Connection]:
    for role in ROLES:
        db18.execute(f"CREATE ROLE {role}")
    db18.execute("ALTER ROLE access_bypass BYPASSRLS; ALTER ROLE access_apart NOINHERIT")
    db18.execute("GRANT access_group TO access_writer, access_apart")
    db18.execute(SETUP)
    yield db18
    db18.execute("DROP SCHEMA app, hidden CASCADE")
    for role in ROLES:
        db18.execute(f"DROP ROLE {role}")


def really(conn: psycopg.Connection, persona: Persona, table: str, command: str) -> int | None:
    """How many rows the statement reaches; None where it is refused."""
    with conn.transaction(force_rollback=True):
        conn.execute(f"SET LOCAL ROLE {persona.role}")
        for name, value in persona.settings:
            conn.execute("SELECT set_config(%s, %s, true)", (name, value))
        try:
            return len(conn.execute(STATEMENTS[command].format(table)).fetchall())
        except psycopg.errors.InsufficientPrivilege:
            return None


def test_reaches_what_its_statements_reach(app) -> None:
    db = take_snapshot(app)
    asked = [Persona(role, settings) for role in ROLES for settings in ((), (("app.who", "ann"),))]
    found = {(r.persona, str(r.table), r.command): r for r in reach(app, db, asked, runtime_ms=5000)}
    for persona in asked:
        for command in STATEMENTS:
            cell = found[str(persona), "app.note", command]
            assert cell.rows == really(app, persona, "app.note", command), cell
            assert cell.of == 60


def cells(app, role: str, **settings: str) -> dict[tuple[str, str], Reach]:
    persona = Persona(role, tuple((name.replace("__", "."), value) for name, value in settings.items()))
    return {(r.table.name, r.command): r for r in reach(app, take_snapshot(app), [persona], runtime_ms=5000)}


def test_says_why_not(app) -> None:
    found = cells(app, "access_reader")
    assert found["secret", "select"].refused == "may not use schema hidden"
    assert found["note", "insert"].refused == "no privilege"
    assert cells(app, "access_partial")["note", "update"].privilege == "some columns"
    assert cells(app, "access_partial")["note", "update"].rows == 0


def test_says_which_rows_may_be_added(app) -> None:
    found = cells(app, "access_writer")
    assert "owner = current_setting('app.who'" in found["note", "insert"].condition
    assert (cells(app, "access_owner")["note", "insert"].refused, found["note", "insert"].refused) == ("", "")


def test_nothing_is_changed_and_no_role_stays_on(app) -> None:
    cells(app, "access_writer", app__who="ann")
    assert app.execute("SELECT current_user = session_user, count(*) FROM app.note WHERE body = 'x'").fetchone() == (
        True,
        60,
    )


def test_roles_that_hold_something(app) -> None:
    named = {persona.role for persona in personas(take_snapshot(app))}
    assert set(ROLES) <= named
    assert "postgres" not in named


def test_of_a_table_that_takes_too_long_it_says_so(app) -> None:
    app.execute("CREATE FUNCTION app.slow() RETURNS boolean LANGUAGE sql AS 'SELECT pg_sleep(5) IS NULL'")
    app.execute("ALTER POLICY reads ON app.note USING (app.slow())")
    (cell,) = [
        r for r in reach(app, take_snapshot(app), [Persona("access_reader")], runtime_ms=200)
        if (r.table, r.command) == (Relation("app", "note"), "select")
    ]  # fmt: skip
    assert (cell.rows, cell.refused) == (None, "canceling statement due to statement timeout")


def test_reads_through_views_count_too(app) -> None:
    app.execute(
        "CREATE VIEW app.all_notes AS SELECT id FROM app.note;"
        "CREATE VIEW app.own_notes WITH (security_invoker) AS SELECT id FROM app.note;"
        "GRANT SELECT, DELETE ON app.all_notes, app.own_notes TO access_reader"
    )
    found = cells(app, "access_reader")
    assert (found["all_notes", "select"].rows, found["own_notes", "select"].rows) == (60, 30)
    assert ("all_notes", "delete") not in found  # that is tried on a copy


def test_a_locked_table_is_asked_once(app) -> None:
    db, who = take_snapshot(app), [Persona(role) for role in ROLES]
    with psycopg.connect(dsn(app)) as other:
        other.execute("LOCK app.note")
        began = time.monotonic()
        found = [r for r in reach(app, db, who, runtime_ms=5000) if r.table == Relation("app", "note")]
        assert time.monotonic() - began < 5
    assert {r.refused for r in found if r.command == "select"} == {"canceling statement due to lock timeout"}


def test_a_partition_may_be_read_past_its_table(app) -> None:
    app.execute(
        "CREATE TABLE app.log (id int, owner text) PARTITION BY LIST (id);"
        "CREATE TABLE app.log_1 PARTITION OF app.log FOR VALUES IN (1);"
        "CREATE TABLE app.log_2 PARTITION OF app.log FOR VALUES IN (2);"
        "INSERT INTO app.log VALUES (1, 'ann'), (1, 'bob'), (2, 'ann');"
        "ALTER TABLE app.log ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY own ON app.log USING (owner = 'bob');"
        "GRANT SELECT ON app.log, app.log_1 TO access_reader"
    )
    found = cells(app, "access_reader")
    assert (found["log", "select"].rows, found["log_1", "select"].rows) == (1, 2)
    assert ("log_2", "select") not in found
