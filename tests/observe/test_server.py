"""The server around a database, as roles of all kinds see it, and from a standby."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from apply.test_control import until
from apply.test_throttle import replica_of
from conftest import dsn
from pgrefit.model.codec import from_json, to_json
from pgrefit.model.server import Server
from pgrefit.observe.server import take_server
from pgrefit.observe.statements import take_statements
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import open_observer

WATCHER, NOBODY = 'Watcher "{0} %s', "nobody at all"
FOR_SUPERUSERS = {"pg_hba.conf", "configuration files", "settings not loaded", "how passwords are stored"}


def look(conn: psycopg.Connection, role: str = "postgres") -> Server:
    with open_observer(make_conninfo(dsn(conn), user=role)) as observer:
        return take_server(observer)


@contextmanager
def roles(conn: psycopg.Connection) -> Iterator[None]:
    """One role of pg_monitor and one without anything."""
    watcher, nobody = sql.Identifier(WATCHER), sql.Identifier(NOBODY)
    conn.execute(sql.SQL("CREATE ROLE {} LOGIN IN ROLE pg_monitor; CREATE ROLE {} LOGIN").format(watcher, nobody))
    try:
        yield
    finally:
        conn.execute(sql.SQL("DROP ROLE {}, {}").format(watcher, nobody))


@contextmanager
def appended(conn: psycopg.Connection, setting: str, text: str) -> Iterator[None]:
    """A configuration file with more lines, which the server does not load."""
    path = Path(str(conn.execute(f"SHOW {setting}".encode()).fetchone()[0]))
    before = path.read_bytes()
    path.write_bytes(before + text.encode())
    try:
        yield
    finally:
        path.write_bytes(before)


def test_a_superuser_sees_all(db: psycopg.Connection) -> None:
    seen = look(db)
    assert seen.unseen == ()
    assert seen.superuser
    assert not seen.in_recovery
    assert seen.version_num == db.info.server_version
    assert seen.started_at < seen.observed_at
    assert seen.is_off("fsync")
    assert seen.is_on("autovacuum")
    assert (seen.setting("work_mem").value, seen.setting("work_mem").unit) == ("4096", "kB")
    assert {(line.kind, line.method) for line in seen.hba} >= {("local", "trust"), ("host", "scram-sha-256")}
    assert seen.hba[0].databases == ("all",)
    assert db.info.backend_pid in {session.pid for session in seen.sessions}
    assert seen.slots == seen.replicas == seen.collations == seen.subscriptions == ()
    assert seen.configuration_errors == seen.unloaded_settings == ()


def test_it_is_the_same_after_a_round_trip_through_json(db: psycopg.Connection) -> None:
    seen = look(db)
    assert from_json(Server, to_json(seen)) == seen


def test_pg_monitor_sees_all_but_access_rules_and_passwords(db: psycopg.Connection) -> None:
    with roles(db):
        seen = look(db, WATCHER)
    assert {one.about for one in seen.unseen} == FOR_SUPERUSERS
    assert all("permission denied" in one.reason for one in seen.unseen)
    assert seen.setting("shared_preload_libraries") is not None
    assert db.info.backend_pid in {session.pid for session in seen.sessions}
    assert seen.hba == ()


def test_a_role_without_privileges_is_told_what_it_does_not_see(db: psycopg.Connection) -> None:
    with roles(db):
        seen = look(db, NOBODY)
    assert {one.about for one in seen.unseen} == FOR_SUPERUSERS | {"sessions, replicas"}
    assert seen.sessions == ()
    assert seen.setting("shared_preload_libraries") is None
    assert seen.is_off("fsync")
    assert seen.xid_age > 0
    assert seen.counters.commits > 0


def test_sessions_and_what_they_hold_back(db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE thing (id int)")
    with psycopg.connect(dsn(db), application_name="shop") as other:
        other.execute("INSERT INTO thing VALUES (1)")
        seen, pid = look(db), other.info.backend_pid
    (session,) = [one for one in seen.sessions if one.pid == pid]
    assert (session.role, session.state, session.local, session.encrypted) == (
        "postgres", "idle in transaction", True, False,
    )  # fmt: skip
    assert session.transaction_seconds >= session.state_seconds >= 0
    (holder,) = [one for one in seen.holders if str(pid) in one.name]
    assert (holder.kind, holder.age >= 1, holder.seconds >= 0) == ("session", True, True)


def test_slots(db: psycopg.Connection) -> None:
    db.execute("SELECT pg_create_physical_replication_slot('standby_1', true)")
    try:
        (slot,) = look(db).slots
    finally:
        db.execute("SELECT pg_drop_replication_slot('standby_1')")
    assert (slot.name, slot.kind, slot.active, slot.temporary, slot.synced) == (
        "standby_1", "physical", False, False, False,
    )  # fmt: skip
    assert slot.retained_bytes >= 0
    assert slot.wal_status == "reserved"
    assert (slot.inactive_since is not None) == (db.info.server_version >= 170000)


def test_collations_whose_library_changed(db: psycopg.Connection) -> None:
    db.execute('CREATE TABLE person (name text COLLATE "C", other text COLLATE "POSIX")')
    db.execute("UPDATE pg_database SET datcollversion = '1.0' WHERE datname = current_database()")
    db.execute("UPDATE pg_collation SET collversion = '2.0' WHERE collname IN ('C', 'ucs_basic')")
    seen = look(db)
    assert [(one.name, one.recorded) for one in seen.collations] == [("", "1.0"), ('pg_catalog."C"', "2.0")]
    assert seen.unseen == ()


def test_subscriptions_that_a_role_without_privileges_sees_too(db: psycopg.Connection) -> None:
    db.execute(
        "CREATE SUBSCRIPTION orders CONNECTION 'dbname=none password=s3cret' PUBLICATION p WITH (connect = false)"
    )
    try:
        with roles(db):
            (seen,), (seen_by_nobody,) = look(db).subscriptions, look(db, NOBODY).subscriptions
    finally:
        db.execute("ALTER SUBSCRIPTION orders SET (slot_name = NONE)")
        db.execute("DROP SUBSCRIPTION orders")
    assert seen == seen_by_nobody
    assert (seen.name, seen.enabled, seen.apply_errors) == ("orders", False, 0)


def test_passwords(db: psycopg.Connection) -> None:
    db.execute("SET password_encryption = 'md5'")
    db.execute("CREATE ROLE old_client LOGIN PASSWORD 'x' VALID UNTIL '2001-02-03 UTC'")
    try:
        seen = look(db)
    finally:
        db.execute("DROP ROLE old_client")
    assert [one.role for one in seen.md5_roles] == ["old_client"]
    assert [(one.role, one.at.year) for one in seen.password_ends] == [("old_client", 2001)]


SETTINGS = """
work_mem = 'lots'
max_connections = 50
deadlock_timeout = 2s
log_line_prefix = 'another '
fsync = FALSE
jit = ON
"""


def test_lines_of_the_files_that_the_server_cannot_read(db: psycopg.Connection) -> None:
    lines = "hots all all all trust\nhostnossl shop,all +group 10.1.0.0/16 ident map=people\n"
    with appended(db, "hba_file", lines), appended(db, "config_file", SETTINGS):
        seen = look(db)
    (wrong,) = [line for line in seen.hba if not line.kind]
    assert "hots" in wrong.error
    (ours,) = [line for line in seen.hba if line.kind == "hostnossl"]
    assert (ours.databases, ours.users) == (("shop", "all"), ("+group",))
    assert (ours.address, ours.netmask, ours.method) == ("10.1.0.0", "255.255.0.0", "ident")
    assert ours.options == ("map=people",)
    assert [error.setting for error in seen.configuration_errors] == ["work_mem"]
    assert [line.setting for line in seen.unloaded_settings] == ["deadlock_timeout", "log_line_prefix"]
    assert seen.configuration_errors[0].file.endswith("postgresql.conf")


def test_a_part_that_fails_loses_no_other(db18: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a server that has no such view."""
    from pgrefit.observe import server as module

    def fetch(conn: psycopg.Connection, name: str, part: type) -> list:
        if name == "server_slots":
            conn.execute("SELECT * FROM pg_catalog.no_such_view")
        return module_fetch(conn, name, part)

    module_fetch = module.fetch
    monkeypatch.setattr(module, "fetch", fetch)
    seen = look(db18)
    assert [one.about for one in seen.unseen] == ["replication slots"]
    assert seen.settings


