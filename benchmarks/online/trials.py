"""Refits that are cut short by kill -9, and refits that are taken back: nothing may be lost on the way."""

from __future__ import annotations

import itertools
import os
import random
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from benchmarks.claims import Claim, Peer
from benchmarks.online.clients import FORK, Clients, apart
from benchmarks.online.graph import SHADOWS, Graph, plan_for
from benchmarks.online.ledger import Ledger
from benchmarks.online.scale import Scale
from benchmarks.online.servers import copy_of, make, opener, server

from pgrefit.apply import Hooks, Settings, apply_plan, read_run, roll_back
from pgrefit.errors import PgrefitError
from pgrefit.model.change import Batches
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Session
from pgrefit.pg.dump import dump_schema

GRAPH = Graph(3_000)
SMALL = Settings(first_batch_rows=50, max_batch_rows=100, pause_ms=(5, 50), tries=40)
RESUMES = 20
COUNTED = "CREATE TABLE public.batch (step text)"
LEFT = (
    "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid UNION ALL"
    " SELECT tgname FROM pg_trigger WHERE NOT tgisinternal UNION ALL SELECT proname FROM pg_proc WHERE pronamespace ="
    " to_regnamespace('pgrefit') UNION ALL SELECT attname FROM pg_attribute AS a"
    " JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND NOT a.attisdropped"
    " AND attname LIKE '%pgrefit%'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all trials share: the database to copy, the plan, how it begins and ends, how long a straight run takes."""

    cluster: Cluster
    template: str
    ledger: Ledger
    plan: Plan
    start: str
    intended: str
    seconds: float


def measure(scale: Scale, ledger: Ledger) -> Iterator[Claim]:
    """On a small graph whose clients mirror whatever they write."""
    with server(fsync="off", full_page_writes="off") as cluster:
        stage = _stage(cluster, ledger)
        yield _kills(stage, scale)
        yield from _rollbacks(stage, scale)


def _stage(cluster: Cluster, ledger: Ledger) -> Stage:
    template = make(cluster, "trial", [*GRAPH.setup, *SHADOWS, COUNTED])
    with copy_of(cluster, template) as dsn:
        plan, start, began = plan_for(dsn), dump_schema(dsn), time.monotonic()
        apply_plan(opener(dsn), plan, settings=SMALL)
        seconds = time.monotonic() - began
        return Stage(
            cluster=cluster, template=template, ledger=ledger, plan=plan, start=start, intended=dump_schema(dsn),
            seconds=seconds,
        )  # fmt: skip


def _kills(stage: Stage, scale: Scale) -> Claim:
    trials: list[_Trial] = []
    for number in itertools.count():
        trial = _Trial(stage, number).run()
        if trial.cut or trial.faults:  # the others were over before they were to be killed
            trials.append(trial)
        if len(trials) == scale.kills:
            break
    survived = sum(not trial.faults for trial in trials)
    for trial in trials:
        for fault in trial.faults:
            print(f"kill {trial.number} ({trial.victim}): {fault}")
    return Claim(
        id="kill-survival", measure="kill -9 at a random moment, of the program or of the server; resumed to the end",
        unit=f"of {len(trials)}", value=survived, bound="=", limit=len(trials),
        against=(
            Peer("kills of the program", sum(trial.victim == "program" for trial in trials)),
            Peer("kills of the server", sum(trial.victim == "server" for trial in trials)),
            Peer("most batches redone after one", max(trial.redone for trial in trials)),
        ),
    )  # fmt: skip


class _Trial:
    """One refit of a fresh copy that is cut short once and taken up again."""

    def __init__(self, stage: Stage, number: int) -> None:
        self._stage = stage
        self._draw = random.Random(number)
        self.number = number
        self.victim = ("program", "server")[number % 2]
        self.cut = False
        self.redone = 0
        self.faults: list[str] = []

    def run(self) -> _Trial:
        """Kill, resume, compare with what one straight run comes to."""
        with copy_of(self._stage.cluster, self._stage.template) as dsn, tempfile.TemporaryDirectory() as folder:
            tried = Path(folder, "batches")
            with Clients(dsn, GRAPH, count=3, a_second=60, mirrored=True, seed=self.number) as clients:
                self._come_through(dsn, tried)
                samples = clients.stop()
            self._stage.ledger.count(samples)
            self._judge(dsn, tried)
        return self

    def _come_through(self, dsn: str, tried: Path) -> None:
        for attempt in range(RESUMES):
            process = FORK.Process(target=_apply, args=(dsn, self._stage.plan, tried))
            process.start()
            if attempt == 0:
                process.join(self._draw.uniform(0, self._stage.seconds))
                if process.exitcode is None:
                    self._cut_short(dsn, process.pid or 0)
            process.join(120)
            if process.exitcode == 0:
                return
            if process.exitcode not in {-signal.SIGKILL, 5}:
                self.faults.append(f"it ended with {process.exitcode}")
                process.kill()
            _await_server(dsn)
        self.faults.append("it does not come through")

    def _cut_short(self, dsn: str, pid: int) -> None:
        if self.victim == "program":
            os.kill(pid, signal.SIGKILL)
            self.cut = True
            return
        with psycopg.connect(dsn, autocommit=True) as conn:
            sessions = conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgrefit/apply'"
                " AND datname = current_database()"
            ).fetchall()
        if sessions:  # one of its processes gone, the server ends all sessions and recovers from its WAL
            os.kill(sessions[0][0], signal.SIGKILL)
            self.cut = True

    def _judge(self, dsn: str, tried: Path) -> None:
        with psycopg.connect(dsn, autocommit=True) as conn:
            committed = conn.execute("SELECT count(*) FROM public.batch").fetchone()
            assert committed is not None
            self.redone = len(tried.read_text()) - committed[0]
            left = [row[0] for row in conn.execute(LEFT).fetchall()]
            run = read_run(conn)
        rows, wrong = apart(dsn)
        self._stage.ledger.compare(rows, wrong)
        if self.redone > 1:
            self.faults.append(f"{self.redone} batches were done again")
        if left:
            self.faults.append(f"left behind: {left}")
        if run is None or run.state != "done":
            self.faults.append("the run is not done")
        if wrong:
            self.faults.append(f"{wrong} rows are not as their shadows")
        if dump_schema(dsn) != self._stage.intended:
            self.faults.append("the catalog is not that of a straight run")


