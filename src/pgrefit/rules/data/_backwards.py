"""Rows of one writer whose end is hours before their start: the two moments were taken from clocks of two zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import is_text, named, rows_of, scan
from pgrefit.rules.data._meanings import ENUMERATIONS, means
from pgrefit.rules.data._sample import Values, bare_type, sampled_tables

VAGUE = "timestamp without time zone"
MOST_MOMENTS, MOST_WRITERS = 3, 8
FEWEST_ROWS = 50  # of each writer
NEARLY_ALL, HARDLY_ANY = 0.9, 0.02
FURTHEST = int(14.5 * 3600)  # seconds that two zones are apart
WITHIN = 2400  # seconds past a whole hour


@dataclass(frozen=True, slots=True)
class Backwards:
    """Two moments without a zone, and a column that says who wrote them."""

    table: Table
    start: Column
    end: Column
    writer: Column

    def question(self) -> Question:
        """Of each writer the rows, those that end before they start, by how much at most, and how much more than whole
        hours nearly all of them took.
        """
        select = ddl(
            "SELECT t.{w}::text AS writer, count(*) AS rows, count(*) FILTER (WHERE t.{b} < t.{a}) AS before,"
            " coalesce(max(extract(epoch FROM t.{a} - t.{b})), 0)::bigint AS furthest,"
            " percentile_disc(0.98) WITHIN GROUP (ORDER BY mod(mod(extract(epoch FROM t.{b} - t.{a}), 3600) + 3600,"
            " 3600))::bigint AS past FROM {t} AS t"
            " WHERE t.{w} IS NOT NULL AND isfinite(t.{a}) AND isfinite(t.{b}) GROUP BY 1",
            w=self.writer.name, a=self.start.name, b=self.end.name, t=self.table.name,
        )  # fmt: skip
        return Question(self.table.name, select)

    def finding(self, observation: Observation) -> Finding | None:
        """Where nearly all rows of some writers do, and hardly any of the others, and whole hours explain it."""
        rows = rows_of(observation, self.question()) or []
        off = [row for row in rows if row.count("before") >= NEARLY_ALL * row.count("rows")]
        others = [row for row in rows if row.count("before") <= HARDLY_ANY * row.count("rows")]
        explained = all(
            row.count("rows") >= FEWEST_ROWS and row.count("past") <= WITHIN and row.count("furthest") <= FURTHEST
            for row in rows
        )
        if not (off and others and len(off) + len(others) == len(rows) and explained):
            return None
        wrong = sum(row.count("before") for row in off)
        return Finding(
            object=named(self.table, self.end.name),
            message=f"holds times of several zones: of some {self.writer.name} it is hours before {self.start.name}",
            severity=Severity.ERROR,
            evidence=(
                scan("rows", sum(row.count("rows") for row in rows)), scan(f"before {self.start.name}", wrong),
                scan("of these writers", tuple(row.text("writer") for row in off)),
            ),
            advice="find out which writer stored which zone, convert its rows, then make the columns timestamptz",
            cost=Cost(rows=wrong),
        )  # fmt: skip


def backwards(observation: Observation) -> Iterator[Backwards]:
    """Two moments of a table beside a text of a few values, which is no state."""
    for table, columns in sampled_tables(observation):
        moments = [v.column for v in columns if bare_type(v.column) == VAGUE and v.filled >= FEWEST_ROWS]
        writers = [v.column for v in columns if len(moments) > 1 and _may_write(v)]
        for one, other in combinations(moments[:MOST_MOMENTS], 2) if writers else ():
            yield from (Backwards(table, one, other, writer) for writer in writers[:MOST_MOMENTS])


def _may_write(values: Values) -> bool:
    few = values.complete and 2 <= values.different <= MOST_WRITERS
    return few and is_text(values.column) and not means(values.column, ENUMERATIONS)
