"""Apply a plan, step by step; run again, it goes on where it was cut short."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg

from pgrefit.errors import PgrefitError, ProofFailed, Refused, UsageError
from pgrefit.model.change import Phase
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import plan_hash
from pgrefit.model.run import Event, Run, RunState, StepRun
from pgrefit.pg.connect import Session

from . import journal, steps
from .disk import check_room
from .privileges import check_privileges
from .session import Open, Work, working
from .settings import DEFAULTS, SILENT, Hooks, Settings
from .verify import verify


def apply_plan(
    open_: Open, plan: Plan, *, until: Phase | str | None = None, hooks: Hooks = SILENT, settings: Settings = DEFAULTS
) -> Run:
    """Run the steps that are not done yet, up to and including a phase or a step's id; all by default.

    `open_` opens a session that may write; it is called twice. Returns the run as the journal has it: 'done', or
    'stopped' where steps are left. Raises Refused and AlreadyRunning before anything was changed; StoppedSafely and
    MissingPrivilege in a state that running again continues from.
    """
    chosen = selected(plan, until)
    with working(open_, hooks, settings) as work:
        found = run_to_resume(work.conn, plan)
        refuse_beforehand(work.conn, steps_left(chosen, found))
        journal.install(work.conn)
        run = found or journal.open_run(work.conn, plan)
        if run.state == "done":
            return run
        journal.set_run(work.conn, run.id, "running")
        work = noting_waits(work, run.id)  # noqa: PLW2901
        for step in chosen:
            was = _state(work, run, step)
            if was.state in journal.FINISHED_STEPS:
                continue
            with noting_stop(work, run.id, step, "stopped"):
                if step.step.phase is Phase.CONTRACT:
                    _verify_before_contract(work, plan, run.id)
                steps.do(work, run.id, step, was)
        return _ended(work, run.id)


def selected(plan: Plan, until: Phase | str | None) -> tuple[PlanStep, ...]:
    """The steps of a plan up to and including a phase or a step's id. Raises UsageError for an id that is not there."""
    if until is None:
        return plan.steps
    if isinstance(until, Phase):
        return plan.up_to(until)
    return plan.steps[: position(plan, until) + 1]


def steps_left(steps: Iterable[PlanStep], run: Run | None) -> tuple[PlanStep, ...]:
    """Those that are not done in the run."""
    known = run.steps if run and run.state != "rolled back" else ()
    finished = {step.id for step in known if step.state in journal.FINISHED_STEPS}
    return tuple(step for step in steps if step.id not in finished)


def refuse_beforehand(conn: Session, steps: tuple[PlanStep, ...]) -> None:
    """Raise, before anything is changed, MissingPrivilege or, where they do not fit on the disk, Refused."""
    journal.check_rights(conn)
    check_privileges(conn, steps)
    check_room(conn, steps)


def position(plan: Plan, step_id: str) -> int:
    """Where in the plan a step stands, from 0. Raises UsageError where it is not."""
    ids = [step.id for step in plan.steps]
    if step_id not in ids:
        phases = ", ".join(dict.fromkeys(step.step.phase.value for step in plan.steps))
        raise UsageError(
            f"the plan has no step {step_id}", next_step=f"its steps are {', '.join(ids)}, in the phases {phases}"
        )
    return ids.index(step_id)


@contextmanager
def noting_stop(work: Work, run: str, step: PlanStep, state: RunState) -> Generator[None]:
    """Note in the journal, where that is still possible, that and why the run stopped here."""
    try:
        yield
    except BaseException as error:
        with suppress(psycopg.Error, PgrefitError), work.conn.transaction():
            journal.say(work.conn, run, step.id, _reason(error))
            journal.set_run(work.conn, run, state)
        raise


def noting_waits(work: Work, run: str) -> Work:
    """The same work with a journal, in which it notes what it waits for, so that others can ask for its status."""
    journal.forget_stop(work.conn, run)

    def on_event(event: Event) -> None:
        if event.kind in {"retry", "waiting"}:
            journal.say(work.conn, run, event.step, event.message)
        work.hooks.on_event(event)

    return replace(work, run=run, hooks=replace(work.hooks, on_event=on_event))


def _reason(error: BaseException) -> str:
    match error:
        case PgrefitError():
            return ": ".join(part for part in (error.what, error.why) if part)
        case KeyboardInterrupt():
            return "interrupted"
        case _:
            return f"{type(error).__name__}: {error}"


def run_to_resume(conn: Session, plan: Plan) -> Run | None:
    """The run of the plan that an apply goes on with; None where it begins a new one. Refuses what apply refuses."""
    journal.refuse_others(conn, plan)
    run = journal.read_run(conn, plan_hash(plan))
    if run is None or run.state == "rolled back":
        return None
    if run.state == "rolling back":
        raise Refused(
            "this plan is being rolled back",
            why=f"run {run.id} was left in the middle of it",
            next_step="finish it with `pgrefit rollback`, then apply again",
        )
    return run


def _state(work: Work, run: Run, step: PlanStep) -> StepRun:
    return next(found for found in journal.reread(work.conn, run.id).steps if found.id == step.id)


def _verify_before_contract(work: Work, plan: Plan, run_id: str) -> None:
    """Before the first step that takes the old shape away: what was done so far must hold. Raises ProofFailed."""
    run = journal.reread(work.conn, run_id)
    if any(step.phase == Phase.CONTRACT.value and step.state in {"started", "done"} for step in run.steps):
        return
    verification = verify(work.conn, plan, run)
    journal.store(work.conn, run_id, verification)
    failed = [f"{check.name}: {check.detail}" for check in verification.checks if not check.passed]
    if failed:
        raise ProofFailed(
            "the verification before the contract phase failed; nothing was taken away",
            why="; ".join(failed),
            next_step="mend what failed and run again, or roll back",
        )


def _ended(work: Work, run_id: str) -> Run:
    run = journal.reread(work.conn, run_id)
    finished = all(step.state in journal.FINISHED_STEPS for step in run.steps)
    journal.set_run(work.conn, run_id, "done" if finished else "stopped")
    work.hooks.on_event(Event(kind="run done"))
    return journal.reread(work.conn, run_id)