def _apply(dsn: str, plan: Plan, tried: Path) -> None:
    """In a process of its own; each batch is counted in its transaction, and in a file before that is committed."""

    def count(conn: Session, step: PlanStep) -> None:
        if isinstance(step.step.do, Batches):
            conn.execute("INSERT INTO public.batch VALUES (%s)", (step.id,))
            with tried.open("a") as file:
                file.write(".")

    status = 0
    try:
        apply_plan(opener(dsn), plan, settings=SMALL, hooks=Hooks(before_commit=count))
    except PgrefitError as error:
        status = error.exit_status if error.exit_status != 3 else 5
    except psycopg.OperationalError:
        status = 5
    os._exit(status)


def _await_server(dsn: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)
        else:
            return


def _rollbacks(stage: Stage, scale: Scale) -> Iterator[Claim]:
    plan = stage.plan
    fixed = next(n for n, step in enumerate(plan.steps) if not step.reversible)
    lost = unequal = 0
    turns = [step.id for step in plan.steps[:fixed]][:: -scale.back]
    for number, step in enumerate(turns):
        rows, wrong, same = _there_and_back(stage, step, seed=1000 + number)
        stage.ledger.compare(rows, wrong)
        lost, unequal = lost + wrong, unequal + (not same)
        if wrong or not same:
            print(f"rollback from {step}: {wrong} rows apart, catalog {'equal' if same else 'not equal'}")
    yield Claim(
        id="rollback-lost-rows", measure=f"rows lost or changed on the way back from {len(turns)} steps, under writes",
        unit="rows", value=lost, bound="=", limit=0,
    )  # fmt: skip
    yield Claim(
        id="rollback-catalog-equal", measure="ways back after which pg_dump is as before", unit=f"of {len(turns)}",
        value=len(turns) - unequal, bound="=", limit=len(turns),
    )  # fmt: skip


def _there_and_back(stage: Stage, step: str, *, seed: int) -> tuple[int, int, bool]:
    """Rows compared, rows that are not as their shadows, and whether the catalog is as before."""
    with copy_of(stage.cluster, stage.template) as dsn:
        with Clients(dsn, GRAPH, count=3, a_second=100, mirrored=True, seed=seed) as clients:
            apply_plan(opener(dsn), stage.plan, until=step, settings=SMALL)
            time.sleep(0.5)
            roll_back(opener(dsn), stage.plan, settings=SMALL)
            samples = clients.stop()
        stage.ledger.count(samples)
        return (*apart(dsn), dump_schema(dsn) == stage.start)
