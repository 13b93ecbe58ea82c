"""The verbs apply, rollback, status and verify."""

from __future__ import annotations

from pathlib import Path

from pgrefit.api.workshop import opener
from pgrefit.apply.dry_run import describe as describe_steps
from pgrefit.apply.dry_run import describe_undo
from pgrefit.apply.executor import apply_plan
from pgrefit.apply.journal import read_run
from pgrefit.apply.rollback import roll_back
from pgrefit.apply.settings import DEFAULTS, SILENT, Hooks, Settings
from pgrefit.apply.verify import verify as verify_run
from pgrefit.errors import Refused, StalePlan
from pgrefit.model.change import Phase
from pgrefit.model.codec import fingerprint
from pgrefit.model.plan import Plan
from pgrefit.model.plan_folder import plan_hash, read_plan
from pgrefit.model.run import Run, Verification
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.connect import Limits, Target, open_observer, open_session

UNFINISHED = {"running", "stopped"}


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
    check_fits(target, plan)
    return apply_plan(
        opener(target.dsn, "apply"), plan, until=until, hooks=hooks or Hooks(), settings=settings or Settings()
    )


def describe(target: Target, folder: Path, *, until: Phase | str | None = None) -> tuple[str, ...]:
    """Lines of what apply would run: every statement with its lock. Refuses what apply would refuse."""
    plan = read_plan(folder)
    check_fits(target, plan)
    with open_observer(target, application="apply") as conn:
        return tuple(describe_steps(plan, read_run(conn, plan_hash(plan)), until))


def rollback(target: Target, folder: Path, *, to: str | None = None, hooks: Hooks = SILENT) -> Run:
    """Take a run back, to just after step `to`, or wholly."""
    plan = read_plan(folder)
    return roll_back(opener(target.dsn, "rollback"), plan, to=to, hooks=hooks)


def check_fits(target: Target, plan: Plan) -> None:
    """StalePlan where no run of the plan is under way and the schema is not the one that it was drawn for."""
    with open_observer(target, application="apply") as conn:
        run = read_run(conn, plan_hash(plan))
        if run and (run.state in UNFINISHED or any(step.state == "done" for step in run.steps)):
            return
        now = take_snapshot(conn)
    if fingerprint(now) != plan.fingerprint:
        other = now.database != plan.database
        raise StalePlan(
            f"the plan was made for another schema than that of {now.database}",
            why=f"it was made for {plan.database}" if other else "the schema has changed since the plan was made",
            next_step="make a new plan with pgrefit design",
        )


def describe_way_back(target: Target, folder: Path, *, to: str | None = None) -> tuple[str, ...]:
    """Lines of what rollback would run."""
    plan = read_plan(folder)
    with open_observer(target, application="rollback") as conn:
        return tuple(describe_undo(plan, read_run(conn, plan_hash(plan)), to))


def status(target: Target) -> Run | None:
    """What the newest run has done and left to do; None where there was none."""
    with open_observer(target, application="status") as conn:
        return read_run(conn, None)


def verify(target: Target, folder: Path, *, against: Target | None = None) -> Verification:
    """Whether all that the plan did is sound; with `against`, a copy from before, whether anything was lost."""
    plan = read_plan(folder)
    # Rows from before are compared in a temporary table, which a read-only session may not have; it is rolled back.
    with open_session(target, application="verify") as conn:
        run = read_run(conn, plan_hash(plan))
        if run is None:
            raise Refused("the plan has not been applied to this database", next_step="run pgrefit apply first")
        if against is None:
            return verify_run(conn, plan, run)
        with open_observer(against, application="verify", limits=Limits(runtime_ms=0)) as before:
            return verify_run(conn, plan, run, before=before)
