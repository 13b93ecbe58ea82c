"""Two indexes that are the same."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._indexes import needed_by_constraint, prefix_of


@rule(
    code="IDX003",
    title="Index that is there twice",
    why="Both are written with every row, and one of them is read.",
    example="""
        CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE);
        CREATE INDEX person_by_email ON person (email);
    """,
    clean="""
        CREATE TABLE person (id int PRIMARY KEY, email text UNIQUE, name text, gone boolean, words tsvector);
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
    for table in observation.snapshot.own_tables():
        kept: list[Index] = []
        for index in sorted(table.indexes, key=_worth, reverse=True):
            twin = next((other for other in kept if _same(index, other)), None)
            if twin is None:
                kept.append(index)
            elif index.partition_of is None:
                yield _finding(observation, table, index, twin)


def _worth(index: Index) -> tuple[bool, bool, bool, bool, str]:
    """Greater is kept."""
    needed = (index.primary, index.constraint is not None or index.replica_identity, index.unique, index.clustered)
    return (*needed, index.name.name)


def _same(index: Index, other: Index) -> bool:
    alike = index.method == other.method and index.predicate == other.predicate and index.valid and other.valid
    reach = set(index.include) <= {*other.columns, *other.include}
    guard = not index.unique or (other.unique and index.nulls_not_distinct == other.nulls_not_distinct)
    return alike and guard and reach and len(index.keys) == len(other.keys) and prefix_of(index, other)


def _finding(observation: Observation, table: Table, index: Index, twin: Index) -> Finding:
    backs_constraint = needed_by_constraint(index) and (index.constraint is not None or index.replica_identity)
    measured = observation.statistics.index(index.name)
    return Finding(
        object=str(index.name),
        message=f"has the same keys as {twin.name}",
        severity=Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("the same as", str(twin.definition)),
            *((statistic("bytes", measured.bytes), statistic("scans", measured.scans)) if measured else ()),
        ),
        remedy=() if backs_constraint else (DropIndex(index=index, table=table.name),),
        advice=f"one of the constraints can go: {index.constraint}" if index.constraint else "",
    )