def test_inside_a_transaction_of_the_caller(db18: psycopg.Connection) -> None:
    """As through a pooler: what is refused does not spoil it."""
    with roles(db18), psycopg.connect(make_conninfo(dsn(db18), user=NOBODY)) as conn:
        conn.execute("SET LOCAL search_path = pg_catalog")
        assert take_server(conn).unseen
        assert conn.execute("SELECT 1").fetchone() == (1,)


def test_primary_and_standby() -> None:
    folder = Path("/tmp") / f"pgrefit-watched-{os.getpid()}"
    with Cluster(15) as primary, psycopg.connect(primary.dsn(), autocommit=True) as conn:
        replica = replica_of(primary, folder)
        try:
            with roles(conn):
                replica.start()
                streams = "SELECT FROM pg_stat_replication WHERE state = 'streaming' AND replay_lsn IS NOT NULL"
                until(lambda: conn.execute(streams).fetchall())
                (followed,) = look(conn, WATCHER).replicas
                assert look(conn, NOBODY).replicas == ()
                (slot,) = look(conn).slots
                caught_up = "SELECT FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()"
                until(lambda: conn.execute(caught_up).fetchall())
                with psycopg.connect(replica.dsn(), autocommit=True) as there:
                    standby, watched, little = look(there), look(there, WATCHER), look(there, NOBODY)
        finally:
            replica.stop()
            shutil.rmtree(folder, ignore_errors=True)
    assert (followed.state, followed.sync) == ("streaming", "async")
    assert 0 <= followed.bytes_behind < 2**20
    assert (slot.name, slot.active) == ("standby", True)
    assert standby.in_recovery
    assert standby.unseen == ()
    assert {one.about for one in watched.unseen} == FOR_SUPERUSERS
    assert {one.about for one in little.unseen} == FOR_SUPERUSERS | {"sessions, replicas"}
    assert standby.xid_age == little.xid_age > 0


