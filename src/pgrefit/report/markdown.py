"""Findings and goals as Markdown, short enough for a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding
from pgrefit.model.goals import Goals
from pgrefit.report.ranking import RuleFindings, by_rule, tally
from pgrefit.report.units import evidence_source, evidence_value, listed, plural, quantity, visible

_SPECIAL = "\\`*_{}[]<>()#+-!|~&@"


def findings(report: AuditReport) -> str:
    """The findings grouped by rule, each with its evidence."""
    counts = listed(words for _, words in tally(report.findings))
    head = f"# Findings\n\n{plural(len(report.findings), 'finding')}{': ' + counts if counts else ''}.\n"
    return head + "".join(_rule(group) for group in by_rule(report.findings))


def goals(value: Goals) -> str:
    """The goals table."""
    met = sum(goal.met for goal in value.goals)
    rows = (
        (
            goal.id,
            goal.goal,
            quantity(goal.before, goal.unit),
            quantity(goal.after, goal.unit),
            goal.wanted,
            "met" if goal.met else "**not met**",
        )
        for goal in value.goals
    )
    head = f"# Goals of {escape(value.system)}\n\n{met} of {len(value.goals)} met.\n\n"
    lines = (f"| {' | '.join((*map(escape, row[:-1]), row[-1]))} |\n" for row in rows)
    return head + "| | goal | before | after | wanted | |\n|---|---|--:|--:|---|---|\n" + "".join(lines)


def escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    flat = " ".join(visible(text).split())
    return "".join("\\" + character if character in _SPECIAL else character for character in flat)


def _rule(group: RuleFindings) -> str:
    return f"\n## {escape(group.rule)} ({group.severity.value})\n\n" + "".join(_finding(f) for f in group.findings)


def _finding(finding: Finding) -> str:
    first = f"- **{escape(finding.object)}**: {escape(finding.message)}\n"
    return first + "".join(f"  - {line}\n" for line in _details(finding))


def _details(finding: Finding) -> Iterable[str]:
    if finding.evidence:
        parts = (f"{e.measure} {evidence_value(e)} ({evidence_source(e)})" for e in finding.evidence)
        yield escape("; ".join(parts))
    yield from (f"remedy: {escape(change.title)}" for change in finding.remedy)
    if finding.advice:
        yield f"advice: {escape(finding.advice)}"
