"""The verb demo: a reference system taken all the way on an embedded server, everything measured in that one run."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copy, rmtree
from time import perf_counter, sleep

from pgrefit.api.applying import apply, rollback, verify
from pgrefit.api.auditing import audit
from pgrefit.api.benching import bench_against
from pgrefit.api.designing import Design, design
from pgrefit.api.goals import Facts, measure_goals
from pgrefit.api.rehearsing import rehearse, start_load
from pgrefit.api.systems import build, find_system
from pgrefit.api.workshop import clone, with_own_path
from pgrefit.apply.journal import read_run
from pgrefit.design.intent import read_intent
from pgrefit.model.change import Phase, Work
from pgrefit.model.goals import Goals
from pgrefit.model.measure import LoadReport
from pgrefit.model.plan import Plan
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.model.run import Verification
from pgrefit.model.system import System
from pgrefit.model.workload import Workload
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Session, Target, open_observer
from pgrefit.pg.queries import fetch_dicts
from pgrefit.rehearse.state import state_of
from pgrefit.report import html, json
from pgrefit.report.story import QuarantinedRow, Story

Say = Callable[[str], None]
SETTLE_SECONDS = 3.0  # clients get to know each new shape for that long
SETTINGS = {
    "shared_buffers": "512MB", "max_wal_size": "4GB", "checkpoint_timeout": "30min", "maintenance_work_mem": "256MB",
    "effective_cache_size": "2GB", "random_page_cost": "1.1", "jit": "off",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    """The databases of a demo: the one that is refitted, its twin that stays as it was, and other environments."""

    system: System
    live: Target
    legacy: Target
    others: tuple[tuple[str, Target], ...]
    folder: Path
    say: Say


def run_demo(name: str, folder: Path, *, scale: float | None = None, version: int = 18, say: Say) -> Goals:
    """Take a system all the way; everything that is learnt on the way is written to the folder."""
    system = find_system(name)
    size = scale if scale is not None else system.goals.default_scale
    folder.mkdir(parents=True, exist_ok=True)
    with Cluster(version, settings=SETTINGS) as cluster:
        stage = _build(system, folder, cluster, size, say)
        return _refit(stage, size)


def _build(system: System, folder: Path, cluster: Cluster, scale: float, say: Say) -> _Stage:
    with _timed(say, f"build the legacy database of {system.goals.system} at scale {scale:g}"):
        legacy = build(system, cluster, f"{system.goals.system}_legacy", scale)
        cluster.create_database(system.goals.system, template=f"{system.goals.system}_legacy")
        others = tuple(
            (label, _target(build(system, cluster, f"{system.goals.system}_{label}", other.scale, other.script)))
            for label, other in system.goals.environments.items()
        )
    return _Stage(
        system=system, live=_target(cluster.dsn(system.goals.system)), legacy=_target(legacy), others=others,
        folder=folder, say=say,
    )  # fmt: skip


def _target(dsn: str) -> Target:
    return Target(dsn=dsn, source="the demo")


def _refit(stage: _Stage, scale: float) -> Goals:
    plan_folder = stage.folder / "plan"
    rmtree(plan_folder, ignore_errors=True)
    intent, workload = read_intent(stage.system.intent), read_workload(stage.system.workload)
    with _timed(stage.say, "audit, and design a plan"):
        designed = design(stage.live, intent=intent, folder=plan_folder, environments=stage.others)
    plan = designed.plan
    _write(stage.folder / "findings.json", "findings", designed.audit.report)
    with _timed(stage.say, "rehearse it on a copy, up and down, under load"):
        rehearsal = rehearse(stage.live, plan_folder, workload=stage.system.workload)
        copy(plan_folder / "rehearsal.json", stage.folder)
    with _timed(stage.say, "apply up to the switch, verify, and roll back"):
        differences, quiet = _there_and_back(stage, plan_folder, plan)
    with _timed(stage.say, "apply to the end, while both releases of the application run"):
        load, lost = _apply_under_load(stage, plan_folder, plan, workload)
    with _timed(stage.say, "verify against the legacy database"):
        verification = verify(stage.live, plan_folder, against=stage.legacy)
    with _timed(stage.say, "measure before and after, in turns"):
        comparison = bench_against(stage.live, stage.legacy, stage.system.workload, rounds=3)
    with _timed(stage.say, "refit the other environments, and audit again"):
        for label, target in stage.others:
            _refit_other(stage, label, target)
        after = audit(stage.live, workload=stage.system.workload, environments=stage.others)
    facts = Facts(
        workload=workload, comparison=comparison, audit_before=designed.audit.report, audit_after=after.report,
        load=load, quiet=quiet, verification=verification, lost_writes=lost, rollback_differences=len(differences),
    )  # fmt: skip
    goals = measure_goals(stage.system, scale, facts)
    _write(stage.folder / "goals.json", "goals", goals)
    story = _story(stage, designed, rehearsal, facts, goals)
    (stage.folder / "report.html").write_text(html.render(story), encoding="utf-8")
    return goals


def _there_and_back(stage: _Stage, folder: Path, plan: Plan) -> tuple[tuple[str, ...], Verification]:
    """What differs in schema and data after the way back, and the rows at its far end: nobody writes meanwhile."""
    database = clone(stage.live.dsn, "demo")
    before = state_of(database, plan)
    apply(stage.live, folder, until=Phase.SWITCH)
    there = verify(stage.live, folder, against=stage.legacy)
    rollback(stage.live, folder)
    return before.differences(state_of(database, plan)), there


def _apply_under_load(stage: _Stage, folder: Path, plan: Plan, workload: Workload) -> tuple[LoadReport, int]:
    """The load's fate, and how many rows that it wrote are gone. What needs a maintenance window comes after it."""
    open_ = with_own_path(stage.live.dsn, "load")
    load = start_load(open_, workload, plan)
    try:
        apply(stage.live, folder, until=Phase.SWITCH)
        sleep(SETTLE_SECONDS)
        load.switch(workload.of("after"), open_)
        sleep(SETTLE_SECONDS)
        apply(stage.live, folder, until=_last_online(plan))
    finally:
        report = load.stop()
    if report.failed:
        stage.say(f"  {report.failed} statements of the load failed; the first: {report.first_error}")
    apply(stage.live, folder)
    with open_() as conn:
        return report, len(load.lost(conn, workload))


