"""Running sums and steps: a number that is the one of the row before it and another number of its row, or less it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, catalog, is_numeric, key_columns, known, named, row_of, scan
from pgrefit.rules._languages import meanings
from pgrefit.rules.data._sample import MOMENTS, bare_type

MOST_ROWS = 200_000
MOST_NUMBERS, MOST_GROUPS = 5, 2
FEWEST_ROWS = 100
ENOUGH = 0.9
VARIED = 0.2  # of the rows that agree, that differ from the one before by something
SUMS = {
    "balance", "running", "cumulative", "cumulated", "accumulated", "total", "saldo", "solde", "stand", "reading",
    "level", "stock", "kumuliert", "cumul", "acumulado", "bestand", "bakiye", "after", "stan", "value", "odometer",
    "mileage", "counter", "meter", "index",
}  # fmt: skip
STEPS = {
    "difference", "diff", "delta", "change", "used", "usage", "consumption", "verbrauch", "consumo", "consommation",
    "zuzycie", "tuketim", "increment", "movement", "since", "driven", "step", "growth",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Running:
    """In each group, in an order: `sum` is that of the row before and `step`; `told` is the one that is computed."""

    table: Table
    group: str
    order: str
    sum: str
    step: str

    @property
    def _told(self) -> str:
        return self.step if meanings(self.step) & STEPS else self.sum

    def question(self) -> Question:
        """Rows that have one before them, those that agree, those of them with a step, and some that do not."""
        key = [expression("t.{c}::text", c=c) for c in self.table.row_key] or [Expression("t.ctid::text")]
        select = ddl(
            "SELECT count(*) AS rows, count(*) FILTER (WHERE r.sum - r.before = r.step) AS agreeing,"
            " count(*) FILTER (WHERE r.sum - r.before = r.step AND r.step <> 0) AS stepping,"
            " (array_agg(r.key ORDER BY r.key) FILTER (WHERE r.sum - r.before <> r.step))[1:{limit}] AS examples"
            " FROM (SELECT t.{y} AS sum, t.{x} AS step, concat_ws(', ', {key}) AS key,"
            " lag(t.{y}) OVER (PARTITION BY t.{g} ORDER BY t.{o}) AS before FROM {t} AS t) AS r"
            " WHERE r.before IS NOT NULL AND r.sum IS NOT NULL AND r.step IS NOT NULL",
            y=self.sum, x=self.step, g=self.group, o=self.order, t=self.table.name, key=raw(joined(key)),
            limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)

    def holds(self, observation: Observation) -> Row | None:
        """The answer, where nearly all rows agree, and not because nothing changes."""
        row = row_of(observation, self.question())
        enough = row is not None and row.count("rows") >= FEWEST_ROWS
        agreeing = row.count("agreeing") if row and enough else 0
        found = row and enough and agreeing >= ENOUGH * row.count("rows")
        return row if row and found and row.count("stepping") >= VARIED * agreeing else None

    def finding(self, row: Row) -> Finding:
        """What is told where it holds."""
        off = row.count("rows") - row.count("agreeing")
        other = self.sum if self._told == self.step else self.step
        return Finding(
            object=named(self.table, self._told),
            message=f"stores what follows from {other} of its row, and of the {self.group}’s row before it"
            + (", and disagrees with it in some rows" if off else ""),
            severity=Severity.ERROR if off else Severity.INFO,
            evidence=known((
                catalog("follows from", (self.sum, self.step)), catalog("in the order of", self.order),
                scan("rows with one before them", row.count("rows")), scan("disagreeing", off),
                scan("disagreeing rows, for example", row.texts("examples")),
            )),
            advice="compute it where it is read, by a window function over the rows of the same group",
            cost=Cost(rows=off),
        )  # fmt: skip


def running(observation: Observation, table: Table) -> Iterator[Running]:
    """By the names: of two numbers the one is a sum, or the other one a step; within what the rows refer to."""
    if not 0 < observation.rows(table.name) <= MOST_ROWS:
        return
    keys = key_columns(table)
    numbers = [c.name for c in table.columns if is_numeric(c) and c.name not in keys and not c.generated]
    groups = [key.columns[0] for key in table.foreign_keys if len(key.columns) == 1][:MOST_GROUPS]
    order = next((c.name for c in table.columns if bare_type(c) in MOMENTS and c.not_null), "")
    order = order or (table.primary_key[-1] if table.primary_key else "")
    for y, x in permutations(numbers[:MOST_NUMBERS], 2) if order and groups else ():
        if meanings(y) & SUMS or meanings(x) & STEPS:
            yield from (Running(table, group, order, y, x) for group in groups if group != order)
