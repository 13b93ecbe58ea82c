"""What lint found, as text: by file, the worst fully, hints by rule."""

from __future__ import annotations

from collections import Counter
from itertools import groupby

from rich.console import Console

from pgrefit.model.finding import Severity
from pgrefit.model.lint import LintFinding, LintReport
from pgrefit.report.text.setting import BAD, FAINT, GOOD, STRONG, WARN, indented, phrase, say
from pgrefit.report.units import count, evidence_value, listed, plural

_STYLE = {Severity.ERROR: BAD, Severity.WARNING: WARN, Severity.INFO: FAINT}
NOTES_SHOWN = 5


def lint(report: LintReport, console: Console, *, everything: bool = False) -> None:
    """Findings by file, each with its statement and the safe way; of severity info only how many, unless all."""
    shown = [f for f in report.findings if everything or f.severity is not Severity.INFO]
    for file, findings in groupby(shown, key=lambda f: f.file):
        console.print()
        console.print(say(file, STRONG))
        for finding in findings:
            _finding(finding, console)
    _hints(report, console, everything=everything)
    _ending(report, console, everything=everything)


def _finding(finding: LintFinding, console: Console) -> None:
    place = f"{finding.line}:{finding.column}"
    console.print()
    words = ((f"  {place}  ", FAINT), (finding.severity.value, _STYLE[finding.severity]), (f"  {finding.rule}", STRONG))
    console.print(phrase(*words))
    indented(console, say(finding.message))
    if finding.statement:
        indented(console, say(finding.statement, FAINT), 6)
    if finding.evidence:
        measured = listed(f"{e.measure} {evidence_value(e)}" for e in finding.evidence)
        indented(console, say(f"measured: {measured}", FAINT))
    if finding.rewrite:
        indented(console, say("instead:", GOOD))
        for line in finding.rewrite.splitlines():
            indented(console, say(line), 6)


def _hints(report: LintReport, console: Console, *, everything: bool) -> None:
    hints = Counter(f.rule for f in report.findings if f.severity is Severity.INFO)
    if hints and not everything:
        console.print()
        said = ", ".join(f"{rule} ({count(amount)})" for rule, amount in hints.most_common())
        console.print(say(f"Of severity info, shown by --all: {said}", FAINT))


def _ending(report: LintReport, console: Console, *, everything: bool) -> None:
    tally = Counter(f.severity for f in report.findings)
    words = listed(plural(tally[s], s.value) for s in reversed(Severity) if tally[s] and s is not Severity.INFO)
    looked = f"{plural(report.statements, 'statement')} in {plural(report.files, 'file')}"
    console.print()
    console.print(say(f"{words or 'No errors, no warnings'}; {looked}."))
    if report.suppressed:
        console.print(say(f"{plural(report.suppressed, 'finding')} left out by comments.", FAINT))
    for crash in report.crashed:
        console.print(say(f"rule {crash.rule} failed: {crash.error}", BAD))
    notes = report.notes if everything else report.notes[:NOTES_SHOWN]
    for note in notes:
        console.print(say(f"{note.file}:{note.line}: {note.text}", FAINT))
    if len(report.notes) > len(notes):
        console.print(say(f"… and {count(len(report.notes) - len(notes))} more notes: --all", FAINT))
