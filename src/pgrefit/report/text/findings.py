"""An audit's findings as text."""

from __future__ import annotations

from itertools import islice

from rich.console import Console

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding, Severity
from pgrefit.report.coverage import coverage_lines, crashed_lines
from pgrefit.report.phrases import cost_phrase
from pgrefit.report.ranking import RuleFindings, by_rule, tally
from pgrefit.report.text.setting import BAD, FAINT, STRONG, WARN, heading, indented, phrase, say, table
from pgrefit.report.units import evidence_source, evidence_value, listed

SCREENFUL = 12
_STYLE = {Severity.ERROR: BAD, Severity.WARNING: WARN, Severity.INFO: ""}


def findings(report: AuditReport, console: Console, *, everything: bool = False) -> None:
    """Findings by rule, worst first: a screenful of them, or all."""
    if not report.findings:
        console.print(say("No findings."))
    left = len(report.findings) if everything else SCREENFUL
    for group in by_rule(report.findings):
        if left > 0:
            _rule(group, console, left)
        left -= len(group.findings)
    if left < 0:
        console.print()
        console.print(say(f"… and {-left:,} more: --all", FAINT))
    _ending(report, console)


def finding(value: Finding, console: Console) -> None:
    """One finding with all its evidence, and what to do."""
    console.print(phrase((value.severity.value, _STYLE[value.severity]), (f"  {value.rule}", STRONG)))
    console.print(say(value.object, STRONG))
    console.print(say(value.message))
    if value.evidence:
        console.print()
        rows = [(e.measure, evidence_value(e), evidence_source(e)) for e in value.evidence]
        table(console, ("measured", "value", "source"), rows)
    if value.remedy or value.advice:
        heading(console, "What to do")
    for change in value.remedy:
        indented(console, say(change.title), 2)
    if value.advice:
        indented(console, say(value.advice), 2)
    if value.cost is not None:
        console.print(say(cost_phrase(value), FAINT))


def _rule(group: RuleFindings, console: Console, room: int) -> None:
    console.print()
    console.print(phrase((group.severity.value, _STYLE[group.severity]), (f"  {group.rule}", STRONG)))
    for value in islice(group.findings, room):
        _line(value, console)


def _line(value: Finding, console: Console) -> None:
    cost = cost_phrase(value)
    indented(console, phrase((value.object, STRONG), (f"  ({cost})" if cost else "", FAINT)), 2)
    indented(console, say(value.message))


def _ending(report: AuditReport, console: Console) -> None:
    counts = listed(words for _, words in tally(report.findings))
    if counts:
        console.print()
        console.print(say(f"{counts}."))
    for line in crashed_lines(report):
        console.print(say(line, BAD))
    for line in coverage_lines(report):
        console.print(say(line, FAINT))
