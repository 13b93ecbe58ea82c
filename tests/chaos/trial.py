"""One random refit under clients, cut short at random and taken up again, and what is to be true at its end."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import psycopg

from chaos.clients import FORK, Clients, Report
from chaos.world import World
from pgrefit.apply import Settings, apply_plan, roll_back
from pgrefit.apply.journal import read_run
from pgrefit.design.plan import make_plan
from pgrefit.errors import PgrefitError
from pgrefit.model.ddl import ddl
from pgrefit.model.intent import Intent
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.dump import dump_schema

SMALL = Settings(first_batch_rows=40, max_batch_rows=120, tries=40, pause_ms=(5, 50))
TRIES = 60
OURS = "SELECT count(*) FROM pg_proc WHERE pronamespace = to_regnamespace('pgrefit')"
INVALID = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"


@dataclass(slots=True)
class Tally:
    """What happened in all runs together."""

    runs: int = 0
    ended: int = 0
    taken_back: int = 0
    kills: dict[str, int] = field(default_factory=lambda: {"process": 0, "session": 0, "server": 0})
    statements: int = 0
    failed: int = 0
    longest: float = 0.0
    rows: int = 0
    apart: int = 0
    changes: dict[str, int] = field(default_factory=dict)

    def __str__(self) -> str:
        kills = ", ".join(f"{count} of the {what}" for what, count in self.kills.items())
        changes = ", ".join(f"{name} {count}" for name, count in sorted(self.changes.items()))
        return (
            f"{self.runs} runs: {self.ended} to the end, {self.taken_back} taken back; kill -9: {kills};"
            f" {self.statements} transactions of clients, {self.failed} failed,"
            f" the longest {self.longest * 1000:.0f} ms;"
            f" {self.rows} rows compared with their shadows, {self.apart} apart. Changes: {changes}"
        )


@dataclass(slots=True)
class Trial:
    """One run: `world` refitted on `cluster`; `back` is where between 0 and 1 it turns round, None to the end."""

    cluster: Cluster
    world: World
    seed: int
    tally: Tally
    back: float | None = None

    def run(self) -> None:
        """Raises AssertionError where something is not as it must be."""
        self.tally.runs += 1
        for change in self.world.changes:
            name = type(change).__name__
            self.tally.changes[name] = self.tally.changes.get(name, 0) + 1
        names = [f"chaos_{os.getpid()}_{self.seed}_{kind}" for kind in ("calm", "wild")]
        try:
            self._compare(*(self._make(name) for name in names))
        finally:
            for name in names:
                _patiently(partial(self.cluster.drop_database, name))

    def _make(self, name: str) -> str:
        self.cluster.create_database(name)
        with psycopg.connect(self.cluster.dsn(name), autocommit=True) as conn:
            for statement in self.world.setup:
                conn.execute(statement.encode())
        return self.cluster.dsn(name)

    def _compare(self, calm: str, wild: str) -> None:
        with psycopg.connect(wild, autocommit=True) as conn:
            db, statistics = take_snapshot(conn), take_statistics(conn)
        plan = make_plan(db, statistics, self.world.changes, Intent())
        start, upto = dump_schema(wild), self._turn(plan)
        began = time.monotonic()
        apply_plan(_opener(calm), plan, until=upto, settings=SMALL)
        estimate = time.monotonic() - began
        with Clients(self.world, wild, self.seed) as clients:
            self._come_through(partial(apply_plan, _opener(wild), plan, until=upto, settings=SMALL), wild, estimate)
            if self.back is not None:
                self._come_through(partial(roll_back, _opener(wild), plan, settings=SMALL), wild, estimate)
                roll_back(_opener(calm), plan, settings=SMALL)
            report = clients.stop()
        self._judge(report, calm, wild)
        assert self.back is None or dump_schema(wild) == start
        self.tally.ended += self.back is None
        self.tally.taken_back += self.back is not None

    def _turn(self, plan: Plan) -> str | None:
        """The last step before the way back."""
        if self.back is None:
            return None
        there = next((n for n, step in enumerate(plan.steps) if not step.reversible), len(plan.steps))
        return plan.steps[int(self.back * there)].id if there else plan.steps[0].id

    def _come_through(self, verb: Callable[[], object], dsn: str, estimate: float) -> None:
        """Run it in processes that are cut short, in the end not any more."""
        draw = random.Random(self.seed)
        for number in range(TRIES):
            process = FORK.Process(target=_work, args=(verb,))
            process.start()
            if number < 5 and draw.random() < 0.8:
                process.join(draw.uniform(0, estimate))
                if process.is_alive():
                    self._cut_short(draw, process.pid or 0, dsn)
            process.join(90)
            assert process.exitcode is not None, "it hangs"
            assert process.exitcode in {0, -signal.SIGKILL, 5}, f"it ended with {process.exitcode}"
            time.sleep(0.1)  # a server that was hit goes down only now
            _patiently(lambda: psycopg.connect(dsn).close())
            if process.exitcode == 0:
                return
        raise AssertionError("it does not come through")

    def _cut_short(self, draw: random.Random, pid: int, dsn: str) -> None:
        how = draw.choices(["process", "session", "server"], [0.5, 0.2, 0.3])[0]
        with suppress(ProcessLookupError, psycopg.OperationalError):  # it was quicker
            if how == "process":
                os.kill(pid, signal.SIGKILL)
                self.tally.kills[how] += 1
                return
            for session in _sessions(dsn):
                if how == "server":  # one of its processes gone, it ends all sessions and recovers
                    os.kill(session, signal.SIGKILL)
                else:
                    _terminate(dsn, session)
                self.tally.kills[how] += 1
                return

    def _judge(self, report: Report, calm: str, wild: str) -> None:
        self.tally.statements += report.statements
        self.tally.failed += len(report.failures)
        self.tally.longest = max(self.tally.longest, report.longest)
        assert not report.failures, report.failures[:3]
        with psycopg.connect(wild, autocommit=True) as conn, psycopg.connect(calm, autocommit=True) as other:
            for table, name, columns in self.world.shadowed:
                self._same_rows(conn, table, name, columns)
            assert conn.execute(INVALID).fetchall() == []
            assert conn.execute(OURS).fetchone() == other.execute(OURS).fetchone(), "functions of ours are left"
            if self.back is None:
                run = read_run(conn)
                assert run is not None
                assert run.state == "done"
        assert dump_schema(wild) == dump_schema(calm)

    def _same_rows(self, conn: psycopg.Connection, table: Relation, twin: str, columns: tuple[str, ...]) -> None:
        """Every row as its shadow, in its table or put aside, and no other."""
        texts = ", ".join(f"{column}::text AS {column}" for column in columns)
        kept = ", ".join(f"row ->> '{column}'" for column in columns)
        aside = conn.execute("SELECT to_regclass('pgrefit.quarantine')").fetchone()
        rows = f"SELECT id::text AS id, {texts} FROM {ddl('{t}', t=table)}"
        if aside and aside[0]:
            rows += f" UNION ALL SELECT row ->> 'id', {kept} FROM pgrefit.quarantine WHERE source = $x${table}$x$"
        shadow = f"SELECT id, {', '.join(columns)} FROM twin.{twin}"
        for first, second in ((rows, shadow), (shadow, rows)):
            apart = conn.execute(f"({first}) EXCEPT ALL ({second})".encode()).fetchall()
            self.tally.apart += len(apart)
            assert not apart, f"{table}: {apart[:3]}"
        row = conn.execute(f"SELECT count(*) FROM ({shadow}) AS s".encode()).fetchone()
        self.tally.rows += row[0] if row else 0


def _opener(dsn: str) -> Callable[[], psycopg.Connection]:
    return partial(psycopg.connect, dsn, autocommit=True)


def _work(verb: Callable[[], object]) -> None:
    """In a process of its own: its exit status is that of the program."""
    status = 0
    try:
        verb()
    except PgrefitError as error:
        status = error.exit_status
        if status != 5:
            print(error.what, error.why)  # noqa: T201 - said to who runs it
    except BaseException as error:  # noqa: BLE001 - it is told by its status
        status = 70
        print(f"{type(error).__name__}: {error}", flush=True)  # noqa: T201 - said to who runs it
    os._exit(status)


def _sessions(dsn: str) -> list[int]:
    with psycopg.connect(dsn, autocommit=True) as conn:
        query = (
            "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'pgrefit/%' AND datname = current_database()"
        )
        return [row[0] for row in conn.execute(query.encode()).fetchall()]


def _terminate(dsn: str, pid: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as conn:
        conn.execute("SELECT pg_terminate_backend(%s)", (pid,))


def _patiently(action: Callable[[], object], seconds: float = 30) -> None:
    """Again and again while the server recovers."""
    end = time.monotonic() + seconds
    while True:
        try:
            action()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return
