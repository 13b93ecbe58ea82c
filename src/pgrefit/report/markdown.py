"""Findings, plans, verifications and goals as Markdown, short enough for a pull request."""

from __future__ import annotations

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding
from pgrefit.model.goals import Goals
from pgrefit.model.plan import Plan
from pgrefit.model.run import Verification
from pgrefit.report.coverage import coverage_lines, crashed_lines, rule_lines
from pgrefit.report.phrases import details
from pgrefit.report.ranking import Alike, alike, tally
from pgrefit.report.steps import first_of_no_return, lock_phrase
from pgrefit.report.units import count, listed, plural, quantity, visible

_SPECIAL = "\\`*_{}[]<>()#+-!|~&@"


def findings(report: AuditReport, *, everything: bool = False) -> str:
    """Alike findings together, each with its evidence: the dearest of them, or all. Then what was examined."""
    counts = listed(words for _, words in tally(report.findings))
    head = f"# Findings\n\n{plural(len(report.findings), 'finding')}{': ' + counts if counts else ''}.\n"
    groups = "".join(_group(group, everything=everything) for group in alike(report.findings))
    return head + groups + _coverage(report, everything=everything)


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


def _group(group: Alike, *, everything: bool) -> str:
    shown = group.findings if everything else group.dearest
    more = len(group.findings) - len(shown)
    amount = f", {len(group.findings):,}" if len(group.findings) > 1 else ""
    head = f"\n## {escape(group.rule)} ({group.severity.value}{amount})\n\n"
    return head + "".join(map(_finding, shown)) + (f"- … and {more:,} more\n" if more else "")


def _finding(finding: Finding) -> str:
    first = f"- **{escape(finding.object)}**: {escape(finding.message)}\n"
    return first + "".join(f"  - {escape(line)}\n" for line in details(finding))


def _coverage(report: AuditReport, *, everything: bool) -> str:
    lines = [*crashed_lines(report), *coverage_lines(report, everything=everything)]
    if not lines:
        return ""
    said = "".join(f"{'  ' if line.startswith('  ') else ''}- {escape(line)}\n" for line in lines)
    rows = "".join(f"| {' | '.join(map(escape, row))} |\n" for row in rule_lines(report))
    table = f"| rule | examined | not examined |\n|---|---|---|\n{rows}"
    each = f"\n<details><summary>Rule by rule</summary>\n\n{table}\n</details>\n" if rows else ""
    return f"\n## What was examined\n\n{said}{each}"
