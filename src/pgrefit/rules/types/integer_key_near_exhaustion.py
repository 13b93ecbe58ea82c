"""A key of a small type that runs out of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, row_of, scan, tables

LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1}
NEAR = 0.5  # share of the numbers that are used: a conversion takes its time
WORTH_ASKING = 0.25


def _asks(observation: Observation) -> Iterator[Question]:
    yield from (_largest(table, column) for table, column in _keys(observation))


def _keys(observation: Observation) -> Iterator[tuple[Table, Column]]:
    """First columns of primary keys whose type is small, unless ANALYZE saw only small numbers."""
    bounds = {t.table: t for t in observation.statistics.tables}
    for table in tables(observation):
        column = table.column(table.primary_key[0]) if table.primary_key else None
        if column and column.type in LARGEST:
            statistics = bounds.get(table.name)
            seen = statistics.column(column.name) if statistics else None
            last = seen.bounds[-1] if seen and seen.bounds else ""
            if not last.isdecimal() or int(last) >= WORTH_ASKING * LARGEST[column.type]:
                yield table, column


def _largest(table: Table, column: Column) -> Question:
    return Question(table.name, ddl("SELECT max(t.{c}) AS largest FROM {t} AS t", c=column.name, t=table.name))


@rule(
    code="TYP003",
    title="Key of a small type near its end",
    why="On the day it is reached every INSERT fails, and the conversion to bigint takes its time.",
    asks=_asks,
    example="""
        CREATE TABLE reading (id int PRIMARY KEY, value numeric);
        INSERT INTO reading VALUES (1, 1), (1900000000, 2);
    """,
    clean="""
        CREATE TABLE reading (id int PRIMARY KEY, value numeric);
        INSERT INTO reading VALUES (1, 1), (190000000, 2);
        CREATE TABLE sensor (id bigint PRIMARY KEY);
        INSERT INTO sensor VALUES (1900000000);
    """,
)
def integer_key_near_exhaustion(observation: Observation) -> Iterator[Finding]:
    """Primary keys of which more than half of the numbers are gone."""
    for table, column in _keys(observation):
        row = row_of(observation, _largest(table, column))
        used = row.count("largest") / LARGEST[column.type] if row else 0.0
        if row and used >= NEAR:
            yield Finding(
                object=named(table, column.name),
                message=f"has used {used:.0%} of what {column.type} can hold",
                severity=Severity.ERROR if used >= 0.8 else Severity.WARNING,
                evidence=(
                    scan("largest value", row.count("largest")),
                    catalog("largest possible", LARGEST[column.type]),
                ),
                advice="convert the key, and the columns that refer to it, to bigint",
            )
