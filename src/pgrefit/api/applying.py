"""The verbs apply, rollback, status and verify."""

from __future__ import annotations

import time
from pathlib import Path

from pgrefit.api.workshop import opener
from pgrefit.apply.disk import Room, take_room
from pgrefit.apply.dry_run import steps_to_do
from pgrefit.apply.executor import apply_plan, refuse_beforehand, run_to_resume, selected
from pgrefit.apply.journal import read_run, recorded_plan
from pgrefit.apply.rollback import roll_back, steps_to_undo
from pgrefit.apply.settings import DEFAULTS, SILENT, Hooks, Settings
from pgrefit.apply.status import take_status
from pgrefit.apply.verify import verify as verify_run
from pgrefit.errors import LockNotGranted, PlanDamaged, Refused, StalePlan
from pgrefit.model.change import Phase
from pgrefit.model.codec import fingerprint
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import plan_hash, read_plan, stored_hash
from pgrefit.model.run import Event, Run, Verification
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.connect import Limits, Session, Target, open_observer, open_session

BEGUN = {"started", "done"}  # from then on the schema is no longer the one that the plan was drawn for


def apply(
    target: Target,
    folder: Path,
    *,
    until: Phase | str | None = None,
    hooks: Hooks = SILENT,
    settings: Settings = DEFAULTS,
) -> Run:
    """Run a plan online, or go on where a run stopped. Refused where the database is not the one it was made for."""
    plan = read_plan(folder)
    check_fits(target, plan, hooks=hooks, settings=settings)
    return apply_plan(opener(target.dsn, "apply"), plan, until=until, hooks=hooks, settings=settings)


def foresee(
    target: Target, folder: Path, *, until: Phase | str | None = None, settings: Settings = DEFAULTS
) -> tuple[PlanStep, ...]:
    """The steps that apply would run. Refuses what apply would refuse, before it changes anything."""
    plan = read_plan(folder)
    selected(plan, until)
    check_fits(target, plan, settings=settings)
    with open_observer(target, application="apply") as conn:
        steps = steps_to_do(plan, run_to_resume(conn, plan), until)
        refuse_beforehand(conn, steps)
        return steps


def foresee_room(target: Target, steps: tuple[PlanStep, ...]) -> Room:
    """How much room on the disk the steps take, and how much there is."""
    with open_observer(target, application="apply") as conn:
        return take_room(conn, steps)


def rollback(
    target: Target, folder: Path, *, to: str | None = None, hooks: Hooks = SILENT, settings: Settings = DEFAULTS
) -> Run:
    """Take a run back, to just after step `to`, or wholly."""
    plan = _applied_plan(target, folder)
    return roll_back(opener(target.dsn, "rollback"), plan, to=to, hooks=hooks, settings=settings)


def check_fits(target: Target, plan: Plan, *, hooks: Hooks = SILENT, settings: Settings = DEFAULTS) -> None:
    """StalePlan where no step of the plan was begun and the schema is not the one that it was drawn for."""
    limits = Limits(lock_wait_ms=settings.lock_wait_ms)
    with open_observer(target, application="apply", limits=limits) as conn:
        run = read_run(conn, plan_hash(plan))
        if run and any(step.state in BEGUN for step in run.steps):
            return
        now = _patient_snapshot(conn, hooks, settings)
    if fingerprint(now) != plan.fingerprint:
        other = now.database != plan.database
        raise StalePlan(
            f"the plan was made for another schema than that of {now.database}",
            why=f"it was made for {plan.database}" if other else "the schema has changed since the plan was made",
            next_step="make a new plan with pgrefit design",
        )


def _patient_snapshot(conn: Session, hooks: Hooks, settings: Settings) -> Snapshot:
    """The schema, tried as often as a step is: who holds a table exclusively holds up its reader too."""
    for number in range(1, settings.tries):
        try:
            return take_snapshot(conn)
        except LockNotGranted as error:
            hooks.on_event(Event(kind="retry", message=f"try {number}: {error.why}"))
            time.sleep(settings.pause_ms[0] / 1000)
    return take_snapshot(conn)


def foresee_way_back(target: Target, folder: Path, *, to: str | None = None) -> tuple[PlanStep, ...]:
    """The steps that rollback would undo, in its order. Refuses what rollback would refuse."""
    plan = _applied_plan(target, folder)
    with open_observer(target, application="rollback") as conn:
        return tuple(steps_to_undo(conn, plan, to))


def _applied_plan(target: Target, folder: Path) -> Plan:
    """The plan of a folder; where its files were changed since, as it was applied, which the journal has."""
    try:
        return read_plan(folder)
    except PlanDamaged:
        written = stored_hash(folder)
        with open_observer(target, application="status") as conn:
            plan = recorded_plan(conn, written)
        if plan is None:
            raise
        return plan


def status(target: Target) -> Run | None:
    """What the newest run has done and left to do, and who works on it; None where there was none."""
    with open_observer(target, application="status") as conn:
        return take_status(conn)


def verify(target: Target, folder: Path, *, against: Target | None = None) -> Verification:
    """Whether all that the plan did is sound; with `against`, a copy from before, whether anything was lost."""
    plan = _applied_plan(target, folder)
    # Rows from before are compared in a temporary table, which a read-only session may not have; it is rolled back.
    with open_session(target, application="verify") as conn:
        run = read_run(conn, plan_hash(plan))
        if run is None or run.state == "rolled back":
            said = "was rolled back" if run else "has not been applied to this database"
            raise Refused(f"the plan {said}: there is nothing to verify", next_step="run pgrefit apply first")
        if against is None:
            return verify_run(conn, plan, run)
        with open_observer(against, application="verify", limits=Limits(runtime_ms=0)) as before:
            return verify_run(conn, plan, run, before=before)
