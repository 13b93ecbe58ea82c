"""A statement that is fast mostly, and slow at times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules.workload._texts import LEAST_SHARE, SHOWN

FEWEST_CALLS = 30
LEAST_MEAN_MS = 5.0
UNSTEADY = 4.0  # standard deviations over the mean
LEAST_MS = 1000.0
JUMPY = StatementStatistics(query_id=42, text="SELECT * FROM thing WHERE id = $1", calls=9000, total_ms=90_000.0,
                            mean_ms=10.0, deviation_ms=120.0, rows=9000)  # fmt: skip


@rule(
    code="WRK011",
    title="Statement whose time varies much",
    why="Some of its calls take many times the usual: another plan, a lock, or parameters that the indexes do not"
    " serve.",
    example="CREATE TABLE thing (id int PRIMARY KEY)",
    given=lambda observation: replace(observation, statements=(JUMPY,)),
    clean="CREATE TABLE thing (id int PRIMARY KEY)",
)
def unsteady_statement(observation: Observation) -> Iterator[Finding]:
    """Statements of some weight whose deviation is four times their mean or more.

    Source: https://www.postgresql.org/docs/current/pgstatstatements.html; the bounds are our judgement.
    """
    total = sum(one.total_ms for one in observation.statements)
    recurring = sum(one.total_ms for one in observation.statements if one.calls >= FEWEST_CALLS)
    for one in observation.statements:
        rare = not one.text or one.calls < FEWEST_CALLS or one.mean_ms < LEAST_MEAN_MS
        if rare or one.total_ms < max(LEAST_MS, LEAST_SHARE * recurring) or one.deviation_ms < UNSTEADY * one.mean_ms:
            continue
        share = round(one.total_ms / total, 4)
        values: tuple[tuple[str, str | float], ...] = (
            ("query", " ".join(one.text.split())[:SHOWN]),
            ("share of time", share),
            ("calls", one.calls),
            ("mean ms", round(one.mean_ms, 3)),
            ("standard deviation ms", round(one.deviation_ms, 3)),
        )
        yield Finding(
            object=f"statement {one.query_id}",
            message=f"takes {one.mean_ms:.3g} ms in the mean, with a deviation of {one.deviation_ms:.3g} ms",
            severity=Severity.INFO,
            evidence=tuple(Evidence(measure=name, value=value, source="workload") for name, value in values),
            advice="log the slow calls with their plan (auto_explain), and compare parameters and locks with the"
            " usual ones",
            cost=Cost(queries_affected=1, share_of_time=share),
        )
