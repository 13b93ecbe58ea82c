"""The throttle: what the server's load asks of the batches, and that they keep to it and say so."""

import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from apply.small_plan import ITEM, START, add_column, backfill, opener, plan_of
from apply.test_control import until
from conftest import dsn
from pgrefit.apply import Hooks, Settings, apply_plan
from pgrefit.apply.control import stop
from pgrefit.apply.gauge import Gauge, Reading, Replica
from pgrefit.apply.settings import LoadLimits
from pgrefit.apply.status import take_status
from pgrefit.apply.throttle import FULL, Pace, paces, rest_seconds, slowest
from pgrefit.errors import StoppedSafely
from pgrefit.model.ddl import ddl
from pgrefit.model.run import ThrottleMode
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.unprivileged import unprivileged_user

PLAN = plan_of(add_column(), backfill())
ROWS = 20_000
SMALL = Settings(first_batch_rows=200, max_batch_rows=200)


def pace(reading: Reading, throttle=ThrottleMode.NORMAL, **limits) -> Pace:
    return slowest(paces(reading, Settings(throttle=throttle, limits=LoadLimits(**limits))))


def test_an_idle_server_is_worked_at_full_speed():
    assert pace(Reading(probe_ms=0.4, idle_probe_ms=0.1)) == FULL
    assert pace(Reading(replicas=(Replica("replica a", 255, 29),), archive_files=256, active_sessions=90)) == FULL


@pytest.mark.parametrize(
    ("reading", "limits", "says"),
    [
        (Reading(replicas=(Replica("replica a", 300, 2),)), {}, "replica a is 300 MB and 2 s behind, more than 256 MB"),
        (Reading(replicas=(Replica("replica a", 1, 31),)), {}, "replica a is 1 MB and 31 s behind, more than 30 s"),
        (Reading(replicas=(Replica("a", 1, 0), Replica("slot b", 9, 0))), {"replica_mb": 5}, "slot b is 9 MB"),
        (Reading(archive_files=300), {}, "300 files of WAL wait to be archived, more than 256"),
        (Reading(archive_files=300, archive_fails=True), {}, "the archive command fails"),
        (Reading(active_sessions=9), {"active_sessions": 8}, "9 sessions are active, more than 8"),
    ],
)
def test_what_it_waits_for(reading, limits, says):
    found = pace(reading, **limits)
    assert found.duty == 0
    assert says in found.reason
    assert rest_seconds(replace(found, duty=1), 50) == 0


@pytest.mark.parametrize(
    ("reading", "limits", "duty", "says"),
    [
        (Reading(probe_ms=20, idle_probe_ms=0.2), {}, 0.25, "takes 20.0 ms, 0.2 ms before we began"),
        (Reading(probe_ms=20, idle_probe_ms=10), {}, 1, ""),
        (Reading(probe_ms=20, idle_probe_ms=10), {"probe_ms": 10}, 0.5, "20.0 ms"),
        (Reading(probe_ms=9000, idle_probe_ms=0.2), {}, 0.1, "9000.0 ms"),
        (Reading(wal_mb_a_second=40), {"wal_mb_a_second": 10}, 0.25, "writes 40.0 MB of WAL a second, more than 10"),
        (Reading(vacuum=77), {}, 0.5, "pid 77 vacuums the table"),
    ],
)
def test_what_slows_it_down(reading, limits, duty, says):
    found = pace(reading, **limits)
    assert found.duty == pytest.approx(duty)
    assert says in found.reason


def test_polite_works_a_third_of_the_time_at_most():
    found = pace(Reading(), ThrottleMode.POLITE)
    assert rest_seconds(found, 30) == pytest.approx(0.061, abs=0.001)
    assert pace(Reading(probe_ms=50), ThrottleMode.POLITE).duty == pytest.approx(0.1)
    assert pace(Reading(replicas=(Replica("a", 999, 0),)), ThrottleMode.POLITE).duty == 0
    assert rest_seconds(Pace(0.1), 60_000) == 2.0, "an operator is obeyed within seconds"


