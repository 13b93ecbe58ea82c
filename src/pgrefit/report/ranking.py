"""The order in which findings are told: by severity, then by what they cost, those of one rule together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pgrefit.model.finding import Finding, Severity
from pgrefit.report.units import plural

_WORDS = {Severity.ERROR: ("error",), Severity.WARNING: ("warning",), Severity.INFO: ("info", "info")}


@dataclass(frozen=True, slots=True)
class RuleFindings:
    """The findings of one rule, ranked."""

    rule: str
    findings: tuple[Finding, ...]

    @property
    def severity(self) -> Severity:
        """The worst among them."""
        return max((f.severity for f in self.findings), key=lambda severity: severity.rank)


def rank(finding: Finding) -> tuple[int, float, int]:
    """What sorts findings: severity, share of the workload's time, queries affected. Greater is worse."""
    cost = finding.cost
    return (finding.severity.rank, cost.share_of_time if cost else 0.0, cost.queries_affected if cost else 0)


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first; the audit's own order where they are equal."""
    return tuple(sorted(findings, key=rank, reverse=True))


def by_rule(findings: Iterable[Finding]) -> tuple[RuleFindings, ...]:
    """Findings of one rule together, the rule with the worst finding first."""
    groups: dict[str, list[Finding]] = {}
    for finding in ranked(findings):
        groups.setdefault(finding.rule or "unnamed rule", []).append(finding)
    return tuple(RuleFindings(rule, tuple(group)) for rule, group in groups.items())


def tally(findings: Iterable[Finding]) -> tuple[tuple[Severity, str], ...]:
    """How many of each severity in words, worst first, none left out that occurs."""
    counted = Counter(finding.severity for finding in findings)
    return tuple(
        (severity, plural(counted[severity], *_WORDS[severity])) for severity in reversed(Severity) if counted[severity]
    )
