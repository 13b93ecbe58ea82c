"""What one report tells: everything that is known of a refit, each part optional."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.goals import Goals
from pgrefit.model.measure import Comparison, LoadReport
from pgrefit.model.plan import Plan
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.model.run import Quarantined, Run, Verification
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.workload import Workload


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantinedRow:
    """One row that was put aside, as an example: its table, the reason, and its columns as text."""

    source: str
    reason: str
    row: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The parts of a report. `load` is of the apply on the real database; the rehearsal carries its own.

    `workload` says which query of the new release stands in for which of the old one, so that they are compared.
    """

    title: str = ""
    system: str = ""
    when: str = ""
    server: str = ""
    database: str = ""
    findings: AuditReport | None = None
    plan: Plan | None = None
    rehearsal: Rehearsal | None = None
    run: Run | None = None
    verification: Verification | None = None
    comparison: Comparison | None = None
    workload: Workload | None = None
    load: LoadReport | None = None
    goals: Goals | None = None
    snapshot_before: Snapshot | None = None
    snapshot_after: Snapshot | None = None
    quarantined: tuple[Quarantined, ...] = ()
    quarantined_rows: tuple[QuarantinedRow, ...] = ()
    learnt: tuple[str, ...] = ()
