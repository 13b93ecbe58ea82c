"""Ages that were right on one day: whole years from a date of the row to the day on which they were counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.finding import Cost, Finding, Severity
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, catalog, key_columns, named, row_of, scan, statistics_of
from pgrefit.rules.data._sample import MOMENTS, bare_type

OLDEST = 130
FEWEST_AGES = 10  # different ones
FEWEST_ROWS = 100
ENOUGH = 0.95


@dataclass(frozen=True, slots=True)
class Age:
    """Whole years that may have been counted from a date."""

    table: Table
    column: Column
    since: Column

    def question(self) -> Question:
        """Rows, the day on which the most of them are right, and those that are not right on it."""
        return Question(self.table.name, self._select())

    def _select(self) -> Statement:
        return ddl(
            "WITH a AS (SELECT (t.{d} + t.{c} * interval '1 year')::date AS least,"
            " (t.{d} + (t.{c} + 1) * interval '1 year')::date AS most FROM {t} AS t"
            " WHERE t.{c} BETWEEN 0 AND {oldest} AND t.{d} IS NOT NULL AND isfinite(t.{d})),"
            " step AS (SELECT a.least AS day, 1 AS step FROM a UNION ALL SELECT a.most, -1 FROM a),"
            " day AS (SELECT s.day FROM (SELECT day, sum(step) OVER (ORDER BY day, step) AS fitting FROM step) AS s"
            " ORDER BY s.fitting DESC, s.day DESC LIMIT 1)"
            " SELECT count(*) AS rows, max(day.day)::text AS day,"
            " count(*) FILTER (WHERE NOT (a.least <= day.day AND day.day < a.most)) AS others FROM a, day",
            c=self.column.name, d=self.since.name, t=self.table.name, oldest=OLDEST,
        )  # fmt: skip

    def holds(self, observation: Observation) -> Row | None:
        """The answer, where one day explains nearly all ages."""
        row = row_of(observation, self.question())
        enough = row is not None and row.count("rows") >= FEWEST_ROWS
        return row if row and enough and row.count("others") <= (1 - ENOUGH) * row.count("rows") else None

    def finding(self, row: Row) -> Finding:
        """What is told where it holds."""
        return Finding(
            object=named(self.table, self.column.name),
            message=f"counts the years since {self.since.name}, as they were on {row.text('day')}",
            severity=Severity.WARNING,
            evidence=(
                catalog("follows from", (self.since.name,)), scan("rows", row.count("rows")),
                scan("right on", row.text("day")), scan("disagreeing", row.count("others")),
            ),
            advice="compute it when it is asked for: it is wrong for more rows every day",
            cost=Cost(rows=row.count("others")),
        )  # fmt: skip


def ages(observation: Observation, table: Table) -> Iterator[Age]:
    """Whole numbers up to 130 beside a date, by what ANALYZE kept."""
    dates = [c for c in table.columns if bare_type(c) in MOMENTS and bare_type(c) != MOMENTS[2]]
    keys, statistics = key_columns(table), statistics_of(observation, table)
    for column in table.columns if dates else ():
        seen = statistics.column(column.name) if column.type in WHOLE_TYPES and column.name not in keys else None
        numbers = [int(value) for value in (*seen.values, *seen.bounds)] if seen else []
        if len(set(numbers)) >= FEWEST_AGES and min(numbers) >= 0 and max(numbers) <= OLDEST:
            yield from (Age(table, column, date) for date in dates)
