"""What an audit answers: findings, those that were left out, and what it looked at to be able to say so."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from .access import Reach
from .finding import Finding, Severity
from .server import Unseen

By = Literal["request", "configuration", "comment", "baseline", "platform", "tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A question about a table that got no answer, and why: budget, privilege, an error."""

    about: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What one rule looked at: how many questions it asked of the data, how many were answered, which were not.

    `subject`: what it had before it without the data ('199 of 199 tables', 'the server'), '' for nothing. `tables`: of
    how many tables' data it asked.
    """

    rule: str
    subject: str = ""
    asked: int = 0
    examined: int = 0
    skipped: tuple[Skipped, ...] = ()
    tables: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """How many objects of a kind the rules had before them, of those that there are, and why not all."""

    kind: str  # in the plural: tables, indexes …
    examined: int
    of: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """A rule that did not run or had nothing to look at, and why: its silence means nothing."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash:
    """A rule that failed, and how: never a finding."""

    rule: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A finding that is not reported: what asked for that, where it stands (file and line, object), and its reason."""

    finding: Finding
    by: By
    where: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A finding that a baseline knows; it is reported again after the day on which it expires.

    `fingerprint` is `model.identity.fingerprint` of the finding.
    """

    rule: str
    object: str
    message: str
    fingerprint: str
    reason: str
    expires: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """Findings, the worst and dearest first; those that were left out; and what was looked at.

    `expired`: entries of the baseline whose finding is reported again; `gone`: those that no finding matches any more.
    `notes` are remarks on what asked to leave something out.
    """

    database: str = ""
    findings: tuple[Finding, ...] = ()
    crashed: tuple[Crash, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    examined: tuple[Examined, ...] = ()
    silent: tuple[Silent, ...] = ()
    unseen: tuple[Unseen, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    expired: tuple[Accepted, ...] = ()
    gone: tuple[Accepted, ...] = ()
    notes: tuple[str, ...] = ()
    access: tuple[Reach, ...] = ()  # what roles reach, where that was asked for
    format: str = field(default="pgrefit/findings/1")

    @property
    def suppressed(self) -> int:
        """How many findings were left out."""
        return len(self.left_out)

    def of(self, rule: str) -> tuple[Finding, ...]:
        """The findings of one rule."""
        return tuple(f for f in self.findings if f.rule == rule)

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """Findings that matter at least that much."""
        return tuple(f for f in self.findings if f.severity.rank >= severity.rank)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCard:
    """What is told about a rule, and whether it runs as things are."""

    code: str
    name: str
    theme: str
    title: str
    by_default: bool
    runs: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleList:
    """All rules, by theme."""

    rules: tuple[RuleCard, ...] = ()
    format: str = field(default="pgrefit/rules/1")
