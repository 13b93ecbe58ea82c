"""Two indexes that are the same."""

from __future__ import annotations

from collections.abc import Hashable, Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Index, Snapshot, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules._together import shape, told_once
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
        CREATE INDEX ON person (name);
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
    db = observation.snapshot
    for table in indexed(db):
        kept: list[Index] = []
        rested_on = _rested_on(db, table) if len(table.indexes) > 1 else set[Relation]()
        for index in sorted(table.indexes, key=lambda each: _worth(each, rested_on), reverse=True):
            twin = next((other for other in kept if _same(table, index, other)), None)
            if twin is None:
                kept.append(index)
            elif index.partition_of is None:
                yield table, shape(index), _finding(observation, table, index, twin)


def _rested_on(db: Snapshot, table: Table) -> set[Relation]:
    """Indexes that foreign keys refer to."""
    return {key.index for _, key in db.references_to(table.name) if key.index}


def _worth(index: Index, rested_on: set[Relation]) -> tuple[bool, bool, bool, bool, bool, bool, int, str]:
    """Greater is kept; the part of a partitioned index goes with the whole alone."""
    held = index.constraint is not None or index.replica_identity
    of_whole = index.partition_of is not None
    needed = (index.primary, index.name in rested_on, held, index.unique, of_whole, index.clustered)
    return (*needed, len(index.include), index.name.name)


def _same(table: Table, index: Index, other: Index) -> bool:
    alike = index.method == other.method and index.predicate == other.predicate and index.valid and other.valid
    reach = set(index.include) <= {*other.columns, *other.include}
    same_keys = len(index.keys) == len(other.keys) and prefix_of(index, other)
    return alike and reach and same_keys and _guards_as_well(table, index, other)


def _guards_as_well(table: Table, index: Index, other: Index) -> bool:
    """Whether the other refuses whatever the index refuses, and no later."""
    mine, theirs = _constraint(table, index), _constraint(table, other)
    if mine is not None and mine.kind == "exclusion":
        return theirs is not None and mine.definition == theirs.definition
    at_once = theirs is None or not theirs.deferrable or (mine is not None and mine.deferrable)
    return not index.unique or (other.unique and at_once and index.nulls_not_distinct == other.nulls_not_distinct)


def _constraint(table: Table, index: Index) -> Constraint | None:
    return next((c for c in table.constraints if c.name == index.constraint), None)


def _finding(observation: Observation, table: Table, index: Index, twin: Index) -> Finding:
    measured = observation.statistics.index(index.name)
    of_constraint = f"one of the constraints can go: {index.constraint}" if index.constraint else ""
    return Finding(
        object=str(index.name),
        message=f"has the same keys as {twin.name}",
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
