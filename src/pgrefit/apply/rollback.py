"""Take a run back, step by step, from its end."""

from __future__ import annotations

from pgrefit.errors import Refused
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import plan_hash
from pgrefit.model.run import Event, Run

from . import journal, steps
from .executor import noting_stop, position
from .session import Open, Work, working
from .settings import DEFAULTS, SILENT, Hooks, Settings


def roll_back(
    open_: Open, plan: Plan, *, to: str | None = None, hooks: Hooks = SILENT, settings: Settings = DEFAULTS
) -> Run:
    """Undo what was done after the step `to`, or everything; steps that were skipped are not ours to undo.

    Returns the run: 'rolled back', or 'stopped' where steps remain done. Raises Refused, before anything is changed,
    where there is no run, where a step in between cannot be undone, or where another plan was applied since.
    """
    after = 0 if to is None else position(plan, to) + 1
    with working(open_, hooks, settings) as work:
        run = _run_to_undo(work, plan)
        state = {step.id: step.state for step in run.steps}
        doomed = [step for step in reversed(plan.steps[after:]) if state[step.id] in {"started", "done"}]
        _refuse_no_return(doomed)
        if run.state != "rolled back":
            journal.set_run(work.conn, run.id, "rolling back")
        for step in doomed:
            with noting_stop(work, run.id, step, "rolling back"):
                steps.undo(work, run.id, step)
        return _ended(work, run.id)


def _run_to_undo(work: Work, plan: Plan) -> Run:
    run = journal.read_run(work.conn, plan_hash(plan))
    if run is None:
        raise Refused("this plan was not applied to this database", why="its journal knows no run of it")
    journal.refuse_others(work.conn, plan)
    for row in journal.runs(work.conn):
        if row.id == run.id:
            break
        if row.state != "rolled back":
            raise Refused(
                f"another plan was applied since: {row.plan}",
                why=f"run {row.id}, {row.state}",
                next_step="roll that one back first",
            )
    return run


def _refuse_no_return(doomed: list[PlanStep]) -> None:
    fixed = [step for step in doomed if not step.reversible]
    if fixed:
        raise Refused(
            "the way back crosses the line of no return: " + ", ".join(f"{s.id} {s.step.title}" for s in fixed),
            why="these steps took something away that cannot be brought back",
            next_step=f"roll back to step {fixed[0].id}, which leaves it done; for more, restore a backup",
        )


def _ended(work: Work, run_id: str) -> Run:
    run = journal.reread(work.conn, run_id)
    left = any(step.state in {"started", "done"} for step in run.steps)
    journal.set_run(work.conn, run_id, "stopped" if left else "rolled back")
    work.hooks.on_event(Event(kind="run done"))
    return journal.reread(work.conn, run_id)
