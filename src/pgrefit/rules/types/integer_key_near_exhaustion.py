"""A key of a small type that runs out of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import catalog, is_empty, named, row_of, scan, statistics_of
from pgrefit.rules._sequences import LARGEST, draws

NEAR = 0.5  # share of the numbers that are used: a conversion takes its time
WORTH_ASKING = 0.25


def _asks(observation: Observation) -> Iterator[Question]:
    yield from (_largest(table, column) for table, column in _keys(observation))


def _keys(observation: Observation) -> Iterator[tuple[Table, Column]]:
    """Those of a small type, unless it is known that they hold only small numbers."""
    for table, column, sequence in _small(observation.snapshot):
        if not is_empty(observation, table):
            reached = _reached(observation, table, column, sequence)
            if reached is None or reached >= WORTH_ASKING * LARGEST[column.type]:
                yield table, column


@remembered
def _small(db: Snapshot) -> tuple[tuple[Table, Column, Relation | None], ...]:
    """First columns of primary keys of a small type, each with the sequence that feeds it."""
    given = {(d.table.name, d.column.name): d.sequence.name for d in draws(db) if d.whole}
    keyed = (table for table in db.own_tables() if table.partition_of is None and table.primary_key)
    first = ((table, table.column(table.primary_key[0])) for table in keyed)
    return tuple((t, c, given.get((t.name, c.name))) for t, c in first if c.type in LARGEST)


def _reached(observation: Observation, table: Table, column: Column, sequence: Relation | None) -> int | None:
    """How far it is by the last number of its sequence and by the largest that ANALYZE saw; None where none tells."""
    last = observation.statistics.last_value(sequence) if sequence else None
    statistics = statistics_of(observation, table).column(column.name)
    bound = statistics.bounds[-1] if statistics and statistics.bounds else ""
    told = [number for number in (last, int(bound) if bound.isdecimal() else None) if number is not None]
    return max(told, default=None)


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
