"""The whole audit of databases that keep things from it: it ends in time, says who or what it was, sets nothing off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from audit.looking import looked, objects_of, of_schema, roles, skipped, written
from conftest import dsn, fresh_database
from pgrefit.api import observing
from pgrefit.api.auditing import audit
from pgrefit.errors import LockNotGranted
from pgrefit.observe import questions
from pgrefit.observe.budget import ScanBudget
from pgrefit.pg import connect
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target

ORDERS = """
CREATE TABLE customer (id int PRIMARY KEY, email text);
CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total text, status text, extra json);
INSERT INTO customer SELECT n, 'a' || n || '@x.de' FROM generate_series(1, 300) AS n;
INSERT INTO orders SELECT n, n % 300 + 1, '1.5', CASE WHEN n % 2 = 0 THEN 'open' ELSE 'done' END, '{}'
    FROM generate_series(1, 600) AS n;
ANALYZE
"""


@pytest.fixture
def orders(db18: psycopg.Connection) -> psycopg.Connection:
    db18.execute(ORDERS.encode())
    return db18


def target(db: psycopg.Connection, **more: str) -> Target:
    return Target(dsn=make_conninfo(dsn(db), **more), source="a test")


@contextmanager
def locking(db: psycopg.Connection, catalog: str) -> Iterator[psycopg.Connection]:
    """Another session that holds what VACUUM FULL takes."""
    with psycopg.connect(dsn(db), application_name="the vacuum") as other:
        other.execute(f"LOCK TABLE pg_catalog.{catalog}".encode())
        yield other
        other.rollback()


@pytest.mark.parametrize("catalog", ["pg_class", "pg_proc", "pg_statistic", "pg_depend"])
def test_a_locked_catalog_ends_it_and_says_who(db18: psycopg.Connection, catalog: str, monkeypatch) -> None:
    monkeypatch.setattr(connect, "CONNECT_TIMEOUT_SECONDS", 2)
    began = time.monotonic()
    with locking(db18, catalog) as other, pytest.raises(LockNotGranted) as caught:
        pid = other.info.backend_pid
        audit(target(db18))
    assert time.monotonic() - began < 8
    assert f"the system catalog {catalog} is locked by pid {pid} (postgres, the vacuum)" in caught.value.what
    assert caught.value.exit_status == 5


def test_a_catalog_that_is_locked_meanwhile_stops_the_reading(orders: psycopg.Connection, monkeypatch) -> None:
    monkeypatch.setattr(questions, "LOCK_WAIT_MS", 100)
    monkeypatch.setattr(observing, "Purse", lambda *rest: questions.Purse(*rest, patience=0.3))
    ask = observing.answer_within
    with psycopg.connect(dsn(orders), application_name="the vacuum") as other:

        def asking(*arguments: object) -> object:
            other.execute("LOCK TABLE pg_catalog.pg_class")
            return ask(*arguments)

        monkeypatch.setattr(observing, "answer_within", asking)
        began = time.monotonic()
        report = audit(target(orders)).report
        assert time.monotonic() - began < 8
        other.rollback()
    (reason,) = set().union(*skipped(report).values())
    assert "the system catalog pg_class is locked by pid" in reason
    assert "json-instead-of-jsonb" in {finding.rule for finding in report.findings}


DAMAGED = """
CREATE FUNCTION gone() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION gone_too(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
CREATE VIEW broken AS SELECT gone() AS n;
CREATE VIEW over_broken AS SELECT n FROM broken;
CREATE TABLE defaulted (id int PRIMARY KEY, n int DEFAULT gone(), total text);
CREATE TABLE indexed (id int PRIMARY KEY, n int, CHECK (gone_too(n) > 0));
CREATE INDEX ON indexed (gone_too(n));
CREATE TABLE part (id int) PARTITION BY RANGE (id);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (1) TO (9);
ALTER TABLE part_1 ALTER id SET DEFAULT gone();
CREATE FUNCTION calls() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT gone(); END;
DELETE FROM pg_proc WHERE proname IN ('gone', 'gone_too');
"""


def test_what_the_server_cannot_print_is_left_out(db: psycopg.Connection) -> None:
    db.execute(ORDERS.encode())
    whole = of_schema(looked(db).report)
    db.execute(DAMAGED.encode())
    report = looked(db).report
    missed = {about for about, why in skipped(report).items() if any("cache lookup failed" in each for each in why)}
    assert missed == {f"public.{name}" for name in ("broken", "defaulted", "indexed", "part", "calls()")}
    assert of_schema(report) >= whole
    assert "the server cannot print its definition: cache lookup failed for function" in written(report)


def test_a_library_that_is_gone(cluster15: Cluster) -> None:
    with fresh_database(cluster15) as db:
        db.execute(ORDERS.encode())
        db.execute(
            """
            CREATE EXTENSION hstore;
            CREATE TABLE tagged (id int PRIMARY KEY, tags hstore, total text);
            CREATE TABLE defaulted (id int PRIMARY KEY, tags hstore DEFAULT 'a=>1');
            CREATE VIEW shown AS SELECT tags -> 'a' AS a FROM tagged WHERE tags <> 'b=>2';
            INSERT INTO tagged SELECT n, 'a=>1', '1.5' FROM generate_series(1, 200) AS n;
            ANALYZE;
            UPDATE pg_proc SET probin = '$libdir/gone' WHERE probin LIKE '%hstore'
            """
        )
        report = looked(db).report
    missed = {about for about, why in skipped(report).items() if any("cannot print" in each for each in why)}
    assert missed == {"public.defaulted", "public.shown"}
    assert objects_of(report, "typed-values-in-text") == {"public.orders.total", "public.tagged.total"}
    assert "could not access file" in written(report)


ACTING = """
CREATE SEQUENCE drawn;
CREATE FUNCTION acts(int) RETURNS int LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_lock(42); PERFORM nextval('public.drawn'); RETURN 1; END $$;
CREATE TABLE acted (id int PRIMARY KEY DEFAULT acts(1), total text, extra json);
INSERT INTO acted SELECT n, '1.5' FROM generate_series(1, 300) AS n;
ALTER TABLE acted ADD CHECK (acts(id) > 0) NOT VALID;
CREATE VIEW acting AS SELECT acts(id) AS did, 1 / (id - 5) AS by_zero, id, total FROM acted;
CREATE DOMAIN picky AS int CHECK (acts(VALUE) > 0);
CREATE TABLE picked (id int PRIMARY KEY, n picky);
ALTER TABLE acted ENABLE ROW LEVEL SECURITY;
CREATE POLICY chosen ON acted USING (acts(id) > 0);
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
"""


def test_functions_that_do_something_are_not_called(db: psycopg.Connection) -> None:
    db.execute(ACTING.encode())
    with roles(db, "a reader"):
        found, bound = looked(db).report, looked(db, "a reader").report
    assert objects_of(found, "typed-values-in-text") == {"public.acted.total"}
    assert "it calls public.acts, which is volatile: it may do more than compute" in skipped(found)["public.acted"]
    assert db.execute("SELECT is_called FROM drawn").fetchone() == (False,)
    assert any("row-level security" in reason for reason in skipped(bound)["public.acted"])
    assert not db.execute("SELECT FROM pg_locks WHERE locktype = 'advisory'").fetchall()


SETTINGS = {
    "statement_timeout": "'1ms'", "lock_timeout": "'1ms'", "idle_session_timeout": "'100ms'",
    "idle_in_transaction_session_timeout": "'100ms'", "default_transaction_isolation": "serializable",
    "default_transaction_deferrable": "on", "search_path": "nowhere", "standard_conforming_strings": "off",
    "datestyle": "'German, DMY'", "intervalstyle": "sql_standard", "extra_float_digits": "-15",
    "bytea_output": "escape", "row_security": "off", "client_encoding": "LATIN1", "array_nulls": "off",
    "quote_all_identifiers": "on", "timezone": "'Asia/Tokyo'", "client_min_messages": "debug5",
}  # fmt: skip


def test_what_a_role_has_set_changes_nothing(db: psycopg.Connection) -> None:
    db.execute(ORDERS.encode())
    own = {"transaction_timeout": "'100ms'"} if db.info.server_version >= 170000 else {}
    whole = of_schema(looked(db).report)
    with roles(db, "setter"):
        db.execute("ALTER ROLE setter SUPERUSER")
        for name, value in (SETTINGS | own).items():
            db.execute(f"ALTER ROLE setter SET {name} = {value}".encode())
        found = looked(db, "setter").report
    assert of_schema(found) == whole
    assert not skipped(found)


def test_a_role_that_may_connect_once(orders: psycopg.Connection) -> None:
    with roles(orders, "single"):
        orders.execute("ALTER ROLE single CONNECTION LIMIT 1; GRANT SELECT ON ALL TABLES IN SCHEMA public TO single")
        for _ in range(3):
            report = audit(target(orders, user="single"), personas=["single"]).report
            assert objects_of(report, "typed-values-in-text") == {"public.orders.total"}
            assert {reach.rows for reach in report.access if reach.command == "select"} == {300, 600}


def test_a_server_that_keeps_its_statistics_to_itself(orders: psycopg.Connection) -> None:
    with roles(orders, "outsider"):
        orders.execute("REVOKE SELECT ON pg_stats FROM PUBLIC; REVOKE SELECT ON pg_available_extensions FROM PUBLIC")
        orders.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO outsider")
        report = looked(orders, "outsider").report
        frugal = audit(target(orders, user="outsider"), budget=ScanBudget(bytes=10_000)).report
    reasons = {each.about: each.reason for each in report.unseen}
    assert reasons["statistics"] == "permission denied for view pg_stats"
    assert reasons["the server"] == "permission denied for view pg_available_extensions"
    assert report.of("json-instead-of-jsonb")
    assert set().union(*skipped(frugal).values()) == {"no sizes are known, and the bytes that are read are to be few"}


def test_a_session_begins_as_a_standby_allows(db18: psycopg.Connection) -> None:
    db18.execute(f"ALTER DATABASE {db18.info.dbname} SET default_transaction_isolation = serializable".encode())
    with connect.open_observer(dsn(db18)) as seen:
        assert seen.execute("SHOW transaction_isolation").fetchone() == ("read committed",)


def test_a_file_of_answers_holds_no_texts_where_values_are_masked(orders: psycopg.Connection, tmp_path: Path) -> None:
    for redact, known in ((True, False), (False, True)):
        audit(target(orders), answers=tmp_path / "answers", redact=redact)
        kept = (tmp_path / "answers").read_text()
        assert ("done" in kept) is known


def test_a_disk_that_is_full_costs_the_answers_and_not_the_report(orders: psycopg.Connection, tmp_path: Path) -> None:
    there = tmp_path / "answers"
    there.symlink_to("/dev/full")
    report = audit(target(orders), answers=there).report
    assert report.findings
    assert any("No space left" in unseen.reason for unseen in report.unseen)
