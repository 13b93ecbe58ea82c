"""How long the queries of a workload take: one after the other, on one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from random import Random
from time import monotonic, perf_counter

from pgrefit.bench.explain import explain
from pgrefit.bench.parameters import Values, draw, sample
from pgrefit.errors import UsageError
from pgrefit.model.measure import GroupTiming, Measurement, QueryTiming
from pgrefit.model.percentiles import percentile
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch

WRITE = "write"
# However slow a query is, so many calls are measured.
FEWEST_CALLS = 5
# The share of a query's time that its warm-up may take.
WARMUP_SHARE = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Effort:
    calls: int
    warmup: int
    seconds: float
    seed: int

    def chances(self) -> Iterator[float]:
        """The same numbers for every query, so that all of a page load are called for the same page."""
        random = Random(self.seed)  # noqa: S311
        for _ in self.within(self.calls, self.seconds, FEWEST_CALLS):
            yield random.random()

    def warmup_chances(self) -> Iterator[float]:
        random = Random(self.seed + 1)  # noqa: S311
        for _ in self.within(self.warmup, self.seconds * WARMUP_SHARE, 1):
            yield random.random()

    @staticmethod
    def within(calls: int, seconds: float, fewest: int) -> Iterator[int]:
        end = monotonic() + seconds
        for number in range(calls):
            if number >= fewest and monotonic() > end:
                return
            yield number


@dataclass(slots=True)
class _Series:
    """Calls of one query that ran, and the errors of those that did not."""

    calls: list[tuple[float, int, Values]] = field(default_factory=list[tuple[float, int, Values]])
    errors: int = 0
    error: str = ""

    def add(self, outcome: Outcome, values: Values) -> None:
        if outcome.error:
            self.errors += 1
            self.error = self.error or outcome.error
        else:
            self.calls.append((outcome.elapsed, len(outcome.rows), values))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    server: str
    bytes: int


def measure(
    open_: Callable[[], Session],
    workload: Workload,
    *,
    label: str,
    calls: int = 200,
    warmup: int = 20,
    seconds: float = 10.0,
    seed: int = 0,
) -> Measurement:
    """Call each query, and each group as a page load, `calls` times or for `seconds`, at least 5 times.

    Writes are undone. `open_` yields sessions in autocommit. A query that fails stops nothing: it is counted, with
    its first error.
    """
    effort = _Effort(calls=calls, warmup=warmup, seconds=seconds, seed=seed)
    with translated(), open_() as conn:
        parameters = {query.name: _sampled(conn, query) for query in workload.queries}
        (facts,) = fetch(conn, "database_facts", _Facts)
        return Measurement(
            label=label,
            server=facts.server,
            database_bytes=facts.bytes,
            queries=tuple(_query(conn, query, parameters[query.name], effort) for query in workload.queries),
            groups=tuple(_groups(conn, workload, parameters, effort)),
        )


def _sampled(conn: Session, query: Query) -> list[Values] | str:
    """Rows of values, or why there are none."""
    try:
        return sample(conn, query) or "its parameters are no rows"
    except UsageError as error:
        return f"{error.what}: {error.why}"


def _query(conn: Session, query: Query, parameters: list[Values] | str, effort: _Effort) -> QueryTiming:
    if isinstance(parameters, str):
        return _timing(query, _Series(errors=1, error=parameters))
    for chance in effort.warmup_chances():
        _call(conn, query, draw(parameters, chance))
    series = _Series()
    for chance in effort.chances():
        values = draw(parameters, chance)
        series.add(_call(conn, query, values), values)
    return _explained(conn, query, series)


def _explained(conn: Session, query: Query, series: _Series) -> QueryTiming:
    if not series.calls:
        return _timing(query, series)
    by_time = sorted(series.calls, key=itemgetter(0))
    explained = explain(conn, query, by_time[len(by_time) // 2][2])
    return _timing(
        query,
        series,
        plan=explained.plan,
        buffers=explained.buffers,
        buffers_hit=explained.buffers_hit,
        sequential_scans=explained.sequential_scans,
    )


def _timing(
    query: Query,
    series: _Series,
    *,
    plan: str = "",
    buffers: int = 0,
    buffers_hit: int = 0,
    sequential_scans: tuple[str, ...] = (),
) -> QueryTiming:
    times = [call[0] for call in series.calls]
    count = max(len(times), 1)
    return QueryTiming(
        name=query.name,
        group=query.group,
        calls=len(times),
        errors=series.errors,
        p50=percentile(times, 50),
        p95=percentile(times, 95),
        p99=percentile(times, 99),
        mean=sum(times) / count,
        rows=sum(call[1] for call in series.calls) / count,
        buffers=buffers,
        buffers_hit=buffers_hit,
        plan=plan,
        sequential_scans=sequential_scans,
        error=series.error,
    )


def _call(conn: Session, query: Query, values: Values) -> Outcome:
    if query.group != WRITE:
        return attempt(conn, query.sql, values)
    with conn.transaction(force_rollback=True):
        return attempt(conn, query.sql, values)


def _groups(
    conn: Session, workload: Workload, parameters: dict[str, list[Values] | str], effort: _Effort
) -> Iterator[GroupTiming]:
    for group in dict.fromkeys(query.group for query in workload.queries):
        if group not in {"", WRITE}:
            yield _group(conn, group, workload, parameters, effort)


def _group(
    conn: Session, group: str, workload: Workload, parameters: dict[str, list[Values] | str], effort: _Effort
) -> GroupTiming:
    """Page loads of which every query ran; a group with a query that cannot run has none."""
    times: list[float] = []
    queries = [query for query in workload.queries if query.group == group]
    for chance in effort.chances():
        begin = perf_counter()
        ran = [_runs(conn, query, parameters[query.name], chance) for query in queries]
        if all(ran):
            times.append((perf_counter() - begin) * 1000)
    p50, p95, p99 = (percentile(times, percent) for percent in (50, 95, 99))
    return GroupTiming(group=group, calls=len(times), p50=p50, p95=p95, p99=p99)


def _runs(conn: Session, query: Query, parameters: list[Values] | str, chance: float) -> bool:
    return not isinstance(parameters, str) and not _call(conn, query, draw(parameters, chance)).error
