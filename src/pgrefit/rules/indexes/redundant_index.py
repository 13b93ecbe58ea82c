"""An index that another one makes needless."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._indexes import needed_by_constraint, prefix_of
from pgrefit.rules._together import shape, told_once
from pgrefit.rules.indexes._doubles import doubles
from pgrefit.rules.indexes._drops import drop_of, indexed, weight, why_not


@rule(
    code="IDX002",
    title="Index that begins another index",
    why="The longer index serves the same look-ups; every write pays for both.",
    example="""
        CREATE TABLE visit (id int PRIMARY KEY, place text, day date, seen boolean);
        CREATE INDEX visit_place ON visit (place);
        CREATE INDEX visit_place_day ON visit (place, day);
    """,
    clean="""
        CREATE TABLE visit (id int PRIMARY KEY, place text, day date, seen boolean, code text);
        CREATE INDEX ON visit (place, day);
        CREATE INDEX ON visit (day);
        CREATE INDEX ON visit (place DESC);
        CREATE INDEX ON visit (place text_pattern_ops);
        CREATE INDEX ON visit (place COLLATE "C");
        CREATE INDEX ON visit (place) WHERE seen;
        CREATE INDEX ON visit (place) INCLUDE (seen);
        CREATE INDEX ON visit USING hash (place);
        CREATE UNIQUE INDEX ON visit (code);
        CREATE INDEX ON visit (code, day);
        CREATE INDEX ON visit (id, day);
    """,
)
def redundant_index(observation: Observation) -> Iterator[Finding]:
    """B-trees whose keys are the first keys of another, and which give nothing beside; but for those that are twice."""
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    for table in indexed(observation.snapshot):
        twice = {index.name for index, _ in doubles(observation.snapshot, table)}
        for index in (each for each in table.indexes if each.name not in twice):
            longer = () if needed_by_constraint(index) or index.partition_of else _longer(table, index)
            staying = [other for other in longer if needed_by_constraint(other) or not _longer(table, other)]
            if staying:
                shortest = min(staying, key=lambda other: len(other.keys))
                yield table, shape(index), _finding(observation, table, index, shortest)


def _longer(table: Table, index: Index) -> tuple[Index, ...]:
    return tuple(other for other in table.indexes if _begins(index, other))


def _begins(index: Index, other: Index) -> bool:
    if len(index.keys) >= len(other.keys) or not index.method == other.method == "btree":
        return False
    alike = index.valid and other.valid and index.predicate == other.predicate
    return alike and prefix_of(index, other) and set(index.include) <= {*other.columns, *other.include}


def _finding(observation: Observation, table: Table, index: Index, other: Index) -> Finding:
    measured = observation.statistics.index(index.name)
    return Finding(
        object=str(index.name),
        message=f"its keys are the first keys of {other.name}",
        severity=Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("served as well by", str(other.definition)),
            *weight(observation, index),
        ),
        remedy=drop_of(observation.snapshot, table, index),
        advice=why_not(observation.snapshot, table, index),
        cost=Cost(bytes=measured.bytes) if measured else None,
    )
