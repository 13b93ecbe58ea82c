"""The verb audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pgrefit import audit as auditor
from pgrefit.api.observing import load_workload, observe_database
from pgrefit.errors import UsageError
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Rule
from pgrefit.model.observation import Observation
from pgrefit.model.toml import nearest
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
    rules = [rule for rule in all_rules() if rule.by_default]
    check_ignored(ignore := tuple(ignore), rules)
    queries = load_workload(workload)
    observation = observe_database(target, rules, workload=queries, environments=environments, runtime_ms=runtime_ms)
    return Audit(observation=observation, report=auditor.run(observation, rules, ignore=ignore))


def check_ignored(ignore: Iterable[str], rules: Iterable[Rule]) -> None:
    """UsageError where a rule is to be ignored that there is not."""
    known = {word for rule in rules for word in (rule.name, rule.code)}
    for text in ignore:
        name = text.partition(":")[0]
        if not any(fnmatchcase(word, name) for word in known):
            raise UsageError(f"there is no rule {name!r} to ignore", next_step=nearest(name, known))
