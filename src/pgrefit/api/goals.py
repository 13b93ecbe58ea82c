"""Measure the goals of a system: each measure is one function of what the demo gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.goals import GoalResult, Goals
from pgrefit.model.measure import Comparison, GroupTiming, LoadReport, Measurement, QueryTiming
from pgrefit.model.run import Verification
from pgrefit.model.system import Goal, Measure, System
from pgrefit.model.workload import Workload

Pair = tuple[float | None, float | None]
BROKEN = {"orphans", "not castable", "null"}
REFERENCE_RULES = ("reference-as-text", "nullable-required-reference", "missing-foreign-key", "orphaned-rows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the demo gathered before, during and after.

    `quiet`: verified after the switch while nobody wrote, so every value must be as before. `verification`: at the end,
    when the load has changed some.
    """

    workload: Workload
    comparison: Comparison
    audit_before: AuditReport
    audit_after: AuditReport
    load: LoadReport
    quiet: Verification
    verification: Verification
    lost_writes: int
    rollback_differences: int


def measure_goals(system: System, scale: float, facts: Facts) -> Goals:
    """Every goal of the system, before and after."""
    return Goals(
        system=system.goals.system, scale=scale, goals=tuple(_result(goal, facts) for goal in system.goals.goal)
    )


def _result(goal: Goal, facts: Facts) -> GoalResult:
    before, after = MEASURES[goal.measure](goal, facts)
    return GoalResult(
        id=goal.id, goal=goal.goal, unit=goal.unit, before=_rounded(before), after=_rounded(after), wanted=goal.wanted,
        met=goal.met(before, after),
    )  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _p95(timing: GroupTiming | QueryTiming | None) -> float | None:
    """Nothing where it was not measured, or where no call succeeded."""
    return timing.p95 if timing and timing.calls else None


def _group_p95(goal: Goal, facts: Facts) -> Pair:
    before, after = facts.comparison.before.group(goal.of), facts.comparison.after.group(goal.of)
    return _p95(before), _p95(after)


def _query_p95(goal: Goal, facts: Facts) -> Pair:
    """The query and, afterwards, the one that replaces it."""
    before = facts.comparison.before.query(goal.of)
    heir = next((q.name for q in facts.workload.queries if q.replaces == goal.of), goal.of)
    after = facts.comparison.after.query(heir)
    return _p95(before), _p95(after)


def _database_size(_: Goal, facts: Facts) -> Pair:
    return 100.0, 100.0 * facts.comparison.after.database_bytes / facts.comparison.before.database_bytes


def _index_use(goal: Goal, facts: Facts) -> Pair:
    return _indexed(facts.comparison.before, goal.of), _indexed(facts.comparison.after, goal.of)


def _indexed(measurement: Measurement, group: str) -> float | None:
    """Share of a group's queries whose plan reads no large table whole, in percent."""
    queries = [query for query in measurement.queries if query.group == group]
    good = [query for query in queries if query.calls and not query.sequential_scans]
    return 100.0 * len(good) / len(queries) if queries else None


def _broken_references(_: Goal, facts: Facts) -> Pair:
    return _broken(facts.audit_before), _broken(facts.audit_after)


def _broken(report: AuditReport) -> float:
    found: Iterable[object] = (
        evidence.value
        for rule in REFERENCE_RULES
        for finding in report.of(rule)
        for evidence in finding.evidence
        if evidence.measure in BROKEN
    )
    return float(sum(value for value in found if isinstance(value, int | float)))


def _waited(_: Goal, facts: Facts) -> Pair:
    return None, 100.0 * facts.load.waited / max(1, facts.load.statements)


def _succeeded(_: Goal, facts: Facts) -> Pair:
    return None, 100.0 * (facts.load.statements - facts.load.failed) / max(1, facts.load.statements)


def _rows_lost(_: Goal, facts: Facts) -> Pair:
    """Legacy rows that are gone, values that differ although nobody wrote, and rows that the load wrote in vain."""
    failed = [check for check in facts.quiet.checks if not check.passed]
    failed += [check for check in facts.verification.checks if not check.passed and check.name.startswith("rows of")]
    return None, float(facts.lost_writes + len(failed))


def _rollback_differences(_: Goal, facts: Facts) -> Pair:
    return None, float(facts.rollback_differences)


MEASURES: dict[Measure, Callable[[Goal, Facts], Pair]] = {
    "group_p95": _group_p95,
    "query_p95": _query_p95,
    "database_size": _database_size,
    "index_use": _index_use,
    "broken_references": _broken_references,
    "waited": _waited,
    "succeeded": _succeeded,
    "rows_lost": _rows_lost,
    "rollback_differences": _rollback_differences,
}
