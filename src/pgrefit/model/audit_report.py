"""What an audit answers: findings, and what it looked at to be able to say so."""

from __future__ import annotations

from dataclasses import dataclass, field

from .finding import Finding, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A question about a table that got no answer, and why: budget, privilege, an error."""

    about: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one rule looked at: how many questions it asked of the data, how many were answered, which were not.

    A rule without questions examined the catalog alone.
    """

    rule: str
    asked: int = 0
    examined: int = 0
    skipped: tuple[Skipped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A rule that failed, and how: never a finding."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Findings, the worst and dearest first; `suppressed` counts those that the configuration asked to leave out."""

    database: str = ""
    findings: tuple[Finding, ...] = ()
    crashed: tuple[Crash, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    suppressed: int = 0
    format: str = field(default="pgrefit/findings/1")

    def of(self, rule: str) -> tuple[Finding, ...]:
        """The findings of one rule."""
        return tuple(f for f in self.findings if f.rule == rule)

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """Findings that matter at least that much."""
        return tuple(f for f in self.findings if f.severity.rank >= severity.rank)