SCHEMA = 'Odd "schema {0} %s'


@pytest.fixture(scope="module")
def counting() -> Iterator[psycopg.Connection]:
    """A server that counts statements, as far as one is here whose packages have the extension."""
    settings = {"shared_preload_libraries": "pg_stat_statements"}
    with Cluster(15, settings=settings) as cluster, psycopg.connect(cluster.dsn(), autocommit=True) as conn:
        yield conn


def test_statements(counting: psycopg.Connection) -> None:
    conn = counting
    with open_observer(dsn(conn)) as observer:
        assert take_statements(observer) == ()  # not installed
    conn.execute(sql.SQL("CREATE SCHEMA {0}; CREATE EXTENSION pg_stat_statements SCHEMA {0}").format(
        sql.Identifier(SCHEMA)))  # fmt: skip
    conn.execute("CREATE TABLE thing (id int PRIMARY KEY, label text)")
    for n in range(7):
        conn.execute("INSERT INTO thing VALUES (%s, 'a thing')", (n,), prepare=False)
    with open_observer(dsn(conn)) as observer:
        seen = take_statements(observer)
        path = observer.execute("SHOW search_path").fetchone()
    (inserts,) = [one for one in seen if one.text.startswith("INSERT INTO thing")]
    assert (inserts.calls, inserts.rows, inserts.role) == (7, 7, "postgres")
    assert "a thing" not in inserts.text
    assert inserts.total_ms == pytest.approx(7 * inserts.mean_ms)
    assert inserts.wal_bytes > 0
    assert inserts.blocks_hit > 0
    assert [one.total_ms for one in seen] == sorted((one.total_ms for one in seen), reverse=True)
    assert path == ("pg_catalog",)


def test_statements_of_others_are_counted_and_not_read(counting: psycopg.Connection) -> None:
    with roles(counting):
        grant = sql.SQL("GRANT USAGE ON SCHEMA {} TO {}")
        with open_observer(make_conninfo(dsn(counting), user=NOBODY)) as observer:
            assert take_statements(observer) == ()  # it may not use the schema
        counting.execute(grant.format(sql.Identifier(SCHEMA), sql.Identifier(NOBODY)))
        try:
            with open_observer(make_conninfo(dsn(counting), user=NOBODY)) as observer:
                seen = take_statements(observer)
        finally:
            counting.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(NOBODY)))
    hidden = [one for one in seen if one.query_id is None]
    assert hidden
    assert {one.text for one in hidden} == {""}
    assert sum(one.total_ms for one in hidden) > 0


def test_an_extension_whose_library_is_not_loaded(cluster15: Cluster) -> None:
    cluster15.create_database("unloaded")
    try:
        with psycopg.connect(cluster15.dsn("unloaded"), autocommit=True) as conn:
            conn.execute("CREATE EXTENSION pg_stat_statements")
        with open_observer(cluster15.dsn("unloaded")) as observer:
            assert take_statements(observer) == ()
    finally:
        cluster15.drop_database("unloaded")