def test_reads_every_server(db):
    """WAL, sessions, slots and a vacuum of the table, in one row on each version."""
    db.execute("CREATE TABLE public.item AS SELECT n FROM generate_series(1, 1000) AS n")
    db.execute("SELECT pg_create_physical_replication_slot('gone', true)")
    try:
        with psycopg.connect(dsn(db), autocommit=True) as own, psycopg.connect(dsn(db), autocommit=True) as other:
            gauge = Gauge(own)
            thread = threading.Thread(target=other.execute, args=("SELECT pg_sleep(1.5)",))
            thread.start()
            with gauge.reading(ITEM):
                first = gauge.latest
                db.execute("INSERT INTO public.item SELECT n FROM generate_series(1, 50000) AS n")
                later = until(lambda: gauge.latest is not first and gauge.latest)
            thread.join()
        assert first.sees_all
        assert first.idle_probe_ms > 0
        assert first.active_sessions + later.active_sessions > 0
        assert later.wal_mb_a_second > 0.5
        (slot,) = later.replicas
        assert (slot.name, slot.mb > 1) == ("unused slot gone", True)
        assert (later.archive_files, later.archive_fails, later.vacuum) == (None, False, None)
    finally:
        db.execute("SELECT pg_drop_replication_slot('gone')")


def test_counts_the_files_that_wait_for_the_archive():
    """An archive that refuses everything after its first file."""
    settings = {"archive_mode": "on", "archive_command": "case %f in *01) true;; *) false;; esac"}
    with Cluster(15, settings=settings) as own, psycopg.connect(own.dsn(), autocommit=True) as conn:
        for _ in range(4):
            conn.execute("CREATE TABLE t (); DROP TABLE t; SELECT pg_switch_wal()")
        gauge = Gauge(conn)

        def read():
            with gauge.reading(ITEM):
                return gauge.latest if gauge.latest.archive_fails else None

        found = until(read)
    assert (found.archive_files, found.archive_fails) == (3, True)


def busy(conn, rows=ROWS):
    """The small plan's table with more rows."""
    for statement in START:
        conn.execute(statement.encode())
    conn.execute(ddl("INSERT INTO {t} (price) SELECT n FROM generate_series(1, {n}) AS n", t=ITEM, n=rows).encode())
    conn.execute(ddl("ANALYZE {t}", t=ITEM).encode())


@contextmanager
def filling(open_, settings, rest=0.0):
    """The backfill at work in a thread; yields where its result will be, and the events that it told."""
    ended, told = {}, []

    def on_event(event):
        told.append(event)
        if event.kind == "batch":
            time.sleep(rest)

    def work():
        try:
            ended["run"] = apply_plan(open_, PLAN, hooks=Hooks(on_event=on_event), settings=settings)
        except StoppedSafely as error:
            ended["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    yield ended, told
    thread.join(60)
    assert not thread.is_alive()


def waiting(conn, word):
    """The run, once it waits for that."""
    return until(lambda: (found := take_status(conn)) and word in found.waits and found)


def test_waits_while_too_many_are_active(db18):
    """It says so in the journal and to who listens, can be stopped while it waits, and goes on once they are gone."""
    busy(db18, 2000)
    settings = replace(SMALL, limits=LoadLimits(active_sessions=1))
    others = [psycopg.connect(dsn(db18), autocommit=True, application_name="crowd") for _ in range(2)]

    def sleep(other):
        with suppress(psycopg.errors.QueryCanceled):
            other.execute("SELECT pg_sleep(30)")

    sleeping = [threading.Thread(target=sleep, args=(other,)) for other in others]
    for thread in sleeping:
        thread.start()
    until(lambda: db18.execute("SELECT count(*) = 2 FROM pg_stat_activity WHERE state = 'active' AND application_name"
                               " = 'crowd'").fetchone()[0])  # fmt: skip
    try:
        with filling(opener(db18), settings) as (ended, _):
            found = waiting(db18, "waits: ")
            assert "sessions are active, more than 1" in found.waits
            assert found.waits_since is not None
            stop(db18)
            until(lambda: ended)
        assert "asked to by" in ended["error"].why
        with filling(opener(db18), settings) as (ended, told):
            waiting(db18, "waits: ")
            for other in others:
                other.cancel()
            until(lambda: ended)
        assert (ended["run"].state, ended["run"].waits) == ("done", "")
        assert [event.kind for event in told].count("throttled") == 1
    finally:
        for thread in sleeping:
            thread.join()


def test_slows_down_to_the_wal_rate(db18):
    """To a fraction of what it would write: the same work takes longer, and status says why."""
    busy(db18)
    with filling(opener(db18), replace(SMALL, limits=LoadLimits(wal_mb_a_second=0.2)), rest=0.005) as (ended, told):
        found = waiting(db18, "slowed to ")
        assert "MB of WAL a second, more than 0.2" in found.waits
        stop(db18)
        until(lambda: ended)
    assert "throttled" in [event.kind for event in told]


def test_off_reads_nothing(db18):
    busy(db18, 2000)
    settings = replace(SMALL, throttle=ThrottleMode.OFF, limits=LoadLimits(active_sessions=1))
    sessions = []

    def count(event):
        if event.kind == "batch":
            query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgrefit/apply'"
            sessions.append(db18.execute(query).fetchone()[0])

    apply_plan(opener(db18), PLAN, hooks=Hooks(on_event=count), settings=settings)
    assert set(sessions) == {2}


def test_a_role_that_may_not_see_others_is_told_once(db18):
    """It works all the same, throttled by what it may see."""
    busy(db18, 2000)
    role = sql.Identifier(f"owner_{db18.info.dbname}")
    for text in (
        "CREATE ROLE {role}", "GRANT ALL ON SCHEMA {schema} TO {role}", "ALTER TABLE {table} OWNER TO {role}",
        "CREATE SCHEMA pgrefit AUTHORIZATION {role}",
    ):  # fmt: skip
        parts = {"role": role, "schema": sql.Identifier(ITEM.schema), "table": sql.Identifier(ITEM.schema, ITEM.name)}
        db18.execute(sql.SQL(text).format(**parts))

    def open_():
        conn = opener(db18)()
        conn.execute(sql.SQL("SET ROLE {}").format(role))
        return conn

    with filling(open_, replace(SMALL, limits=LoadLimits(active_sessions=1))) as (ended, told):
        pass
    db18.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(role))
    db18.execute(sql.SQL("DROP OWNED BY {}").format(role))
    db18.execute(sql.SQL("DROP ROLE {}").format(role))
    assert ended["run"].state == "done"
    notes = [event.message for event in told if event.kind == "note"]
    assert len(notes) == 1
    assert "GRANT pg_read_all_stats" in notes[0]


