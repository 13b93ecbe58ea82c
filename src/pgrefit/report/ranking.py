"""The order in which findings are told: by severity, then by what they cost, alike ones together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from pgrefit.model.finding import Finding, Severity
from pgrefit.report.units import plural

DEAREST = 3  # findings of a group that stand for it
_WORDS = {Severity.ERROR: ("error",), Severity.WARNING: ("warning",), Severity.INFO: ("info", "info")}


@dataclass(frozen=True, slots=True)
class Alike:
    """Findings of one rule and severity, the dearest first."""

    rule: str
    severity: Severity
    findings: tuple[Finding, ...]

    @property
    def dearest(self) -> tuple[Finding, ...]:
        """Those that stand for all."""
        return self.findings[:DEAREST]

    @property
    def others(self) -> tuple[Finding, ...]:
        """The rest."""
        return self.findings[DEAREST:]


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Worst first; the audit's own order where they are equal."""
    return tuple(sorted(findings, key=lambda finding: finding.weight, reverse=True))


def alike(findings: Iterable[Finding]) -> tuple[Alike, ...]:
    """Findings of one rule and severity together, the group with the worst and dearest finding first."""
    groups: dict[tuple[str, Severity], list[Finding]] = {}
    for finding in ranked(findings):
        groups.setdefault((finding.rule or "unnamed rule", finding.severity), []).append(finding)
    return tuple(Alike(rule, severity, tuple(group)) for (rule, severity), group in groups.items())


def tally(findings: Iterable[Finding]) -> tuple[tuple[Severity, str], ...]:
    """How many of each severity in words, worst first, none left out that occurs."""
    counted = Counter(finding.severity for finding in findings)
    return tuple(
        (severity, plural(counted[severity], *_WORDS[severity])) for severity in reversed(Severity) if counted[severity]
    )
