"""At which hours of the day the writers of a table write: who does so hours later than others has another clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, rows_of
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._profiles import Months, Profile, rests, set_once, shift_of
from pgrefit.rules.data._sample import Values

MOST_WRITERS = 8
FEWEST_ROWS = 100  # of each writer
LITTLE, FURTHEST = 20, 14 * 60 + 30  # minutes
FEWEST_AHEAD, MOST_AHEAD = 3, 0.2
WRITERS = {
    "source", "src", "origin", "reader", "device", "terminal", "system", "client", "app", "application", "channel",
    "gateway", "server", "host", "node", "site", "region", "branch", "office", "location", "station", "plant", "sensor",
    "writer", "platform", "import", "feed", "provider", "collector", "logger", "datacenter", "facility", "program",
    "leitor", "lecteur", "lector", "leser", "lettore", "czytnik", "quelle", "herkunft", "fuente", "fonte", "zrodlo",
    "origen", "origem", "origine", "geraet", "dispositivo", "appareil", "urzadzenie", "sede", "standort", "filiale",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hours:
    """A moment without a zone, and a column that says who wrote it."""

    table: Table
    column: Column
    writer: Column

    def question(self) -> Question:
        """How many rows each writer has at each hour, in each month."""
        select = ddl(
            "SELECT t.{w}::text AS writer, to_char(t.{c}, 'YYYY-MM') AS month, extract(hour FROM t.{c})::int AS hour,"
            " count(*) AS rows FROM {t} AS t WHERE t.{w} IS NOT NULL AND isfinite(t.{c}) GROUP BY 1, 2, 3",
            w=self.writer.name, c=self.column.name, t=self.table.name,
        )  # fmt: skip
        return Question(self.table.name, select)

    def shifted(self, observation: Observation) -> tuple[tuple[str, int, int], ...]:
        """Writers whose day is that of the one with most rows, but so many hours later, and their rows; else those
        of whom that is so up to some month, or from one on.
        """
        months: dict[str, dict[str, Profile]] = {}
        for row in rows_of(observation, self.question()) or ():
            by_month = months.setdefault(row.text("writer"), {})
            by_month.setdefault(row.text("month"), Counter())[row.count("hour")] = row.count("rows")
        return _always(months) or set_once(months)


def _always(months: Months) -> tuple[tuple[str, int, int], ...]:
    rows = {writer: sum(by_month.values(), Counter[int]()) for writer, by_month in months.items()}
    told = {writer: hours for writer, hours in rows.items() if hours.total() >= FEWEST_ROWS and rests(hours)}
    if len(told) < 2 or len(told) < len(rows):
        return ()
    usual = max(told, key=lambda writer: told[writer].total())
    found = ((writer, shift_of(told[usual], hours), hours.total()) for writer, hours in told.items())
    return tuple(entry for entry in found if entry[1])


def ahead(table: Table, column: Column) -> Question:
    """Rows that were written later than now, as far as no zone is ahead of all others, and those beyond."""
    select = ddl(
        "SELECT count(*) AS rows, count(*) FILTER (WHERE d.minutes > {little}) AS ahead,"
        " coalesce(ceil(max(d.minutes)), 0)::bigint AS furthest"
        " FROM (SELECT extract(epoch FROM t.{c} - now() AT TIME ZONE 'UTC') / 60 AS minutes FROM {t} AS t"
        " WHERE isfinite(t.{c})) AS d",
        c=column.name, t=table.name, little=LITTLE,
    )  # fmt: skip
    return Question(table.name, select)


def is_ahead(row: Row) -> bool:
    """Whether a few are, by no more hours than zones differ."""
    few = FEWEST_AHEAD <= row.count("ahead") <= MOST_AHEAD * row.count("rows")
    return few and row.count("furthest") <= FURTHEST


def hours_of(table: Table, column: Column, columns: tuple[Values, ...]) -> Iterator[Hours]:
    """The column beside each that names a few writers."""
    for v in columns:
        if v.complete and 2 <= v.different <= MOST_WRITERS and means(v.column, WRITERS):
            yield Hours(table, column, v.column)
