"""How far the batches that are at work are, and when they may be through."""

from __future__ import annotations

from pgrefit.model.run import Progress, Run, StepRun

TOO_EARLY_BATCHES = 5


def progress(run: Run) -> Progress | None:
    """Of the step that is being walked; None where none is. Of a way back nothing is counted."""
    step = next((step for step in run.steps if step.state == "started" and step.batches), None)
    if step is None or run.state == "rolling back":
        return None
    seconds, because = _seconds_left(run, step)
    return Progress(
        step=step.id, done=step.visited, total=step.total_rows,
        share=min(1.0, step.visited / step.total_rows) if step.total_rows > 0 else None,
        rate=step.rate if run.worker else 0.0, seconds_left=seconds, because=because,
    )  # fmt: skip


def _seconds_left(run: Run, step: StepRun) -> tuple[tuple[float, float] | None, str]:
    """Between what is left at the faster and at the slower of the rate of late and that since the beginning."""
    left = step.total_rows - step.visited
    if because := _nobody_knows(run, step, left):
        return None, because
    return (left / max(step.rate, step.mean_rate), left / min(step.rate, step.mean_rate)), ""


def _nobody_knows(run: Run, step: StepRun, left: int) -> str:
    """Why not, the first reason that holds; '' where there is none."""
    reasons = {
        "nobody works on it": run.worker is None,
        "it is paused": run.order.order == "pause",
        "it was asked to stop": run.order.order == "stop",
        "it waits": run.waits.startswith("waits"),
        "the table was never analysed": step.total_rows < 0,
        "the table has more rows than was estimated": left < 0,
        "it is too early to tell": step.batches < TOO_EARLY_BATCHES or not (step.rate and step.mean_rate),
    }
    return next((why for why, holds in reasons.items() if holds), "")
