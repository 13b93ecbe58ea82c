"""The rehearsal: there and back without load, then to the end under load."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from pgrefit.errors import PgrefitError
from pgrefit.model.change import Phase
from pgrefit.model.measure import LoadReport
from pgrefit.model.names import Relation
from pgrefit.model.plan import Plan
from pgrefit.model.rehearsal import Alternative, Rehearsal, StepMeasure, TruthTable
from pgrefit.model.run import Check
from pgrefit.model.workload import Workload
from pgrefit.pg.attempt import failure_of
from pgrefit.rehearse.alternatives import measure_alternatives
from pgrefit.rehearse.application import Trial, as_old_application, prepare_trial
from pgrefit.rehearse.check_names import (
    HOLDS_SHORT,
    LOCKS_KEPT,
    NEW_WORKS,
    NONE_FAILED,
    NONE_LOST,
    OLD_WORKS,
    SAME_ROWS,
    STEPS_RUN,
    WAY_BACK,
    WORK_KEPT,
)
from pgrefit.rehearse.forecast import TableSize
from pgrefit.rehearse.learnt import Evidence, learnt
from pgrefit.rehearse.lock_tracer import Tracer
from pgrefit.rehearse.parties import Clone, LoadHandle, Runner, Undoer
from pgrefit.rehearse.proposals import try_proposals
from pgrefit.rehearse.state import State, state_of
from pgrefit.rehearse.step_measures import broken_promises, overrun
from pgrefit.rehearse.truth_table import identities, quarantined, shared, truth_table

HOLD_BUDGET = 1000.0  # ms
BEFORE_CONTRACT = (Phase.EXPAND, Phase.MIGRATE, Phase.SWITCH)
TRUTH_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What every part of the rehearsal needs."""

    plan: Plan
    clone: Clone
    run: Runner
    undo: Undoer
    tracer: Tracer
    old: Trial
    new: Trial
    workload: Workload | None

    def up(self, until: Phase | None) -> None:
        """Apply the plan up to and including a phase."""
        tracer = self.tracer
        tracer.on_run(
            self.run(tracer.open, self.plan, until=until, on_event=tracer.on_event, before_commit=tracer.before_commit)
        )

    def down(self) -> None:
        """Take back what was applied."""
        self.undo(self.tracer.open, self.plan, on_event=self.tracer.on_event)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """What one part of the rehearsal found."""

    checks: tuple[Check, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    load: LoadReport | None = None


def rehearse(
    plan: Plan,
    clone: Clone,
    *,
    run: Runner,
    undo: Undoer,
    workload: Workload | None,
    plan_hash: str,
    start_load: Callable[[], LoadHandle] | None = None,
    target_sizes: Mapping[Relation, TableSize] | None = None,
    hold_budget: float = HOLD_BUDGET,
) -> Rehearsal:
    """Try the proposals, go up to the switch and back, then to the end while `start_load`'s clients use the clone.

    `target_sizes` are the tables of the database that the clone stands for (None: as on the clone), and `hold_budget`
    is for how long others may have to wait there for a lock of a step (ms). What goes wrong is in the rehearsal's
    checks; only the clone's own failure is raised, as PgrefitError.
    """
    start = state_of(clone, plan)
    proposals = try_proposals(clone.open, plan.proposals)
    with clone.open() as conn:
        server_version = conn.info.server_version
    with Tracer(clone.open, plan) as tracer:
        known = workload or Workload()
        parts = _Parts(
            plan=plan,
            clone=clone,
            run=run,
            undo=undo,
            tracer=tracer,
            old=prepare_trial(clone.open, known, "before"),
            new=prepare_trial(clone.open, known, "after"),
            workload=workload,
        )
        there = _there_and_back(parts, start)
        end = _to_the_end(parts, start_load) if all(c.passed for c in there.checks if c.name == STEPS_RUN) else _Part()
        steps = tracer.measures(target_sizes, budget=hold_budget)
        indexes = tuple(tracer.index_costs)
    checks = (*_merged((*there.checks, *end.checks)), *_promises(steps, hold_budget))
    evidence = Evidence(
        steps=steps, proposals=proposals, alternatives=there.alternatives, indexes=indexes, load=end.load
    )
    return Rehearsal(
        plan=plan.name,
        plan_hash=plan_hash,
        server_version=server_version,
        steps=steps,
        checks=checks,
        proposals=proposals,
        alternatives=there.alternatives,
        load=end.load,
        learnt=learnt(evidence),
    )


def _there_and_back(parts: _Parts, start: State) -> _Part:
    """Up to the switch, phase by phase, and back, while nobody writes: what differs afterwards is the plan's doing."""
    old_open = as_old_application(parts.clone.open, parts.plan.compatible_schema)
    old = parts.old.without(parts.old.failures(old_open))
    broken: list[str] = []
    for phase in BEFORE_CONTRACT:
        if failed := failure_of(partial(parts.up, phase)):
            return _Part(checks=(Check(name=STEPS_RUN, passed=False, detail=failed),))
        broken += [f"after {phase.value}: {name}: {error}" for name, error in old.failures(old_open).items()]
    checks = [Check(name=STEPS_RUN, passed=True), *_applications(parts, broken)]
    alternatives = measure_alternatives(parts.clone.open, parts.plan.read_models, parts.workload)
    asked = _ask_after(parts)
    checks.append(_way_back(parts, start))
    checks += _row_security(parts, asked)
    return _Part(checks=tuple(checks), alternatives=alternatives)


def _applications(parts: _Parts, old_broken: list[str]) -> Iterator[Check]:
    if parts.workload is None:
        return
    yield Check(name=OLD_WORKS, passed=not old_broken, detail="; ".join(old_broken))
    yield _new_works(parts)


def _new_works(parts: _Parts) -> Check:
    failed = parts.new.failures(parts.clone.open)
    return Check(name=NEW_WORKS, passed=not failed, detail="; ".join(f"{name}: {e}" for name, e in failed.items()))


def _way_back(parts: _Parts, start: State) -> Check:
    if failed := failure_of(parts.down):
        return Check(name=WAY_BACK, passed=False, detail=failed)
    differences = start.differences(state_of(parts.clone, parts.plan))
    return Check(name=WAY_BACK, passed=not differences, detail="; ".join(differences))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Row security as it decides after the switch: who was asked, and which rows were in quarantine."""

    who: tuple[str, ...]
    leave_out: dict[str, list[int]]
    cells: TruthTable


def _ask_after(parts: _Parts) -> _Asked | None:
    check = parts.plan.row_security
    if check is None:
        return None
    with parts.clone.open() as conn:
        who, leave_out = identities(conn, check), quarantined(conn)
        return _Asked(who=who, leave_out=leave_out, cells=truth_table(conn, check, who, leave_out, TRUTH_SECONDS))


def _row_security(parts: _Parts, after: _Asked | None) -> Iterator[Check]:
    """Asked of the database as it was, to which the way back has led; policies may be slow there, so within a time."""
    check = parts.plan.row_security
    if check is None or after is None:
        return
    with parts.clone.open() as conn:
        before = truth_table(conn, check, after.who, after.leave_out, TRUTH_SECONDS)
    both = shared(before, after.cells)
    differences = both.differences(shared(after.cells, before))
    said = "; ".join(differences) or f"{len(both.cells)} questions asked as {len(check.roles)} roles"
    yield Check(name=SAME_ROWS, passed=not differences, detail=said)


def _to_the_end(parts: _Parts, start_load: Callable[[], LoadHandle] | None) -> _Part:
    """All of the plan, under load where there is one; the new application is deployed between switch and contract."""
    load = start_load() if start_load is not None else None
    try:
        failed = failure_of(lambda: _all_phases(parts, load))
    finally:
        report = load.stop() if load is not None else None
    checks = [Check(name=STEPS_RUN, passed=not failed, detail=failed)]
    if parts.workload is not None and not failed:
        checks.append(_new_works(parts))
    if load is not None and report is not None:
        checks.append(Check(name=NONE_FAILED, passed=not report.failed, detail=report.first_error))
        checks.append(_none_lost(parts, load))
    return _Part(checks=tuple(checks), load=report)


def _all_phases(parts: _Parts, load: LoadHandle | None) -> None:
    parts.up(Phase.SWITCH)
    if load is not None and parts.workload is not None:
        load.switch(parts.workload.of("after"), parts.clone.open)
    parts.up(None)


def _none_lost(parts: _Parts, load: LoadHandle) -> Check:
    try:
        with parts.clone.open() as conn:
            lost = load.lost(conn, parts.workload or Workload())
    except PgrefitError as error:
        return Check(name=NONE_LOST, passed=False, detail=f"{error.what}: {error.why}")
    return Check(name=NONE_LOST, passed=not lost, detail="; ".join(f"{name}: {key}" for name, key in lost[:10]))


def _promises(steps: tuple[StepMeasure, ...], budget: float) -> Iterator[Check]:
    """What the steps declare, against what they did, and what that comes to at the target."""
    locks = [(step, said) for step in steps for said in broken_promises(step.declared, step.taken)]
    holds = [(step, said) for step in steps for said in overrun(step.work, step.at_target, budget)]
    told = {said for _, said in (*locks, *holds)}
    work = [(step, said) for step in steps for said in step.problems if said not in told]
    for name, broken in ((LOCKS_KEPT, locks), (WORK_KEPT, work), (HOLDS_SHORT, holds)):
        yield Check(name=name, passed=not broken, detail="; ".join(f"{step.id} {said}" for step, said in broken))


def _merged(checks: tuple[Check, ...]) -> tuple[Check, ...]:
    """One check of each name: it passed where all of that name did."""
    merged: dict[str, Check] = {}
    for check in checks:
        first = merged.get(check.name)
        if first is None or first.passed:
            merged[check.name] = check
    return tuple(merged.values())
