"""The plan's steps with what rehearsal and run measured of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from pgrefit.model.change import Phase
from pgrefit.model.plan import PlanStep
from pgrefit.model.rehearsal import StepMeasure
from pgrefit.model.run import Run, StepRun
from pgrefit.report.steps import action_text, elapsed, first_of_no_return, strongest
from pgrefit.report.story import Story
from pgrefit.report.svg.strip import strip

PURPOSE = {
    Phase.EXPAND: "what the new shape needs is added beside the old one",
    Phase.MIGRATE: "rows are brought along in small batches",
    Phase.SWITCH: "the new shape takes over; the old one stays readable",
    Phase.CONTRACT: "what nobody needs any more goes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRow:
    """One step as the page shows it."""

    plan: PlanStep
    measure: StepMeasure | None
    ran: StepRun | None
    took: float | None
    lock: str
    lock_is_heavy: bool
    do: str
    undo: str
    line_above: bool  # whether the line of no return is drawn above it


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRows:
    """The steps of one phase; `strip` shows when they ran."""

    name: str
    purpose: str
    rows: tuple[StepRow, ...]
    strip: Markup | None


def phases(story: Story) -> tuple[PhaseRows, ...]:
    """The plan, phase by phase in its order; empty without a plan."""
    rows = list(_rows(story))
    return tuple(
        PhaseRows(
            name=phase.value,
            purpose=PURPOSE[phase],
            rows=(group := tuple(each)),
            strip=_strip(phase, group, story.run),
        )
        for phase, each in groupby(rows, key=lambda row: row.plan.step.phase)
    )


def _rows(story: Story) -> Iterator[StepRow]:
    if story.plan is None:
        return
    measures = {m.id: m for m in story.rehearsal.steps} if story.rehearsal else {}
    runs = {r.id: r for r in story.run.steps} if story.run else {}
    line = first_of_no_return(story.plan)
    for planned in story.plan.steps:
        yield _row(planned, measures.get(planned.id), runs.get(planned.id), line)


def _row(planned: PlanStep, measure: StepMeasure | None, ran: StepRun | None, line: str) -> StepRow:
    lock = strongest(planned.step.locks)
    return StepRow(
        plan=planned,
        measure=measure,
        ran=ran,
        took=elapsed(ran) if ran else None,
        lock=lock.mode.sql if lock else "no lock",
        lock_is_heavy=lock is not None and lock.mode.blocks_writes,
        do=action_text(planned.step.do),
        undo=action_text(planned.step.undo),
        line_above=planned.id == line,
    )


def _strip(phase: Phase, rows: tuple[StepRow, ...], run: Run | None) -> Markup | None:
    steps = [row.ran for row in rows if row.ran]
    if run is None or run.finished_at is None or not steps:
        return None
    return strip(phase.value, steps, run.started_at, run.finished_at)
