"""The verb rehearse."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pgrefit.api.applying import check_fits
from pgrefit.api.observing import load_workload
from pgrefit.api.workshop import clone, copy_of
from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.apply.settings import Hooks
from pgrefit.bench.load import Load
from pgrefit.model.change import Phase
from pgrefit.model.codec import to_json
from pgrefit.model.plan import Plan
from pgrefit.model.plan_folder import plan_hash, read_plan, write_hashes
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.model.run import Run
from pgrefit.model.workload import Workload
from pgrefit.pg.connect import Target, open_observer
from pgrefit.rehearse.application import as_old_application
from pgrefit.rehearse.lock_tracer import table_sizes
from pgrefit.rehearse.parties import BeforeCommit, OnEvent, OpenSession
from pgrefit.rehearse.rehearse import HOLD_BUDGET
from pgrefit.rehearse.rehearse import rehearse as rehearse_plan

CLIENTS = 2


def rehearse(
    target: Target,
    folder: Path,
    *,
    workload: Path | None = None,
    server: Target | None = None,
    accept_edits: bool = False,
    hold_budget: float = HOLD_BUDGET,
) -> Rehearsal:
    """Run the plan up and down on a copy, under load where there is a workload; writes rehearsal.json into the plan.

    It does not pass where a step would hold a lock for which others wait for longer than `hold_budget` (ms).
    """
    plan = read_plan(folder, accept_edits=accept_edits)
    check_fits(target, plan)
    queries = load_workload(workload)
    with open_observer(target, application="rehearse") as conn:
        sizes = table_sizes(conn)
    with copy_of(target, server=server) as dsn:
        stage = clone(dsn)
        result = rehearse_plan(
            plan, stage, run=_run, undo=_undo, workload=queries, plan_hash=plan_hash(plan),
            start_load=partial(start_load, stage.open, queries, plan) if queries else None,
            target_sizes=sizes, hold_budget=hold_budget,
        )  # fmt: skip
    (folder / "rehearsal.json").write_bytes(to_json(result))
    if accept_edits and result.passed:
        write_hashes(plan, folder)
    return result


def _run(open_: OpenSession, plan: Plan, *, until: Phase | None, on_event: OnEvent, before_commit: BeforeCommit) -> Run:
    return apply_plan(open_, plan, until=until, hooks=Hooks(on_event=on_event, before_commit=before_commit))


def _undo(open_: OpenSession, plan: Plan, *, on_event: OnEvent) -> Run:
    return roll_back(open_, plan, hooks=Hooks(on_event=on_event))


def start_load(open_: OpenSession, workload: Workload, plan: Plan) -> Load:
    """Clients of the old application, which finds the old shape first from the beginning."""
    return Load(as_old_application(open_, plan.compatible_schema), workload.of("before"), clients=CLIENTS).start()
