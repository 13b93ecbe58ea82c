"""What an apply would run, for people to read before it does."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Action, Batches, Phase, Way
from pgrefit.model.plan import Plan, PlanStep, statements
from pgrefit.model.run import Run

from .executor import selected
from .journal import FINISHED_STEPS


def describe(plan: Plan, run: Run | None = None, until: Phase | str | None = None) -> Iterator[str]:
    """Lines: each step that is not done in `run` with its locks, then its statements.

    Raises UsageError for a step that the plan does not have.
    """
    known = run.steps if run and run.state != "rolled back" else ()
    finished = {step.id for step in known if step.state in FINISHED_STEPS}
    for step in selected(plan, until):
        if step.id not in finished:
            yield from _describe(step)


def describe_undo(plan: Plan, run: Run | None, to: str | None = None) -> Iterator[str]:
    """Lines: each step that a rollback to just after step `to` would undo, backwards, with its statements."""
    done = {step.id for step in run.steps if step.state in {"started", "done"}} if run else set[str]()
    kept = {step.id for step in selected(plan, to)} if to else set[str]()
    for step in reversed(plan.steps):
        if step.id in done - kept:
            yield f"-- undo {step.id} {step.step.phase.value}: {' '.join(step.step.title.split())}"
            yield from ((f"--   {step.step.undo.value}",) if isinstance(step.step.undo, Way) else _undo(step.step.undo))
            yield ""


def _undo(action: Action) -> Iterator[str]:
    for statement in statements(action):
        yield f"{statement};"


def _describe(step: PlanStep) -> Iterator[str]:
    locks = ", ".join(f"{lock.mode.sql} on {lock.on}" for lock in step.step.locks) or "no lock on a table"
    yield f"-- {step.id} {step.step.phase.value}: {' '.join(step.step.title.split())}"
    yield f"--   {locks}; {step.step.work.value}{_how(step)}"
    if step.step.hazard:
        yield f"--   take care: {' '.join(step.step.hazard.split())}"
    if not step.reversible:
        yield "--   there is no way back behind this step"
    for statement in statements(step.step.do):
        yield f"{statement};"
    yield ""


def _how(step: PlanStep) -> str:
    if isinstance(step.step.do, Batches):
        rows = f" of {step.rows} rows" if step.rows >= 0 else ""
        return f", over ranges of {', '.join(step.step.do.key)}{rows}, one transaction each"
    return "" if step.step.in_transaction else "; outside of a transaction"
