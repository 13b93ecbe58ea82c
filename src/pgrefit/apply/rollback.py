"""Take a run back, step by step, from its end."""

from __future__ import annotations

from pgrefit.errors import Refused
from pgrefit.model.change import Batches
from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import plan_hash
from pgrefit.model.run import Event, Run, StepState
from pgrefit.pg.connect import Session

from . import journal, steps
from .executor import noting_stop, noting_waits, position
from .session import Open, Work, execute, working
from .settings import DEFAULTS, SILENT, Hooks, Settings

EMPTIED = (Relation("pgrefit", "quarantine"), Relation("pgrefit", "before_image"))


def roll_back(
    open_: Open, plan: Plan, *, to: str | None = None, hooks: Hooks = SILENT, settings: Settings = DEFAULTS
) -> Run:
    """Undo what was done after the step `to`, or everything; steps that were skipped are not ours to undo.

    Returns the run: 'rolled back', or 'stopped' where steps remain done. Raises Refused, before anything is changed,
    where there is no run, where a step in between cannot be undone, or where another plan was applied since.
    """
    after = 0 if to is None else position(plan, to) + 1
    with working(open_, hooks, settings) as work:
        run = _run_to_undo(work.conn, plan)
        doomed = _doomed(plan, run, after)
        if not doomed and run.state == "done":
            return run
        if run.state != "rolled back":
            journal.set_run(work.conn, run.id, "rolling back")
        work = noting_waits(work, run.id)  # noqa: PLW2901
        for step in doomed:
            with noting_stop(work, run.id, step, "rolling back"):
                steps.undo(work, run.id, step)
        return _ended(work, run.id)


def steps_to_undo(conn: Session, plan: Plan, to: str | None = None) -> list[PlanStep]:
    """The steps that a rollback would undo, in its order. Refuses what it would refuse."""
    after = 0 if to is None else position(plan, to) + 1
    return _doomed(plan, _run_to_undo(conn, plan), after)


def _run_to_undo(conn: Session, plan: Plan) -> Run:
    run = journal.read_run(conn, plan_hash(plan))
    if run is None:
        raise Refused("this plan was not applied to this database", why="its journal knows no run of it")
    journal.refuse_others(conn, plan)
    for row in journal.runs(conn):
        if row.id == run.id:
            break
        if row.state != "rolled back":
            raise Refused(
                f"another plan was applied since: {row.plan}",
                why=f"run {row.id}, {row.state}",
                next_step="roll that one back first",
            )
    return run


def _left_something(step: PlanStep, state: StepState) -> bool:
    """A skipped step did nothing, but its undo may put back rows that a later step put aside for the same reasons."""
    return state in {"started", "done"} or (state == "skipped" and isinstance(step.step.undo, Batches))


def _doomed(plan: Plan, run: Run, after: int) -> list[PlanStep]:
    state: dict[str, StepState] = {step.id: step.state for step in run.steps}
    doomed = [step for step in reversed(plan.steps[after:]) if _left_something(step, state[step.id])]
    fixed = [step for step in doomed if not step.reversible]
    if fixed:
        raise Refused(
            "the way back crosses the line of no return: " + ", ".join(f"{s.id} {s.step.title}" for s in fixed),
            why="these steps took something away that cannot be brought back",
            next_step=f"roll back to step {fixed[0].id}, which leaves it done; for more, restore a backup",
        )
    return doomed


def _ended(work: Work, run_id: str) -> Run:
    run = journal.reread(work.conn, run_id)
    left = any(step.state in {"started", "done"} for step in run.steps)
    journal.set_run(work.conn, run_id, "stopped" if left else "rolled back")
    if not left:  # what is empty again gives its room back
        for table in EMPTIED:
            execute(work.conn, ddl("VACUUM {table}", table=table))
    work.hooks.on_event(Event(kind="run done"))
    return journal.reread(work.conn, run_id)
