"""Findings, plans, verifications and goals as Markdown, short enough for a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding
from pgrefit.model.goals import Goals
from pgrefit.model.plan import Plan
from pgrefit.model.run import Verification
from pgrefit.report.ranking import RuleFindings, by_rule, tally
from pgrefit.report.steps import first_of_no_return, lock_phrase
from pgrefit.report.units import count, evidence_source, evidence_value, listed, plural, quantity, visible

_SPECIAL = "\\`*_{}[]<>()#+-!|~&@"


def findings(report: AuditReport) -> str:
    """The findings grouped by rule, each with its evidence."""
    counts = listed(words for _, words in tally(report.findings))
    head = f"# Findings\n\n{plural(len(report.findings), 'finding')}{': ' + counts if counts else ''}.\n"
    return head + "".join(_rule(group) for group in by_rule(report.findings))


def plan(value: Plan) -> str:
    """The steps in order, with their locks, and why so."""
    head = f"# Plan {escape(value.name)}\n\n{plural(len(value.steps), 'step')} for {escape(value.database)}.\n\n"
    last = first_of_no_return(value)
    way = f"There is no way back from step {last} on." if last else "Every step can be undone."
    rows = "".join(
        f"| {step.id} | {step.step.phase.value} | {escape(step.step.title)} | {escape(lock_phrase(step.step))} "
        f"| {count(step.rows)} | {escape(step.step.hazard)} |\n"
        for step in value.steps
    )
    table = "| | phase | step | strongest lock | rows | take care |\n|---|---|---|---|--:|---|\n" + rows
    notes = "".join(f"- {escape(note)}\n" for note in value.notes)
    return head + table + f"\n{way}\n" + (f"\n## Why so\n\n{notes}" if notes else "")


def verification(value: Verification) -> str:
    """Every check, the failed ones first."""
    ordered = sorted(value.checks, key=lambda check: check.passed)
    rows = "".join(
        f"| {'ok' if check.passed else '**failed**'} | {escape(check.name)} | {escape(check.detail)} |\n"
        for check in ordered
    )
    verdict = "Everything holds." if value.passed else "**Not everything holds.**"
    return f"# Verification of {escape(value.plan)}\n\n{verdict}\n\n| | check | |\n|---|---|---|\n{rows}"


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
