"""What plans, rehearsals and runs say of a step, as every form of the report tells it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pgrefit.model.change import Batches, Step, Way
from pgrefit.model.locks import Lock
from pgrefit.model.plan import Plan
from pgrefit.model.rehearsal import StepMeasure
from pgrefit.model.run import Run, StepRun


def strongest(locks: Iterable[Lock]) -> Lock | None:
    """The strongest of some locks; None where there are none."""
    return max(locks, key=lambda lock: lock.mode.strength, default=None)


def longest_hold(measure: StepMeasure) -> float | None:
    """For how long a step held its strongest lock on the clone (ms); None where that was not measured."""
    lock = strongest(measure.taken)
    held = [time.hold for time in measure.times if lock is not None and time.mode is lock.mode]
    return max(held, default=None)


def lock_phrase(step: Step) -> str:
    """The strongest lock that a step declares, and on what."""
    lock = strongest(step.locks)
    return f"{lock.mode.sql} on {lock.on}" if lock else "no table lock"


def first_of_no_return(plan: Plan) -> str:
    """The id of the first step that cannot be undone; empty where all can."""
    return next((step.id for step in plan.steps if not step.reversible), "")


def elapsed(value: Run | StepRun, now: datetime | None = None) -> float | None:
    """How long a run or a step took in ms, until `now` where it has not finished; None where it has not begun."""
    end = value.finished_at or now
    if value.started_at is None or end is None:
        return None
    return (end - value.started_at).total_seconds() * 1000


def action_text(action: tuple[str, ...] | Batches | Way) -> str:
    """What a step does, or how it is undone, as SQL or in words."""
    match action:
        case Way():
            return f"-- {action.value}"
        case Batches():
            return f"-- in batches over the key ({', '.join(action.key)}) of {action.table}\n{action.statement};"
        case _:
            return "\n".join(f"{statement};" for statement in action)
