"""What rules share to ask questions and to read answers."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, expression
from pgrefit.model.finding import Evidence, Scalar
from pgrefit.model.names import Relation
from pgrefit.model.observation import Cell, Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import TableStatistics

TEXT_TYPES = ("text", "character varying", "character", "citext", "public.citext")
WHOLE_TYPES = ("smallint", "integer", "bigint")
SAMPLE_KEYS = 5
PAGES_READ_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an answer, by column."""

    cells: dict[str, Cell]

    def count(self, column: str) -> int:
        """The number in a column; 0 for NULL."""
        cell = self.cells[column]
        return 0 if cell is None else int(cell)

    def text(self, column: str) -> str:
        """The text in a column; '' for NULL."""
        cell = self.cells[column]
        return "" if cell is None else str(cell)

    def texts(self, column: str) -> tuple[str, ...]:
        """The texts of an array in a column; none for NULL."""
        found: list[str] = json.loads(self.text(column) or "[]")
        return tuple(found)


def rows_of(observation: Observation, question: Question) -> list[Row] | None:
    """The rows of an answer; None where it is not there, or was skipped."""
    answer = observation.answer(question)
    return None if answer is None else [Row(dict(zip(answer.columns, row, strict=True))) for row in answer.rows]


def row_of(observation: Observation, question: Question) -> Row | None:
    """The only row of an answer; None where it is not there, or was skipped."""
    rows = rows_of(observation, question)
    return rows[0] if rows else None


def sampled_values(rows: list[Row] | None, kind: str) -> tuple[Scalar, ...]:
    """Values of the rows whose column `kind` says so."""
    return tuple(row.text("value") for row in rows or () if row.text("kind") == kind)


@lookup.remembered
def tables(observation: Observation) -> tuple[Table, ...]:
    """The user's tables; of a partitioned table only the whole."""
    return tuple(t for t in observation.snapshot.own_tables() if t.partition_of is None)


def statistics_of(observation: Observation, table: Table) -> TableStatistics:
    """Statistics of a table; rows = -1 where nothing is known."""
    return observation.statistics.table(table.name)


def is_empty(observation: Observation, table: Table) -> bool:
    """Whether the table is known to have no file to speak of: nothing is to be learnt from its data."""
    found = lookup.table_statistics(observation.statistics).get(table.name)
    return found is not None and table.kind == "table" and found.heap_bytes == 0 and found.rows <= 0


def is_text(column: Column) -> bool:
    """Whether the type is a text of any length."""
    return column.type.partition("(")[0] in TEXT_TYPES


def is_numeric(column: Column) -> bool:
    """Whether the type is exact: whole numbers and numeric."""
    return column.type in WHOLE_TYPES or column.type.partition("(")[0] == "numeric"


def key_columns(table: Table) -> set[str]:
    """Columns of the primary key and of all foreign keys."""
    return {*table.primary_key, *(column for key in table.foreign_keys for column in key.columns)}


def sample_of(observation: Observation, table: Table, rows: int) -> Expression:
    """An item of FROM that yields about that many rows of the table, spread over it; all of a small table.

    Give it an alias.
    """
    statistics = statistics_of(observation, table)
    known = statistics.rows if table.kind == "table" else -1
    if known <= rows * 2:
        return expression("(SELECT * FROM {table} LIMIT {limit})", table=table.name, limit=rows * 3)
    percent = round(100 * rows / known, 4)
    if statistics.pages > PAGES_READ_AT_ONCE:
        return expression("(SELECT * FROM {table} TABLESAMPLE SYSTEM ({percent}) REPEATABLE (7) LIMIT {limit})",
                          table=table.name, percent=percent, limit=rows * 3)  # fmt: skip
    return expression("(SELECT * FROM {table} TABLESAMPLE BERNOULLI ({percent}) REPEATABLE (7) LIMIT {limit})",
                      table=table.name, percent=percent, limit=rows * 3)  # fmt: skip


def scan(measure: str, value: Scalar | tuple[Scalar, ...]) -> Evidence:
    """Evidence that was counted on all rows."""
    return Evidence(measure=measure, value=value, source="scan")


def catalog(measure: str, value: Scalar | tuple[Scalar, ...]) -> Evidence:
    """Evidence that the catalog gives."""
    return Evidence(measure=measure, value=value, source="catalog")


def statistic(measure: str, value: Scalar | tuple[Scalar, ...]) -> Evidence:
    """Evidence that the server's counters and estimates give."""
    return Evidence(measure=measure, value=value, source="statistics")


def known(evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Without lists that are empty."""
    return tuple(e for e in evidence if e.value != ())


def named(table: Table | Relation, column: str) -> str:
    """schema.table.column, as findings name it."""
    return (table.name if isinstance(table, Table) else table).column(column)
