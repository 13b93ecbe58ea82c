"""Where the server's time goes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules.workload._texts import SHOWN

LEAST_SHARE = 0.1
LEAST_MS = 1000.0
FEWEST_CALLS = 20  # what ran less often is a report, a dump, or our own question
MOST = 5
HEAVY = StatementStatistics(query_id=42, text="SELECT * FROM thing WHERE id = $1", calls=90_000, total_ms=800_000.0,
                            mean_ms=8.9, rows=90_000)  # fmt: skip


@rule(
    code="WRK010",
    title="Statement that takes much of the time",
    why="What is gained on it is gained for the whole server; what is gained elsewhere, nobody notices.",
    example="CREATE TABLE thing (id int PRIMARY KEY)",
    given=lambda observation: replace(observation, statements=(HEAVY,)),
    clean="CREATE TABLE thing (id int PRIMARY KEY)",
)
def heavy_statement(observation: Observation) -> Iterator[Finding]:
    """The few statements that take a tenth of the time of what recurs, and a second or more.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html; the share is our judgement.
    """
    total = sum(one.total_ms for one in observation.statements)
    recurring = sum(one.total_ms for one in observation.statements if one.calls >= FEWEST_CALLS)
    heavy = [
        one
        for one in observation.statements
        if one.text and one.total_ms >= max(LEAST_MS, LEAST_SHARE * recurring) and one.calls >= FEWEST_CALLS
    ]
    for one in heavy[:MOST]:
        share = round(one.total_ms / total, 4)
        yield Finding(
            object=f"statement {one.query_id}",
            message=f"takes {share:.0%} of the time of all statements: {one.calls:,} calls of {one.mean_ms:.3g} ms",
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
