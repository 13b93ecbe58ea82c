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
            if reached is None:
                reached = LARGEST[column.type] if column.name == table.primary_key[0] else 0
            if reached >= WORTH_ASKING * LARGEST[column.type]:
                yield table, column


@remembered
def _small(db: Snapshot) -> tuple[tuple[Table, Column, Relation | None], ...]:
    """Columns of primary keys of a small type that refer to nothing, each with the sequence that feeds it."""
    given = {(d.table.name, d.column.name): d.sequence.name for d in draws(db) if d.whole}
    keyed = (table for table in db.own_tables() if table.partition_of is None and table.primary_key)
    of_key = ((table, table.column(name)) for table in keyed for name in _own_part(table))
    return tuple((t, c, given.get((t.name, c.name))) for t, c in of_key if c.type in LARGEST)


def _own_part(table: Table) -> tuple[str, ...]:
    """The first column, and those after it that are under no foreign key."""
    first, *others = table.primary_key
    referring = {name for key in table.foreign_keys for name in key.columns} if others else set[str]()
    return (first, *(name for name in others if name not in referring))


def _reached(observation: Observation, table: Table, column: Column, sequence: Relation | None) -> int | None:
    """How far it is by the last number of its sequence and by the largest that ANALYZE saw; None where none tells."""
    last = observation.statistics.last_value(sequence) if sequence else None
    statistics = statistics_of(observation, table).column(column.name)
    ends = (statistics.bounds[0], statistics.bounds[-1]) if statistics and statistics.bounds else ()
    numbers = (int(end) for end in ends if end.removeprefix("-").isdecimal())
    return max((abs(number) for number in (*numbers, *([last] if last is not None else []))), default=None)


def _largest(table: Table, column: Column) -> Question:
    return Question(
        table.name, ddl("SELECT max(t.{c}) AS largest, min(t.{c}) AS least FROM {t} AS t", c=column.name, t=table.name)
    )


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
        up, down = (row.count("largest"), -1 - row.count("least")) if row else (0, 0)
        if down == LARGEST[column.type]:  # it began at the very lowest, and counts up from there
            down = 0
        used = max(up, down, 0) / LARGEST[column.type]
        if row and used >= NEAR and min(up, down) < NEAR * LARGEST[column.type]:  # else they were drawn by lot
            yield Finding(
                object=named(table, column.name),
                message=f"has used {used:.0%} of what {column.type} can hold",
                severity=Severity.ERROR if used >= 0.8 else Severity.WARNING,
                evidence=(
                    scan("largest value", up) if up >= down else scan("lowest value", row.count("least")),
                    catalog("largest possible", LARGEST[column.type]),
                ),
                advice="convert the key, and the columns that refer to it, to bigint",
            )
