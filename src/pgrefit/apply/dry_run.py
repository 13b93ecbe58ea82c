"""What an apply would run, for people to read before it does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pgrefit.model.change import Batches, Phase, Way
from pgrefit.model.plan import Plan, PlanStep, statements
from pgrefit.model.run import Run

from .executor import selected, steps_left


def describe(plan: Plan, run: Run | None = None, until: Phase | str | None = None) -> Iterator[str]:
    """Lines: each step that is not done in `run` with its locks, then its statements.

    Raises UsageError for a step that the plan does not have.
    """
    return describe_steps(steps_to_do(plan, run, until))


def steps_to_do(plan: Plan, run: Run | None = None, until: Phase | str | None = None) -> tuple[PlanStep, ...]:
    """The steps up to a phase or a step's id that are not done in `run`."""
    return steps_left(selected(plan, until), run)


def describe_steps(steps: Iterable[PlanStep]) -> Iterator[str]:
    """Lines: each of these steps with its locks, and its statements."""
    for step in steps:
        yield from _describe(step)


def describe_undo(doomed: Iterable[PlanStep]) -> Iterator[str]:
    """Lines: each of these steps with its locks, and the statements that undo it."""
    for step in doomed:
        yield f"-- undo {step.id} {step.step.phase.value}: {' '.join(step.step.title.split())}"
        if isinstance(step.step.undo, Way):
            yield f"--   {step.step.undo.value}"
        else:
            yield f"--   {_locks(step)}"
            yield from (f"{statement};" for statement in statements(step.step.undo))
        yield ""


def _describe(step: PlanStep) -> Iterator[str]:
    yield f"-- {step.id} {step.step.phase.value}: {' '.join(step.step.title.split())}"
    yield f"--   {_locks(step)}; {step.step.work.value}{_how(step)}"
    if step.step.hazard:
        yield f"--   take care: {' '.join(step.step.hazard.split())}"
    if not step.reversible:
        yield "--   there is no way back behind this step"
    for statement in statements(step.step.do):
        yield f"{statement};"
    yield ""


def _locks(step: PlanStep) -> str:
    return ", ".join(f"{lock.mode.sql} on {lock.on}" for lock in step.step.locks) or "no lock on a table"


def _how(step: PlanStep) -> str:
    if isinstance(step.step.do, Batches):
        rows = f" of {step.rows} rows" if step.rows >= 0 else ""
        return f", over ranges of {', '.join(step.step.do.key)}{rows}, one transaction each"
    return "" if step.step.in_transaction else "; outside of a transaction"
