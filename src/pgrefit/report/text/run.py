"""A run, and its verification, as text."""

from __future__ import annotations

from datetime import datetime

from rich.console import Console
from rich.text import Text

from pgrefit.model.run import Run, StepRun, Verification
from pgrefit.report.phrases import standing
from pgrefit.report.steps import elapsed
from pgrefit.report.text.rehearsal import checks
from pgrefit.report.text.setting import BAD, FAINT, GOOD, STRONG, WARN, heading, indented, mark, phrase, say, table
from pgrefit.report.units import NOTHING, count, milliseconds, number, plural

_STYLE = {"pending": FAINT, "started": WARN, "done": GOOD, "skipped": FAINT, "undone": WARN}

NUMBERS = frozenset({"took", "rows", "rate"})


def run(value: Run, console: Console, now: datetime | None = None) -> None:
    """How far a run is: states of its steps, rows a second of the batches, who works on it, what is to do next.

    `now` ends what is still running.
    """
    done = sum(step.state in {"done", "skipped"} for step in value.steps)
    heading(console, f"{value.plan}: {value.state}, {done} of {plural(len(value.steps), 'step')}")
    took = elapsed(value, now)
    console.print(say(f"run {value.id}, started {value.started_at:%Y-%m-%d %H:%M:%S %Z}, {milliseconds(took)}", FAINT))
    titles = ("", "step", "state", "took", "rows", "rate")
    table(console, titles, [_row(step, now) for step in value.steps], NUMBERS)
    for step in value.steps:
        if step.message:
            console.print(phrase((f"{step.id}  ", FAINT), (step.message, BAD)))
    _quarantine(value, console)
    console.print()
    for line in standing(value):
        console.print(say(line))


def verification(value: Verification, console: Console) -> None:
    """Every check, and the verdict."""
    checks(value.checks, console)
    console.print()
    console.print(mark(good=value.passed, yes="Everything holds.", no="Not everything holds."))


def _row(step: StepRun, now: datetime | None) -> tuple[Text | str, ...]:
    took = elapsed(step, now)
    return (
        step.id,
        step.title,
        say(step.state, _STYLE[step.state]),
        milliseconds(took),
        _rows(step),
        f"{number(round(step.rows / took * 1000))}/s" if step.rows and took else NOTHING,
    )


def _rows(step: StepRun) -> str:
    if step.state == "started" and step.total_rows >= 0:
        return f"{count(max(step.rows, step.visited))} of about {count(step.total_rows)}"
    return count(step.rows) if step.rows else NOTHING


def _quarantine(value: Run, console: Console) -> None:
    if value.quarantined:
        heading(console, "Quarantined")
    for put_aside in value.quarantined:
        line = phrase((plural(put_aside.rows, "row"), STRONG), (f" of {put_aside.source}: {put_aside.reason}", ""))
        indented(console, line, 2)
