"""When the steps of one phase ran: a track over the whole run with one block a step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from markupsafe import Markup

from pgrefit.model.run import StepRun
from pgrefit.report.svg.canvas import element, percent, stretched

HEIGHT = 18


def strip(name: str, steps: Iterable[StepRun], start: datetime, end: datetime) -> Markup:
    """Blocks from the start to the end of the run; a step too short to see is drawn as a hairline."""
    whole = (end - start).total_seconds() or 1.0
    blocks: list[Markup] = []
    for step in steps:
        if step.started_at is None or step.finished_at is None:
            continue
        x = (step.started_at - start).total_seconds() / whole
        width = (step.finished_at - step.started_at).total_seconds() / whole
        label = element("title", f"{step.id} {step.title}")
        blocks.append(
            element(
                "rect", label, x=percent(x), width=percent(max(width, 0.003)), y=2, height=HEIGHT - 4, class_="block"
            )
        )
    floor = element("line", x1="0%", x2="100%", y1=HEIGHT - 1, y2=HEIGHT - 1, class_="grid")
    return stretched(f"when {name} ran", HEIGHT, floor, *blocks, class_="run-strip")
