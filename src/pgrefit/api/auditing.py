"""The verb audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pgrefit import audit as auditor
from pgrefit.api.observing import load_workload, observe_database
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.observation import Observation
from pgrefit.pg.connect import Target
from pgrefit.rules import all_rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What was observed and what was found."""

    observation: Observation
    report: AuditReport


def audit(
    target: Target,
    *,
    workload: Path | None = None,
    environments: Iterable[tuple[str, Target]] = (),
    ignore: Iterable[str] = (),
    runtime_ms: int = 60_000,
) -> Audit:
    """Find defects, each measured; nothing is changed. `ignore`: 'rule' or 'rule:object', with * for anything."""
    rules = all_rules()
    queries = load_workload(workload)
    observation = observe_database(target, rules, workload=queries, environments=environments, runtime_ms=runtime_ms)
    return Audit(observation=observation, report=auditor.run(observation, rules, ignore=tuple(ignore)))
