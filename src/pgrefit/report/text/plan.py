"""A plan as text: its steps with phase, lock, work and hazard, and the line of no return."""

from __future__ import annotations

from itertools import groupby

from rich.console import Console
from rich.rule import Rule

from pgrefit.model.plan import Plan, PlanStep
from pgrefit.report.steps import first_of_no_return, lock_phrase
from pgrefit.report.text.setting import BAD, FAINT, STRONG, WARN, heading, indented, phrase, say
from pgrefit.report.units import plural


def plan(value: Plan, console: Console) -> None:
    """All steps in order, phase by phase."""
    heading(console, f"{value.name}: {plural(len(value.steps), 'step')} for database {value.database}")
    line_before = first_of_no_return(value)
    for phase, steps in groupby(value.steps, key=lambda each: each.step.phase):
        heading(console, phase.value.upper())
        for each in steps:
            if each.id == line_before:
                console.print(Rule("line of no return", style=BAD, characters="-"))
            _step(each, console)
    if not line_before:
        console.print()
        console.print(say("Every step can be undone."))
    _notes(value, console)


def _step(value: PlanStep, console: Console) -> None:
    console.print(phrase((f"{value.id}  ", FAINT), (value.step.title, STRONG)))
    rows = f" · {plural(value.rows, 'row')}" if value.rows >= 0 else ""
    indented(console, say(f"{lock_phrase(value.step)} · {value.step.work.value}{rows}", FAINT), 5)
    if value.step.hazard:
        indented(console, say(f"! {value.step.hazard}", WARN), 5)


def _notes(value: Plan, console: Console) -> None:
    if value.notes:
        heading(console, "Why so")
    for note in value.notes:
        indented(console, say(note), 2)
