"""Clients at work while something else goes on: what they counted, and what they lost."""

import time
from collections.abc import Callable

import psycopg
import pytest

from conftest import dsn
from pgrefit.bench import Load, WriteLog
from pgrefit.errors import UsageError
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.connect import open_session

READ = Query(name="read", sql="SELECT count(*) FROM thing WHERE kind = $1", parameters="SELECT 'a'")
ADD = Query(name="add", group="write", sql="INSERT INTO thing (kind) VALUES ($1) RETURNING id", parameters="SELECT 'a'")
WORKLOAD = Workload(queries=(READ, ADD))


@pytest.fixture
def open_(db18: psycopg.Connection):
    db18.execute(
        "CREATE TABLE thing (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind text);"
        " INSERT INTO thing DEFAULT VALUES"
    )
    return lambda application="load": open_session(dsn(db18), application=application)


def hold(open_, application: str, seconds: float) -> None:
    with open_(application) as conn, conn.transaction():
        conn.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE")
        time.sleep(seconds)


def test_a_wait_for_a_lock_of_pgrefit_is_counted_once_a_statement(open_) -> None:
    with Load(open_, WORKLOAD, clients=2, pause_ms=1) as load:
        time.sleep(0.2)
        hold(open_, "apply", 0.3)
        time.sleep(0.1)
    report = load.stop()
    assert report.waited == 2, "each client had one statement waiting"
    assert 200 < report.longest_wait < 600
    assert report.longest >= report.longest_wait * 0.9
    assert (report.failed, report.first_error) == (0, "")
    assert report.statements > 20
    assert report.p50 <= report.p99
    assert sum(statements for _, statements, _ in report.per_second) == report.statements


def test_a_wait_for_somebody_else_is_not_blamed_on_pgrefit(open_, db18: psycopg.Connection) -> None:
    somebody = psycopg.connect(dsn(db18), application_name="other")
    with Load(open_, WORKLOAD, clients=2, pause_ms=1) as load, somebody:
        somebody.execute("LOCK TABLE thing IN ACCESS EXCLUSIVE MODE")
        time.sleep(0.2)
    assert load.stop().waited == 0


def test_errors_and_lost_connections_are_counted_and_survived(open_, db18: psycopg.Connection) -> None:
    wrong = Query(name="wrong", sql="SELECT nothing FROM thing")
    with Load(open_, Workload(queries=(READ, wrong)), clients=2, pause_ms=1) as load:
        time.sleep(0.2)
        db18.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        time.sleep(0.3)
    report = load.stop()
    assert 0 < report.failed < report.statements
    assert report.first_error.startswith(("wrong: column", "read: "))
    assert load.stop() is report


def test_clients_move_to_another_version_of_the_application(open_, db18: psycopg.Connection) -> None:
    new = Query(
        name="new", group="write", sql="INSERT INTO other (kind) VALUES ($1) RETURNING id", parameters="SELECT 'b'"
    )
    with Load(open_, Workload(queries=(ADD,)), clients=3, pause_ms=1) as load:
        time.sleep(0.1)
        db18.execute("CREATE TABLE other (LIKE thing INCLUDING ALL)")
        load.switch(Workload(queries=(new,)))
        db18.execute("DROP TABLE thing")
        time.sleep(0.1)
    assert load.stop().failed == 0
    assert {name for name, _ in load.written.written} == {"add", "new"}


def test_no_version_ever_uses_a_connection_of_another(open_) -> None:
    """Also where a connection of the old one was just being made when the new one was deployed."""

    def version(name: str) -> tuple[Workload, Callable[[], psycopg.Connection]]:
        own = f"SELECT 1 / (pg_catalog.current_setting('application_name') = 'pgrefit/{name}')::int"

        def slowly() -> psycopg.Connection:
            conn = open_(name)
            time.sleep(0.02)
            return conn

        return Workload(queries=(Query(name=name, sql=own),)), slowly

    workload, opened = version("v0")
    with Load(opened, workload, clients=3, pause_ms=0.1, recycle_s=0.04) as load:
        for number in range(1, 8):
            load.switch(*version(f"v{number}"))
    report = load.stop()
    assert report.statements
    assert report.first_error == ""


def test_connections_are_recycled(open_, db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE seen (pid int)")
    query = Query(name="seen", sql="INSERT INTO seen VALUES (pg_backend_pid())")
    with Load(open_, Workload(queries=(query,)), clients=1, pause_ms=1, recycle_s=0.05):
        time.sleep(0.4)
    assert db18.execute("SELECT count(DISTINCT pid) FROM seen").fetchone()[0] > 2


def test_rows_that_vanish_are_noticed_and_those_in_quarantine_are_not_lost(open_, db18: psycopg.Connection) -> None:
    with Load(open_, WORKLOAD, clients=1, pause_ms=1) as load:
        time.sleep(0.2)
    written = load.written.written
    assert len(written) > 2
    assert load.lost(db18, WORKLOAD) == ()
    db18.execute("CREATE SCHEMA pgrefit; CREATE TABLE pgrefit.quarantine (key text[])")
    for _, key in written[:2]:
        db18.execute("DELETE FROM thing WHERE id = %s", (key,))
    db18.execute("INSERT INTO pgrefit.quarantine VALUES (%s)", ([written[1][1]],))
    assert load.lost(db18, WORKLOAD) == (written[0],)
    assert WriteLog().lost(db18, WORKLOAD) == ()


def test_a_workload_without_anything_to_run_is_refused(open_) -> None:
    with pytest.raises(UsageError), Load(open_, Workload()):
        pass
