"""An audit's findings as text."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding, Severity
from pgrefit.report.coverage import coverage_lines, crashed_lines, rule_lines
from pgrefit.report.phrases import cost_phrase
from pgrefit.report.ranking import DEAREST, Alike, alike, tally
from pgrefit.report.text.setting import BAD, FAINT, STRONG, WARN, heading, indented, phrase, say, table
from pgrefit.report.units import evidence_source, evidence_value, listed, plural

SCREENFUL = 40  # lines
SUMMED_UP = 12  # groups that get a line each once the screen is full
_STYLE = {Severity.ERROR: BAD, Severity.WARNING: WARN, Severity.INFO: ""}


def findings(report: AuditReport, console: Console, *, everything: bool = False) -> None:
    """Alike findings together, worst first: about a screenful, or all."""
    if not report.findings:
        console.print(say("No findings."))
    groups = alike(report.findings)
    whole = len(groups) if everything else _fitting(groups)
    for group in groups[:whole]:
        _group(group, console, len(group.findings) if everything else DEAREST)
    _summed_up(groups[whole:], console)
    hidden = len(report.findings) - sum(len(group.dearest) for group in groups[:whole])
    if hidden and not everything:
        console.print()
        console.print(say(f"{plural(hidden, 'finding')} not shown: --all", FAINT))
    _ending(report, console, everything=everything)


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


def _fitting(groups: Sequence[Alike]) -> int:
    """How many groups a screen has room for; one at least."""
    room = SCREENFUL
    for number, group in enumerate(groups):
        room -= 2 + 2 * len(group.dearest) + bool(group.others)
        if room < 0:
            return max(number, 1)
    return len(groups)


def _group(group: Alike, console: Console, most: int) -> None:
    console.print()
    console.print(_head(group))
    for value in group.findings[:most]:
        _line(value, console)
    if len(group.findings) > most:
        indented(console, say(f"… and {len(group.findings) - most:,} more", FAINT), 2)


def _summed_up(groups: Sequence[Alike], console: Console) -> None:
    """Groups for which there was no room, a line each."""
    if groups:
        console.print()
    for group in groups[:SUMMED_UP]:
        names = ", ".join(value.object for value in group.dearest)
        line = _head(group)
        line.append_text(phrase((f"  {names}{', …' if group.others else ''}", FAINT)))
        console.print(line, no_wrap=True, overflow="ellipsis")
    if len(groups) > SUMMED_UP:
        rest = groups[SUMMED_UP:]
        amount = plural(sum(len(group.findings) for group in rest), "finding")
        console.print(say(f"… and {amount} of {plural(len(rest), 'more kind')}", FAINT))


def _head(group: Alike) -> Text:
    amount = f"  ({len(group.findings):,})" if len(group.findings) > 1 else ""
    return phrase((group.severity.value, _STYLE[group.severity]), (f"  {group.rule}", STRONG), (amount, FAINT))


def _line(value: Finding, console: Console) -> None:
    cost = cost_phrase(value)
    indented(console, phrase((value.object, STRONG), (f"  ({cost})" if cost else "", FAINT)), 2)
    indented(console, say(value.message))


def _ending(report: AuditReport, console: Console, *, everything: bool) -> None:
    counts = listed(words for _, words in tally(report.findings))
    if counts:
        console.print()
        console.print(say(f"{counts}."))
    for line in crashed_lines(report):
        console.print(say(line, BAD))
    for line in coverage_lines(report, everything=everything):
        console.print(say(line, FAINT))
    if everything and report.coverage:
        heading(console, "What was examined")
        table(console, ("rule", "examined", "not examined"), rule_lines(report))
