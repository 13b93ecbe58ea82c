"""Sentences that the text, Markdown and HTML forms share."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding
from pgrefit.model.measure import LoadReport
from pgrefit.model.run import Run
from pgrefit.report.units import milliseconds, plural, share


def cost_phrase(finding: Finding) -> str:
    """What the defect costs the workload; empty where that was not measured."""
    cost = finding.cost
    if cost is None or not cost.queries_affected:
        return ""
    return f"{plural(cost.queries_affected, 'query', 'queries')}, {share(cost.share_of_time)} of the workload's time"


def load_phrase(load: LoadReport) -> str:
    """How the clients fared, in a sentence or two."""
    failed = f"{load.failed:,} failed" if load.failed else "none failed"
    first = f"{plural(load.statements, 'statement')} in {milliseconds(load.seconds * 1000)}: {failed}"
    waited = f"{load.waited:,} waited on a lock of the migration, at most {milliseconds(load.longest_wait)}"
    speed = f"p50 {milliseconds(load.p50)}, p99 {milliseconds(load.p99)}, slowest {milliseconds(load.longest)}"
    error = f" First error: {load.first_error}" if load.first_error else ""
    return f"{first}, {waited if load.waited else 'none waited on a lock of the migration'}; {speed}.{error}"


def standing(run: Run) -> Iterator[str]:
    """Who works on a run and what that waits for, and what is to do next."""
    left = [step for step in run.steps if step.state not in {"done", "skipped"}]
    ahead = f"{plural(len(left), 'step')} left, next {left[0].id} {left[0].title}" if left else "nothing left to do"
    if run.worker is not None:
        who = run.worker
        yield f"pid {who.pid}, {who.user} with {who.application}, works on it since {who.since}; {ahead}."
        yield from (f"It waits for {blocker}." for blocker in run.waits_for)
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