def test_goes_on_where_nothing_can_be_read(db18):
    """The session that reads is lost: said once, and the batches go on."""
    busy(db18, 4000)

    def open_():
        opened.append(opener(db18)())
        return opened[-1]

    opened = []
    killed = []

    def kill(event):
        told.append(event)
        if event.kind == "batch":
            time.sleep(0.1)
        if event.kind == "batch" and not killed:
            killed.append(db18.execute("SELECT pg_terminate_backend(%s)", (opened[-1].info.backend_pid,)))

    told = []
    run = apply_plan(open_, PLAN, hooks=Hooks(on_event=kill), settings=SMALL)
    assert run.state == "done"
    notes = [event.message for event in told if event.kind == "note"]
    assert len(notes) == 1
    assert "cannot be read, so nothing slows the batches" in notes[0]


def replica_of(primary: Cluster, folder: Path) -> Cluster:
    """A streaming replica that a slot is kept for, not started yet."""
    folder.mkdir(mode=0o700)
    argv = [str(primary.bin / "pg_basebackup"), "--pgdata", str(folder / "data"), "--write-recovery-conf"]
    argv += ["--create-slot", "--slot", "standby", "--checkpoint", "fast", "--no-sync", "--dbname", primary.dsn()]
    subprocess.run(argv, check=True, capture_output=True)
    if user := unprivileged_user():
        for path in (folder, *folder.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return Cluster(primary.version, folder=folder)


def test_waits_for_a_replica_that_stopped():
    """Its slot holds back more and more WAL: the batches wait and say so, and go on when it is there again."""
    folder = Path("/tmp") / f"pgrefit-replica-{os.getpid()}"
    with Cluster(15) as primary, psycopg.connect(primary.dsn(), autocommit=True) as conn:
        busy(conn)
        replica = replica_of(primary, folder)
        try:
            replica.start()
            caught_up = "SELECT FROM pg_replication_slots WHERE pg_current_wal_lsn() - restart_lsn < 1000"
            until(lambda: conn.execute(caught_up).fetchall())
            replica.stop()
            open_ = partial(psycopg.connect, primary.dsn(), autocommit=True)
            settings = replace(SMALL, limits=LoadLimits(replica_mb=1))
            with filling(open_, settings, rest=0.05) as (ended, _):
                found = waiting(conn, "waits: ")
                assert "unused slot standby is " in found.waits
                assert "MB and 0 s behind, more than 1 MB" in found.waits
                assert found.progress.because == "it waits"
                done = found.steps[1].visited
                assert 0 < done < ROWS
                time.sleep(1)
                assert take_status(conn).steps[1].visited <= done + 200
                replica.start()
                until(lambda: take_status(conn).steps[1].visited > done + 200)
            assert ended["run"].state == "done"
        finally:
            replica.stop()
            shutil.rmtree(folder, ignore_errors=True)
