"""Measures what the executor's steps take: their locks, their time, their work, the indexes that they build."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event as Signal
from threading import Lock as Mutex
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Self

from pgrefit.errors import PgrefitError
from pgrefit.model.change import Batches, Work
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.rehearsal import StepMeasure
from pgrefit.model.run import Event, Run
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch
from pgrefit.rehearse.forecast import Sizes, TableSize
from pgrefit.rehearse.lock_times import LockState, LockTimes
from pgrefit.rehearse.parties import OpenSession
from pgrefit.rehearse.step_measures import Seen, measured
from pgrefit.rehearse.work_watch import RelationFile, WorkWatch, files, forget_counts

EVERY_SECONDS = 0.003
LATER_SECONDS = 0.02  # once a step has run for a second, its locks' times need no milliseconds
SOON_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """An index that a step built: ms and bytes."""

    index: Relation
    step: str
    build: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sized:
    schema: str
    name: str
    bytes: int
    rows: int = -1

    @property
    def relation(self) -> Relation:
        return Relation(self.schema, self.name)


@dataclass(slots=True)
class _Watched:
    """The step that runs now."""

    step: PlanStep
    times: LockTimes
    work: WorkWatch
    since: float


class Tracer:
    """Hand `open`, `before_commit` and `on_event` to the executor; then ask for `measures`.

    Locks are looked at every few ms while a step runs, and just before a transaction commits; what tables hold, before
    a step and after it. That is read from a session of its own, to which tables that the step makes do not exist yet;
    which tables a step has read from end to end, its own session tells.
    """

    def __init__(self, open_: OpenSession, plan: Plan) -> None:
        self.index_costs: list[IndexCost] = []
        self._open = open_
        self._plan = plan
        self._sessions: dict[int, Session] = {}  # by their process; replaced, never changed
        self._mutex = Mutex()
        self._seen: dict[str, Seen] = {}
        self._rows: dict[str, int] = {}
        self._watched: _Watched | None = None
        self._since = monotonic()
        self._ended = Signal()

    def __enter__(self) -> Self:
        self._onlooker = self._open()
        self._indexes = self._index_sizes()
        self._sizes = table_sizes(self._onlooker)
        self._sampler = Thread(target=self._sample, name="lock tracer", daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._sampler.join()
        self._onlooker.close()

    def open(self) -> Session:
        """A session for the executor, whose locks are looked at from now on; the first of several is at work."""
        session = self._open()
        still = {pid: known for pid, known in self._sessions.items() if not known.closed}
        self._sessions = still | {session.info.backend_pid: session}
        return session

    def before_commit(self, conn: Session, step: PlanStep) -> None:
        """Read what the step's transaction holds, and what it has read."""
        watched = self._watched
        if watched is None or watched.step is not step:
            return
        states = fetch(self._onlooker, "lock_states", LockState, pids=[conn.info.backend_pid])
        with self._mutex:
            watched.times.at_commit(states, monotonic())
        if not isinstance(step.step.do, Batches):
            watched.work.at_commit(conn)

    def on_event(self, event: Event) -> None:
        """Follow the steps up and down."""
        if event.kind == "step started":
            self._started(event)
        elif event.kind == "step done":
            self._done(event)
        elif event.kind == "step undone":
            if event.step in self._seen:
                self._seen[event.step].down = event.elapsed_ms or self._passed()
            self._since = monotonic()

    def on_run(self, run: Run) -> None:
        """Take the rows that each step changed from the run's own account."""
        self._rows |= {step.id: step.rows for step in run.steps}

    def measures(
        self, target: Mapping[Relation, TableSize] | None = None, *, budget: float = float("inf")
    ) -> tuple[StepMeasure, ...]:
        """What was measured of the steps that ran, in the plan's order.

        Forecast for tables of the sizes of `target` (None: as on the clone); `budget` is for how long others may have
        to wait for a lock there (ms).
        """
        sizes = Sizes(clone=self._sizes, target=self._sizes if target is None else target)
        return measured(self._plan, self._seen, self._rows, sizes, budget)

    def _started(self, event: Event) -> None:
        step = self._plan.step(event.step)
        worker = next((session for session in self._sessions.values() if not session.closed), None)
        if worker is not None:
            forget_counts(worker)
        before = files(self._onlooker)
        whole = not step.step.in_transaction and not isinstance(step.step.do, Batches)
        self._since = monotonic()
        self._watched = _Watched(step, LockTimes(whole=whole), WorkWatch(before), self._since)

    def _done(self, event: Event) -> None:
        elapsed = event.elapsed_ms or self._passed()
        watched, self._watched = self._watched, None
        if watched is None:
            return
        with self._mutex:
            watched.times.ended(monotonic())
            times = watched.times.times()
        after = files(self._onlooker)
        self._note(watched, elapsed, after).times(times)
        if watched.step.step.work is Work.BUILD:
            self._note_indexes(event.step, elapsed)

    def _note(self, watched: _Watched, elapsed: float, after: dict[int, RelationFile]) -> Seen:
        seen = self._seen.setdefault(watched.step.id, Seen())
        seen.up, seen.quickest = elapsed, min(elapsed, seen.quickest)
        seen.did(watched.work.done(watched.step.step, after))
        seen.there = frozenset(file.relation for file in watched.work.before.values())
        return seen

    def _passed(self) -> float:
        return (monotonic() - self._since) * 1000

    def _note_indexes(self, step_id: str, elapsed: float) -> None:
        sizes = self._index_sizes()
        made = {index: size for index, size in sizes.items() if index not in self._indexes}
        known = {cost.index for cost in self.index_costs}
        self.index_costs += [
            IndexCost(index=index, step=step_id, build=elapsed, bytes=size)
            for index, size in made.items()
            if index not in known
        ]
        self._indexes = sizes

    def _index_sizes(self) -> dict[Relation, int]:
        return {index.relation: index.bytes for index in fetch(self._onlooker, "index_sizes", _Sized)}

    def _sample(self) -> None:
        while not self._ended.is_set():
            try:
                with self._open() as conn:
                    self._sample_on(conn)
            except PgrefitError:
                self._ended.wait(EVERY_SECONDS)

    def _sample_on(self, conn: Session) -> None:
        while not self._ended.wait(self._pause()):
            watched = self._watched
            if watched is None:
                continue
            now = monotonic()
            states = fetch(conn, "lock_states", LockState, pids=list(self._sessions))
            with self._mutex:
                # Where the next step has begun meanwhile, these may be its locks.
                if self._watched is watched:
                    watched.times.sampled(states, now)

    def _pause(self) -> float:
        watched = self._watched
        late = watched is not None and monotonic() - watched.since > SOON_SECONDS
        return LATER_SECONDS if late else EVERY_SECONDS


def table_sizes(conn: Session) -> dict[Relation, TableSize]:
    """The tables of a database, as they are now."""
    return {size.relation: TableSize(bytes=size.bytes, rows=size.rows) for size in fetch(conn, "table_sizes", _Sized)}
