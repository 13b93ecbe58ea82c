"""Sentences that the text, Markdown and HTML forms share."""

from __future__ import annotations

from pgrefit.model.finding import Finding
from pgrefit.model.measure import LoadReport
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
