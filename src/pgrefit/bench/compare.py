"""Two databases side by side, measured in turns so that what else the machine does meets both."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from statistics import median

from pgrefit.bench.measure import measure
from pgrefit.model.measure import Comparison, GroupTiming, Measurement, QueryTiming
from pgrefit.model.workload import Workload
from pgrefit.pg.connect import Session


def compare(
    open_before: Callable[[], Session],
    open_after: Callable[[], Session],
    before: Workload,
    after: Workload,
    rounds: int = 5,
    *,
    calls: int = 40,
    seconds: float = 2.0,
) -> Comparison:
    """Measure both in `rounds` turns of `calls` calls a query, the first to go alternating; figures are medians."""
    measured: dict[str, list[Measurement]] = {"before": [], "after": []}
    sides = [("before", open_before, before), ("after", open_after, after)]
    for number in range(rounds):
        for label, open_, workload in sides if number % 2 == 0 else reversed(sides):
            found = measure(open_, workload, label=label, calls=calls, warmup=5, seconds=seconds, seed=number)
            measured[label].append(found)
    return Comparison(before=_merged(measured["before"]), after=_merged(measured["after"]))


def _merged(rounds: Sequence[Measurement]) -> Measurement:
    return replace(
        rounds[-1],
        queries=tuple(_query(timings) for timings in zip(*(found.queries for found in rounds), strict=True)),
        groups=tuple(_group(timings) for timings in zip(*(found.groups for found in rounds), strict=True)),
    )


def _query(timings: Sequence[QueryTiming]) -> QueryTiming:
    ran = [timing for timing in timings if timing.calls] or timings
    return replace(
        ran[-1],
        calls=sum(timing.calls for timing in timings),
        errors=sum(timing.errors for timing in timings),
        error=next((timing.error for timing in timings if timing.error), ""),
        p50=_median(timing.p50 for timing in ran),
        p95=_median(timing.p95 for timing in ran),
        p99=_median(timing.p99 for timing in ran),
        mean=_median(timing.mean for timing in ran),
        rows=_median(timing.rows for timing in ran),
    )


def _group(timings: Sequence[GroupTiming]) -> GroupTiming:
    ran = [timing for timing in timings if timing.calls] or timings
    return replace(
        ran[-1],
        calls=sum(timing.calls for timing in timings),
        p50=_median(timing.p50 for timing in ran),
        p95=_median(timing.p95 for timing in ran),
        p99=_median(timing.p99 for timing in ran),
    )


def _median(values: Iterable[float]) -> float:
    return median(list(values))
