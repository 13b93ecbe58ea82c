"""Sentences that the text, Markdown and HTML forms share."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding
from pgrefit.model.measure import LoadReport
from pgrefit.model.run import OrderGiven, Progress, Run
from pgrefit.report.units import evidence_source, evidence_value, milliseconds, number, plural, share, size


def cost_phrase(finding: Finding) -> str:
    """What the defect costs: of the workload, in rows, in bytes; empty where nothing of that was measured."""
    cost = finding.cost or Cost()
    time = f"{plural(cost.queries_affected, 'query', 'queries')}, {share(cost.share_of_time)} of the workload's time"
    parts = (
        time if cost.queries_affected else "",
        f"{plural(cost.rows, 'row')} concerned" if cost.rows else "",
        f"{size(cost.bytes)} wasted" if cost.bytes else "",
    )
    return "; ".join(filter(None, parts))


def details(finding: Finding) -> Iterator[str]:
    """What was measured, what it costs, and what to do, a line each."""
    if finding.evidence:
        yield "; ".join(f"{e.measure} {evidence_value(e)} ({evidence_source(e)})" for e in finding.evidence)
    if cost := cost_phrase(finding):
        yield f"cost: {cost}"
    yield from (f"remedy: {change.title}" for change in finding.remedy)
    if finding.advice:
        yield f"advice: {finding.advice}"


def load_phrase(load: LoadReport) -> str:
    """How the clients fared, in a sentence or two."""
    failed = f"{load.failed:,} failed" if load.failed else "none failed"
    first = f"{plural(load.statements, 'statement')} in {milliseconds(load.seconds * 1000)}: {failed}"
    waited = f"{load.waited:,} waited on a lock of the migration, at most {milliseconds(load.longest_wait)}"
    speed = f"p50 {milliseconds(load.p50)}, p99 {milliseconds(load.p99)}, slowest {milliseconds(load.longest)}"
    error = f" First error: {load.first_error}" if load.first_error else ""
    return f"{first}, {waited if load.waited else 'none waited on a lock of the migration'}; {speed}.{error}"


def standing(run: Run) -> Iterator[str]:
    """Who works on a run, how far that is and what it waits for, and what is to do next."""
    left = [step for step in run.steps if step.state not in {"done", "skipped"}]
    ahead = f"{plural(len(left), 'step')} left, next {left[0].id} {left[0].title}" if left else "nothing left to do"
    if run.worker is not None:
        who = run.worker
        yield f"pid {who.pid}, {who.user} with {who.application}, works on it since {who.since}; {ahead}."
        yield from _at_work(run)
        return
    match run.state:
        case "done":
            yield "Nothing is left to do; `pgrefit verify PLAN` examines what it did."
        case "rolled back":
            yield "It was taken back; `pgrefit apply PLAN` begins anew."
        case "rolling back":
            yield "Its way back was cut short: run `pgrefit rollback PLAN` again to finish it."
        case "running":
            yield f"Nobody works on it: its process was killed or lost the server. {ahead}."
            yield "Run `pgrefit apply PLAN` again to go on, or `pgrefit rollback PLAN` to take it back."
        case "stopped":
            yield f"It stopped: {ahead}."
            yield "Run `pgrefit apply PLAN` to go on, or `pgrefit rollback PLAN` to take it back."
    if run.order.order == "pause" and left:
        yield f"It was paused by {_whom(run.order)}: whoever takes it up waits for `pgrefit resume`."


def _at_work(run: Run) -> Iterator[str]:
    if run.progress is not None:
        yield progress_phrase(run.progress)
    match run.order.order:
        case "pause":
            yield f"Paused by {_whom(run.order)}; `pgrefit resume` goes on."
        case "stop":
            yield f"Asked to stop by {_whom(run.order)}; it ends before its next batch or step."
        case _ if run.waits:
            since = f", since {run.waits_since:%H:%M:%S %Z}" if run.waits_since else ""
            yield f"It {run.waits}{since}." if run.waits.startswith("waits") else f"It is {run.waits}{since}."
        case _:
            pass
    yield from (f"It waits for {blocker}." for blocker in run.waits_for)


def _whom(given: OrderGiven) -> str:
    return f"{given.by} at {given.at:%Y-%m-%d %H:%M:%S %Z}" if given.at else given.by


def progress_phrase(progress: Progress) -> str:
    """How far the batches of a step are, how fast, and how long they may take, in a sentence."""
    of = f" of about {progress.total:,}, {share(progress.share)}" if progress.share is not None else ""
    speed = f", {number(round(progress.rate))} rows a second" if progress.rate else ""
    return f"Step {progress.step}: {progress.done:,} rows passed{of}{speed}; {_time_left(progress)}."


def _time_left(progress: Progress) -> str:
    if progress.seconds_left is None:
        return f"how long it still takes is unknown: {progress.because}"
    least, most = (milliseconds(1000 * max(1, round(seconds))) for seconds in progress.seconds_left)
    return f"about {least} left" if least == most else f"{least} to {most} left"
