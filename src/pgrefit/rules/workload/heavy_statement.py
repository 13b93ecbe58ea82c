"""Where the server's time goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules.workload._texts import SHOWN

FEWEST_CALLS = 10  # what ran less often is a report, a dump, or our own question
MOST = 5


@dataclass(frozen=True, slots=True)
class _Measure:
    """What statements take, the share of it from which one is heavy, and the amount below which none is."""

    name: str
    of: Callable[[StatementStatistics], float]
    share: float
    least: float


MEASURES = (
    _Measure("time", lambda one: one.total_ms, 0.1, 300.0),
    _Measure("rows", lambda one: one.rows, 0.3, 200_000),
    _Measure("temporary files", lambda one: one.temporary_blocks, 0.3, 2000),
    _Measure("WAL", lambda one: one.wal_bytes, 0.3, 4 * 2**20),
)
HEAVY = StatementStatistics(query_id=42, text="SELECT * FROM thing WHERE id = $1", calls=90_000, total_ms=800_000.0,
                            mean_ms=8.9, rows=90_000)  # fmt: skip


@rule(
    code="WRK010",
    title="Statement that takes much of what the server does",
    why="What is gained on it is gained for the whole server; what is gained elsewhere, nobody notices.",
    example="CREATE TABLE thing (id int PRIMARY KEY)",
    given=lambda observation: replace(observation, statements=(HEAVY,)),
    clean="CREATE TABLE thing (id int PRIMARY KEY)",
)
def heavy_statement(observation: Observation) -> Iterator[Finding]:
    """The few statements that take a tenth of the time of what recurs, or most of the rows, files or WAL of it.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html; the shares are our judgement.
    """
    recurring = [one for one in observation.statements if one.text and one.calls >= FEWEST_CALLS]
    tops: dict[int, list[tuple[str, float]]] = {}
    for measure in MEASURES:
        total = sum(map(measure.of, recurring))
        for place, one in enumerate(recurring):
            if measure.of(one) >= max(measure.least, measure.share * total):
                tops.setdefault(place, []).append((measure.name, round(measure.of(one) / total, 4)))
    total = sum(one.total_ms for one in observation.statements)
    for place in sorted(tops, key=lambda place: -max(share for _, share in tops[place]))[:MOST]:
        yield _finding(recurring[place], tops[place], round(recurring[place].total_ms / total, 4) if total else 0.0)


def _finding(one: StatementStatistics, tops: list[tuple[str, float]], share: float) -> Finding:
    said = " and ".join(f"{part:.0%} of the {name}" for name, part in tops)
    return Finding(
        object=f"statement {one.query_id}",
        message=f"takes {said} of all statements that recur: {one.calls:,} calls of {one.mean_ms:.3g} ms",
        severity=Severity.INFO,
        evidence=(_counted("query", " ".join(one.text.split())[:SHOWN]), _counted("share of time", share),
                  _counted("calls", one.calls), _counted("mean ms", round(one.mean_ms, 3)),
                  _counted("rows a call", round(one.rows / one.calls, 1)),
                  _counted("blocks read a call", round(one.blocks_read / one.calls, 1)),
                  _counted("temporary blocks a call", round(one.temporary_blocks / one.calls, 1)),
                  _counted("WAL bytes a call", round(one.wal_bytes / one.calls))),
        advice="EXPLAIN (ANALYZE, BUFFERS) it with usual parameters; put it into the workload file, so that what is"
        " planned is measured by it",
        cost=Cost(queries_affected=1, share_of_time=share),
    )  # fmt: skip


def _counted(measure: str, value: str | float) -> Evidence:
    return Evidence(measure=measure, value=value, source="workload")
