"""A unique key that a shorter one holds already."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Snapshot, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import users_tables
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules.indexes._drops import weight


@rule(
    code="IDX020",
    title="Unique key that another one implies",
    why=(
        "Where one column is unique, it is so together with any other: the longer key refuses nothing more, yet each"
        " write looks it up, and it reads as if the shorter one did not hold."
    ),
    example="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, tenant int);
        CREATE UNIQUE INDEX account_by_tenant ON account (tenant, email);
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, email text NOT NULL UNIQUE, tenant int NOT NULL, login text UNIQUE,
                              UNIQUE (tenant, id));
        CREATE TABLE message (id int PRIMARY KEY, tenant int NOT NULL, account int NOT NULL,
                              FOREIGN KEY (tenant, account) REFERENCES account (tenant, id));
        CREATE INDEX ON message (tenant, account);
        CREATE UNIQUE INDEX ON account (email) INCLUDE (login);
        CREATE UNIQUE INDEX ON account (tenant, login) NULLS NOT DISTINCT;
        CREATE UNIQUE INDEX ON account (id, login) WHERE login IS NOT NULL;
        CREATE INDEX ON account (id, email);
    """,
)
def implied_unique_key(observation: Observation) -> Iterator[Finding]:
    """Unique keys of which fewer columns are unique already; not those that foreign keys or a replica's identity need.

    An index may still be worth having for what it sorts or covers: then it need not be unique.
    """
    return by_schema(_found(observation), "unique keys are implied by shorter ones")


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    db = observation.snapshot
    for table in users_tables(db):
        keys = [index for index in table.indexes if _is_key(index)]
        whole = [index for index in keys if index.predicate is None]
        for index in keys if len(keys) > 1 else ():
            shorter = next((other for other in whole if _implies(other, index)), None)
            if shorter and _is_free(db, table, index):
                yield table.name.schema, Finding(
                    object=str(index.name),
                    message=f"is implied by {shorter.name}, which holds for {', '.join(filter(None, shorter.columns))}",
                    severity=Severity.INFO,
                    evidence=(catalog("definition", str(index.definition)),
                              catalog("implied by", str(shorter.definition)), *weight(observation, index)),
                    advice="drop it, or make it a plain index where queries sort or look up by all its columns",
                )  # fmt: skip


def _is_key(index: Index) -> bool:
    return index.unique and index.valid and None not in index.columns


def _implies(shorter: Index, longer: Index) -> bool:
    """Of fewer columns; or the same ones in all rows, where the other is about some of them."""
    if longer.predicate is not None:
        return prefix_of(longer, shorter) and len(longer.keys) == len(shorter.keys) and not longer.nulls_not_distinct
    return set(shorter.columns) < set(longer.columns) and not longer.nulls_not_distinct


def _is_free(db: Snapshot, table: Table, index: Index) -> bool:
    """Whether nothing needs it for what it is."""
    rested_on = {key.index for _, key in db.references_to(table.name) if key.index} or set[Relation]()
    needed = index.primary or index.replica_identity or index.clustered or index.partition_of is not None
    deferred = any(c.name == index.constraint and c.deferrable for c in table.constraints)
    return not needed and not deferred and index.name not in rested_on
