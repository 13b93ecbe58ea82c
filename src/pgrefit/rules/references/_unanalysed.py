"""Statistics of tables that the server has not analysed yet, measured by questions: of a database just loaded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.lookup import remembered
from pgrefit.model.observation import Answer, Observation, Question, unanswered
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.statistics import ColumnStatistics, Statistics, TableStatistics
from pgrefit.rules._ask import Row, tables

from ._directory import keys_of

MOST_TABLES = 500
MOST_BYTES = 100_000_000  # of a table that is read
MOST_ROWS = 20_000
MOST_COLUMNS = 60
STEPS = 20  # parts into which the bounds divide the values

Answers = tuple[Answer | None, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured: with the answers that it was made of, as if nothing had been asked."""

    given: Statistics
    answers: Answers
    unanswered: Observation


def questions(observation: Observation) -> tuple[Question, ...]:
    """What is to be asked first."""
    return tuple(question for _, _, question in _missing(unanswered(observation)))


def completed(observation: Observation) -> Observation:
    """The same with what is known of the tables that were not analysed."""
    measured = _measured(observation)
    return replace(observation, statistics=measured.unanswered.statistics) if measured else observation


def without_answers(observation: Observation) -> Observation:
    """One object for all observations that differ in what was answered."""
    for measured in _last(observation.snapshot):
        if measured.unanswered.statistics is observation.statistics:
            return measured.unanswered
    return unanswered(observation)


def _measured(observation: Observation) -> Measured | None:
    missing = _missing(unanswered(observation))
    answers = tuple(observation.answers.get(question) for _, _, question in missing)
    if not any(answers):
        return None
    last = _last(observation.snapshot)
    if not last or last[0].given is not observation.statistics or last[0].answers != answers:
        of_table = {t.table: t for t in observation.statistics.tables}
        for (table, columns, _), answer in zip(missing, answers, strict=True):
            if answer and answer.rows:
                row = Row(dict(zip(answer.columns, answer.rows[0], strict=True)))
                of_table[table.name] = _of_table(of_table[table.name], columns, row)
        statistics = replace(observation.statistics, tables=tuple(of_table.values()))
        plain = replace(unanswered(observation), statistics=statistics)
        last[:] = [Measured(observation.statistics, answers, plain)]
    return last[0]


@remembered
def _last(_: Snapshot) -> list[Measured]:
    return []


@remembered
def _missing(observation: Observation) -> tuple[tuple[Table, tuple[str, ...], Question], ...]:
    found = tuple(_found(observation))
    return found if len(found) <= MOST_TABLES else ()


def _found(observation: Observation) -> Iterator[tuple[Table, tuple[str, ...], Question]]:
    known = {t.table: t for t in observation.statistics.tables}
    keys = keys_of(observation.snapshot)
    for table in tables(observation):
        statistics = known.get(table.name)
        if statistics and not statistics.columns and table.kind == "table" and 0 < statistics.heap_bytes <= MOST_BYTES:
            families = {column.name: keys.family(column) for column in table.columns}
            columns = tuple(name for name, family in families.items() if family in {"whole", "text"})[:MOST_COLUMNS]
            yield table, columns, _question(table, columns, families)


def _question(table: Table, columns: tuple[str, ...], families: dict[str, str]) -> Question:
    select = ddl(
        "SELECT (SELECT count(*) FROM {table}) AS rows {measures} FROM (SELECT * FROM {table} LIMIT {limit}) AS t",
        table=table.name, limit=MOST_ROWS,
        measures=raw(joined([
            expression(", count(DISTINCT t.{c}) AS {distinct}, coalesce(avg(pg_catalog.pg_column_size(t.{c})), 0)::int"
                       " AS {width}, {bounds} AS {name}",
                       c=name, distinct=f"distinct_{i}", width=f"width_{i}", name=f"bounds_{i}",
                       bounds=raw(_bounds(name) if families[name] == "whole" else Expression("NULL::text")))
            for i, name in enumerate(columns)
        ], " ")),
    )  # fmt: skip
    return Question(table.name, select)


def _bounds(column: str) -> Expression:
    places = ", ".join(str(step / STEPS) for step in range(STEPS + 1))
    return expression(
        "pg_catalog.to_json("
        "(percentile_disc({places}::double precision[]) WITHIN GROUP (ORDER BY t.{c}))::text[])::text",
        places=Literal("{" + places + "}"), c=column,
    )  # fmt: skip


def _of_table(known: TableStatistics, columns: tuple[str, ...], row: Row) -> TableStatistics:
    found = tuple(
        ColumnStatistics(
            column=name, null_fraction=0.0, average_width=row.count(f"width_{i}"),
            distinct=float(row.count(f"distinct_{i}")), bounds=row.texts(f"bounds_{i}"),
        )
        for i, name in enumerate(columns)
    )  # fmt: skip
    return replace(known, rows=row.count("rows"), columns=found)