def _last_online(plan: Plan) -> str:
    """The last step before those that rewrite a table under a lock."""
    online = [step.id for step in plan.steps if step.step.work is not Work.REWRITE]
    return online[-1]


def _refit_other(stage: _Stage, label: str, target: Target) -> None:
    folder = stage.folder / f"plan-{label}"
    rmtree(folder, ignore_errors=True)
    intent = read_intent(stage.system.intent)
    quick = intent.model_copy(update={"indexes": intent.indexes.model_copy(update={"advise": False})})
    design(target, intent=quick, folder=folder, environments=(("main", stage.legacy),))
    apply(target, folder)


def _story(stage: _Stage, designed: Design, rehearsal: Rehearsal, facts: Facts, goals: Goals) -> Story:
    with open_observer(stage.live) as conn:
        run = read_run(conn)
        return Story(
            title=f"The refit of {stage.system.goals.system}", system=stage.system.goals.system,
            server=f"PostgreSQL {facts.comparison.after.server}",
            database=designed.plan.database, when=designed.plan.created,
            findings=designed.audit.report, plan=designed.plan, rehearsal=rehearsal, run=run,
            verification=_proven(facts), comparison=facts.comparison, workload=facts.workload, load=facts.load,
            goals=goals, snapshot_before=designed.audit.observation.snapshot, snapshot_after=take_snapshot(conn),
            quarantined=run.quarantined if run else (), quarantined_rows=_samples(conn), learnt=rehearsal.learnt,
        )  # fmt: skip


def _proven(facts: Facts) -> Verification:
    """The end's checks; but values are those compared while nobody wrote, since the load has changed some by then."""
    end = [check for check in facts.verification.checks if not check.name.startswith("values of")]
    values = [check for check in facts.quiet.checks if check.name.startswith("values of")]
    return Verification(plan=facts.verification.plan, checks=(*end, *values))


def _samples(conn: Session) -> tuple[QuarantinedRow, ...]:
    """An example of each reason for which rows were put aside."""
    rows = fetch_dicts(conn, "quarantine_samples")
    return tuple(
        QuarantinedRow(
            source=row["source"],
            reason=row["reason"],
            row=tuple((key, str(value)) for key, value in row["row"].items()),
        )
        for row in rows
    )


def _write(path: Path, kind: str, value: object) -> None:
    path.write_bytes(json.document(kind, value))


@contextmanager
def _timed(say: Say, what: str) -> Generator[None]:
    say(f"{what} …")
    begin = perf_counter()
    yield
    say(f"  {perf_counter() - begin:.1f} s")
