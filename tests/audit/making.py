"""Rules, findings and reports made up for tests."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.audit_report import AuditReport, Coverage
from pgrefit.model.finding import Cost, Evidence, Finding, Rule, Severity


def rule(name: str, *found: Finding, by_default: bool = True) -> Rule:
    """A rule that finds these; its code is its name in upper case."""

    def check(_: object) -> Iterator[Finding]:
        yield from found

    check.__name__ = name
    return Rule(code=name.upper(), title=name, why="", example="", clean="", check=check, by_default=by_default)


def finding(
    about: str = "public.orders",
    message: str = "is wrong",
    *,
    rule: str = "",
    severity: Severity = Severity.WARNING,
    evidence: tuple[Evidence, ...] = (),
    cost: Cost | None = None,
) -> Finding:
    return Finding(object=about, message=message, severity=severity, evidence=evidence, cost=cost, rule=rule)


def report(*findings: Finding, database: str = "shop") -> AuditReport:
    """What an audit says whose rules looked at all they wanted to."""
    rules = dict.fromkeys(found.rule for found in findings)
    return AuditReport(database=database, findings=findings, coverage=tuple(Coverage(rule=name) for name in rules))
