"""An index that was left unfinished."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.drop_index import DropIndex
from pgrefit.changes.reindex import Reindex
from pgrefit.model.change import Change
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import users_tables
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules.indexes._drops import weight

LEFT_OVER = re.compile(r"_cc(new|old)\d*\Z")  # what the server calls the two sides of a rebuild


@rule(
    code="IDX004",
    title="Invalid index",
    why="A build that failed left it behind: no query uses it, every write keeps it up, and it guarantees nothing.",
    example="""
        CREATE TABLE parcel (id int PRIMARY KEY, weight int);
        CREATE INDEX parcel_weight ON parcel (weight);
        SET allow_system_table_mods = on;
        UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'parcel_weight'::regclass;
    """,
    clean="""
        CREATE TABLE parcel (id int, weight int) PARTITION BY RANGE (id);
        CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (1) TO (10);
        CREATE INDEX parcel_weight ON ONLY parcel (weight);
    """,
)
def invalid_index(observation: Observation) -> Iterator[Finding]:
    """Indexes that are not valid; that of a partitioned table may be so while its parts are attached."""
    for table in users_tables(observation.snapshot):
        for index in table.indexes if table.kind != "partitioned table" else ():
            if not (index.valid and index.ready):
                yield _finding(observation, table, index)


def _finding(observation: Observation, table: Table, index: Index) -> Finding:
    twin = next((other for other in table.indexes if other.valid and _is_twin(index, other)), None)
    guards = index.unique and twin is None
    return Finding(
        object=str(index.name),
        message=f"is invalid: no query of {table.name} uses it"
        + (", and rows of which it would refuse one may be there twice" if guards else ""),
        severity=Severity.ERROR if guards else Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("is written to", index.ready),
            *((catalog("valid beside it", str(twin.definition)),) if twin else ()),
            *weight(observation, index),
        ),
        remedy=_remedy(observation, table, index, twin),
        advice="unless it is being built at this moment: look at pg_stat_progress_create_index first"
        + ("; duplicates have to go before it can be built" if guards else ""),
    )


def _remedy(observation: Observation, table: Table, index: Index, twin: Index | None) -> tuple[Change, ...]:
    """A rebuild; where another index does its work already, it goes."""
    left_over = twin is not None or LEFT_OVER.search(index.name.name) is not None
    change: Change = (
        DropIndex(index=index, table=table.name)
        if left_over and index.constraint is None and not index.replica_identity
        else Reindex(table=table.name, indexes=(index.name.name,))
    )
    return () if any(change.obstacles(observation.snapshot)) else (change,)


def _is_twin(index: Index, other: Index) -> bool:
    alike = index.method == other.method and index.predicate == other.predicate and index.include == other.include
    return alike and index.unique == other.unique and len(index.keys) == len(other.keys) and prefix_of(index, other)
