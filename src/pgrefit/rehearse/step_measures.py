"""What was seen of each step, compared with what it declares, and what that comes to at the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pgrefit.model.change import Step, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.rehearsal import Forecast, LockTime, StepMeasure
from pgrefit.rehearse.forecast import Sizes, fixed_part, forecast, growth
from pgrefit.rehearse.lock_times import merged
from pgrefit.rehearse.work_watch import WorkDone, lies

ORDER = (Work.INSTANT, Work.BATCHES, Work.SCAN, Work.BUILD, Work.REWRITE)


@dataclass(slots=True)
class Seen:
    """A step, over all the times that it ran; times in ms."""

    up: float = 0.0
    quickest: float = float("inf")
    down: float | None = None
    work: WorkDone = field(default_factory=lambda: WorkDone(work=Work.INSTANT))
    locks: tuple[LockTime, ...] = ()
    undisturbed: tuple[LockTime, ...] = ()  # the shorter of each: what else the machine did only adds
    there: frozenset[Relation] = field(default_factory=frozenset[Relation])  # tables and indexes before it ran

    def did(self, work: WorkDone) -> None:
        """Keep the heaviest that it did."""
        self.work = max(self.work, work, key=lambda done: ORDER.index(done.work))

    def times(self, locks: tuple[LockTime, ...]) -> None:
        """Keep the longest, and the shortest."""
        self.undisturbed = merged(self.undisturbed, locks, min)
        self.locks = merged(self.locks, locks, max)


def measured(
    plan: Plan, seen: Mapping[str, Seen], rows: Mapping[str, int], sizes: Sizes, budget: float
) -> tuple[StepMeasure, ...]:
    """The steps that ran, in the plan's order."""
    fixed = fixed_part(one.quickest for one in seen.values() if one.work.work is Work.INSTANT)
    return tuple(
        _measure(step, seen[step.id], rows.get(step.id, 0), sizes, fixed=fixed, budget=budget)
        for step in plan.steps if step.id in seen
    )  # fmt: skip


def _measure(step: PlanStep, seen: Seen, rows: int, sizes: Sizes, *, fixed: float, budget: float) -> StepMeasure:
    taken = tuple(Lock(time.on, time.mode) for time in seen.locks)
    at_target = _at_target(step.step, seen, sizes, fixed)
    problems = (
        *broken_promises(step.step.locks, taken),
        *lies(step.step, seen.work, {lock.on: lock.mode for lock in taken}),
        *overrun(step.step.work, at_target, budget),
    )
    return StepMeasure(
        id=step.id,
        title=step.step.title,
        phase=step.step.phase.value,
        up=seen.up,
        down=seen.down,
        rows=rows,
        declared=step.step.locks,
        taken=taken,
        problems=problems,
        times=seen.locks,
        work=step.step.work,
        did=seen.work.work,
        notes=tuple(_notes(step.step, seen)),
        at_target=at_target,
    )


def broken_promises(locks: Iterable[Lock], taken: Iterable[Lock]) -> Iterator[str]:
    """Where a step took a stronger lock than it declared, or one that it did not; readers' locks are passed over."""
    declared = {lock.on: lock.mode for lock in locks}
    for lock in taken:
        promised = declared.get(lock.on, LockMode.ACCESS_SHARE)
        if lock.mode.strength > promised.strength:
            said = f"declares {promised.sql}" if lock.on in declared else "declares none"
            yield f"takes {lock.mode.sql} on {lock.on}, {said}"


def overrun(declared: Work | None, at_target: Forecast | None, budget: float) -> Iterator[str]:
    """Where others will have to wait for longer than the budget allows (ms).

    A step that says that it rewrites its table was asked for by name, for a maintenance window.
    """
    if declared is Work.REWRITE or at_target is None or at_target.lock is None:
        return
    if at_target.hold > budget:
        who = "readers and writers" if at_target.lock.mode.blocks_reads else "writers"
        yield (
            f"would hold {at_target.lock.mode.sql} on {at_target.lock.on} for {at_target.hold / 1000:.1f} s at the"
            f" target, and {who} wait so long; {budget / 1000:g} s are allowed"
        )


def _at_target(step: Step, seen: Seen, sizes: Sizes, fixed: float) -> Forecast:
    work = max(step.work, seen.work.work, key=ORDER.index)
    tables = seen.work.on or tuple(lock.on for lock in step.locks)
    return forecast(work, seen.quickest, seen.undisturbed, growth(work, tables, sizes), fixed)


def _notes(step: Step, seen: Seen) -> Iterator[str]:
    """Locks that were declared and not seen, where clients would have waited for them; reads that cost."""
    taken = {time.on: time.mode for time in seen.locks}
    for lock in step.locks:
        if lock.on in seen.there and lock.on not in taken and lock.mode.blocks_writes:
            yield f"declares {lock.mode.sql} on {lock.on}, and was not seen to take a lock there"
        elif lock.on in taken and lock.mode.blocks_writes and not taken[lock.on].blocks_writes:
            yield f"declares {lock.mode.sql} on {lock.on}, and was seen to take no more than {taken[lock.on].sql}"
    if step.work is Work.INSTANT:
        weak = [on for on in seen.work.scanned if on not in taken or not taken[on].blocks_writes]
        yield from (f"reads all of {table}, and nobody waits for it" for table in weak)
