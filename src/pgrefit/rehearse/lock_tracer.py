"""Measures what the executor's steps take: their locks, their time, the indexes that they build."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from threading import Event as Signal
from threading import Lock as Mutex
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Self

from pgrefit.errors import PgrefitError
from pgrefit.model.change import Batches, Step, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.rehearsal import StepMeasure
from pgrefit.model.run import Event, Run
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch
from pgrefit.rehearse.parties import OpenSession
from pgrefit.rehearse.table_locks import table_locks

EVERY_SECONDS = 0.003


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """An index that a step built: ms and bytes."""

    index: Relation
    step: str
    build: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Index:
    schema: str
    name: str
    bytes: int


class Tracer:
    """Hand `open`, `before_commit` and `on_event` to the executor; then ask for `measures`.

    Locks of a step in a transaction are read just before it commits. A step outside a transaction is watched every few
    ms while it runs. They are read from a session of its own, to which tables that the step makes do not exist yet.
    """

    def __init__(self, open_: OpenSession, plan: Plan) -> None:
        self.index_costs: list[IndexCost] = []
        self._open = open_
        self._plan = plan
        self._pids: list[int] = []
        self._mutex = Mutex()
        self._taken: defaultdict[str, dict[Relation, LockMode]] = defaultdict(dict)
        self._up: dict[str, float] = {}
        self._down: dict[str, float] = {}
        self._rows: dict[str, int] = {}
        self._watched: PlanStep | None = None
        self._since = monotonic()
        self._ended = Signal()

    def __enter__(self) -> Self:
        self._onlooker = self._open()
        self._indexes = self._index_sizes()
        self._sampler = Thread(target=self._sample, name="lock tracer", daemon=True)
        self._sampler.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._sampler.join()
        self._onlooker.close()

    def open(self) -> Session:
        """A session for the executor, whose locks are looked at from now on."""
        session = self._open()
        self._pids.append(session.info.backend_pid)
        return session

    def before_commit(self, conn: Session, step: PlanStep) -> None:
        """Read what the step's transaction holds."""
        self._note(step.id, table_locks(self._onlooker, conn.info.backend_pid))

    def on_event(self, event: Event) -> None:
        """Follow the steps up and down."""
        if event.kind == "step started":
            self._started(event)
        elif event.kind == "step done":
            self._done(event)
        elif event.kind == "step undone":
            self._down[event.step] = event.elapsed_ms or self._passed()
            self._since = monotonic()

    def on_run(self, run: Run) -> None:
        """Take the rows that each step changed from the run's own account."""
        self._rows |= {step.id: step.rows for step in run.steps}

    def measures(self) -> tuple[StepMeasure, ...]:
        """What was measured of the steps that ran, in the plan's order."""
        return tuple(self._measure(step) for step in self._plan.steps if step.id in self._up)

    def _started(self, event: Event) -> None:
        self._since = monotonic()
        step = self._plan.step(event.step)
        if not step.step.in_transaction and not isinstance(step.step.do, Batches):
            self._watched = step

    def _done(self, event: Event) -> None:
        self._watched = None
        elapsed = event.elapsed_ms or self._passed()
        self._up[event.step] = elapsed
        if self._plan.step(event.step).step.work is Work.BUILD:
            self._note_indexes(event.step, elapsed)

    def _passed(self) -> float:
        return (monotonic() - self._since) * 1000

    def _note(self, step_id: str, locks: tuple[Lock, ...]) -> None:
        with self._mutex:
            taken = self._taken[step_id]
            for lock in locks:
                known = taken.get(lock.on)
                if known is None or lock.mode.strength > known.strength:
                    taken[lock.on] = lock.mode

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
        return {Relation(i.schema, i.name): i.bytes for i in fetch(self._onlooker, "index_sizes", _Index)}

    def _sample(self) -> None:
        while not self._ended.is_set():
            try:
                with self._open() as conn:
                    self._sample_on(conn)
            except PgrefitError:
                self._ended.wait(EVERY_SECONDS)

    def _sample_on(self, conn: Session) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            step = self._watched
            if step is None:
                continue
            locks = table_locks(conn, *self._pids)
            # Where the next step has begun meanwhile, these may be its locks.
            if self._watched is step:
                self._note(step.id, locks)

    def _measure(self, step: PlanStep) -> StepMeasure:
        taken = tuple(Lock(on, mode) for on, mode in sorted(self._taken[step.id].items()))
        return StepMeasure(
            id=step.id,
            title=step.step.title,
            phase=step.step.phase.value,
            up=self._up[step.id],
            down=self._down.get(step.id),
            rows=self._rows.get(step.id, 0),
            declared=step.step.locks,
            taken=taken,
            problems=broken_promises(step.step, taken),
        )


def broken_promises(step: Step, taken: tuple[Lock, ...]) -> tuple[str, ...]:
    """Where a step took a stronger lock than it declared, or one that it did not; readers' locks are passed over."""
    declared = {lock.on: lock.mode for lock in step.locks}
    problems: list[str] = []
    for lock in taken:
        promised = declared.get(lock.on, LockMode.ACCESS_SHARE)
        if lock.mode.strength > promised.strength:
            said = f"declares {promised.sql}" if lock.on in declared else "declares none"
            problems.append(f"takes {lock.mode.sql} on {lock.on}, {said}")
    return tuple(problems)
