"""Two indexes that are the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._together import shape, told_once
from pgrefit.rules.indexes._doubles import doubles, mirrored
from pgrefit.rules.indexes._drops import drop_of, indexed, weight, why_not


@rule(
    code="IDX003",
    title="Index that is there twice",
    why="Both are written with every row, and one of them is read.",
    example="""
        CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE);
        CREATE INDEX person_by_email ON person (email);
    """,
    clean="""
        CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE, name text, gone boolean, words tsvector,
                             room int4range, day int4range, EXCLUDE USING gist (room WITH =, day WITH &&),
                             EXCLUDE USING gist (room WITH &&, day WITH =));
        CREATE INDEX ON person (lower(email));
        CREATE INDEX ON person (name, gone);
        CREATE INDEX ON person (name, gone DESC);
        CREATE INDEX ON person (name) WHERE gone;
        CREATE INDEX ON person (name) WHERE NOT gone;
        CREATE INDEX ON person USING gin (words);
        CREATE INDEX ON person USING gist (words);
    """,
)
def duplicate_index(observation: Observation) -> Iterator[Finding]:
    """Indexes with the same keys, of which the weaker one can go."""
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    for table in indexed(observation.snapshot):
        for index, twin in doubles(observation.snapshot, table):
            yield table, shape(index), _finding(observation, table, index, twin)


def _finding(observation: Observation, table: Table, index: Index, twin: Index) -> Finding:
    measured = observation.statistics.index(index.name)
    of_constraint = f"one of the constraints can go: {index.constraint}" if index.constraint else ""
    return Finding(
        object=str(index.name),
        message=f"has the same keys as {twin.name}" + (", read backwards" if mirrored(index, twin) else ""),
        severity=Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("the same as", str(twin.definition)),
            *weight(observation, index),
        ),
        remedy=drop_of(observation.snapshot, table, index),
        advice=of_constraint or why_not(observation.snapshot, table, index),
        cost=Cost(bytes=measured.bytes) if measured else None,
    )
