"""A rehearsal as text."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from pgrefit.model.rehearsal import ProposalResult, Rehearsal, StepMeasure
from pgrefit.model.run import Check
from pgrefit.report.phrases import load_phrase
from pgrefit.report.steps import longest_hold, strongest
from pgrefit.report.text.setting import BAD, FAINT, STRONG, heading, indented, mark, phrase, say, table
from pgrefit.report.units import milliseconds

NUMBERS = frozenset({"up", "down", "held", "at the target"})


def rehearsal(value: Rehearsal, console: Console) -> None:
    """Steps up and down with their strongest lock, how long that was held and what they will take at the target;
    where they did other than declared, checks, proposals, and the load meanwhile.
    """
    heading(console, f"Rehearsal of {value.plan}")
    titles = ("", "step", "up", "down", "lock taken", "held", "at the target")
    table(console, titles, [_row(step) for step in value.steps], NUMBERS)
    for step in value.steps:
        _remarks(step, console)
    checks(value.checks, console)
    _proposals(value.proposals, console)
    if value.load is not None:
        heading(console, "Meanwhile, the application's statements")
        console.print(say(load_phrase(value.load)))
    if value.learnt:
        heading(console, "Learnt")
    for line in value.learnt:
        indented(console, say(line), 2)
    console.print()
    console.print(mark(good=value.passed, yes="The rehearsal passed.", no="The rehearsal did not pass."))


def checks(values: Iterable[Check], console: Console) -> None:
    """Checks with their verdicts; the failed ones first."""
    rows = [
        (mark(good=check.passed), check.name, check.detail) for check in sorted(values, key=lambda check: check.passed)
    ]
    if rows:
        heading(console, "Checks")
        table(console, ("", "check", ""), rows)


def _row(step: StepMeasure) -> tuple[str, ...]:
    lock = strongest(step.taken)
    return (
        step.id,
        step.title,
        milliseconds(step.up),
        "no way back" if step.down is None else milliseconds(step.down),
        lock.mode.sql if lock else "none",
        milliseconds(longest_hold(step)) if lock else "",
        milliseconds(step.at_target.duration) if step.at_target else "",
    )


def _remarks(step: StepMeasure, console: Console) -> None:
    for problem in step.problems:
        console.print(phrase((f"{step.id}  ", FAINT), (problem, BAD)))
    for note in step.notes:
        console.print(phrase((f"{step.id}  ", FAINT), (f"note: {note}", FAINT)))


def _proposals(values: Iterable[ProposalResult], console: Console) -> None:
    failed = [value for value in values if not value.runs]
    if failed:
        heading(console, "Proposals that do not run")
    for value in failed:
        indented(console, phrase((value.name, STRONG), (f"  {value.what}", "")), 2)
        indented(console, say(value.error, BAD))
