"""What lint says of migration files: findings with their place, notes on what was not read, and what it looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .audit_report import Crash
from .finding import Evidence, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One defect of one statement. `line` and `column` count from 1, columns in code points; `statement` is an excerpt.

    `rewrite` is SQL that does the same safely, with comments where it takes more than one transaction or deployment.
    """

    rule: str
    severity: Severity
    file: str
    line: int
    column: int
    end_line: int
    statement: str
    message: str
    why: str = ""
    rewrite: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LintNote:
    """Something in a file that was not linted, and why."""

    file: str
    line: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRuleCard:
    """What a reader, or a code-scanning service, is told about a rule."""

    name: str
    title: str
    why: str
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class LintReport:
    """Findings by file and place; `suppressed` counts those that a comment or option asked to leave out."""

    findings: tuple[LintFinding, ...] = ()
    notes: tuple[LintNote, ...] = ()
    crashed: tuple[Crash, ...] = ()
    files: int = 0
    statements: int = 0
    suppressed: int = 0
    format: str = field(default="pgrefit/lint/1")

    def of(self, rule: str) -> tuple[LintFinding, ...]:
        """The findings of one rule."""
        return tuple(f for f in self.findings if f.rule == rule)

    def at_least(self, severity: Severity) -> tuple[LintFinding, ...]:
        """Findings that matter at least that much."""
        return tuple(f for f in self.findings if f.severity.rank >= severity.rank)

    def tally(self) -> Counter[str]:
        """How many findings each rule has."""
        return Counter(f.rule for f in self.findings)
