"""Indexes as they are: looked up, built again as they were, and what rests on them."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, Statement, ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index, Snapshot


def find_index(db: Snapshot, table: Relation, name: str) -> Index | None:
    """The table's index of that name, or None."""
    found = db.find_table(table)
    return next((index for index in found.indexes if index.name.name == name), None) if found else None


def missing_index(db: Snapshot, table: Relation, name: str) -> Iterator[Obstacle]:
    """An index that the table has not, or that is not valid."""
    if db.find_table(table) is None:
        return
    index = find_index(db, table, name)
    if index is None:
        yield Obstacle(str(table), f"has no index {name}")
    elif not index.valid:
        yield Obstacle(str(index.name), "is not valid: drop it, or build it again")


def partitioned(db: Snapshot, table: Relation) -> bool:
    """Whether the table is partitioned."""
    found = db.find_table(table)
    return found is not None and found.kind == "partitioned table"


def resting_keys(db: Snapshot, table: Relation, index: Index) -> Iterator[Obstacle]:
    """Foreign keys of other tables that rest on the index."""
    for child, key in db.references_to(table):
        if key.index == index.name:
            yield Obstacle(str(index.name), f"foreign key {key.name} of {child.name} rests on it")


def drop_concurrently(index: Relation) -> Statement:
    """DROP INDEX CONCURRENTLY where it is there."""
    return ddl("DROP INDEX CONCURRENTLY IF EXISTS {index}", index=index)


def rebuilt(index: Index) -> Iterator[Statement]:
    """Build a dropped index again, from the server's own definition, with its comment and statistics targets.

    A build that was interrupted leaves an invalid index, which goes first.
    """
    yield drop_concurrently(index.name)
    yield _concurrently(index.definition)
    if index.comment:
        yield ddl("COMMENT ON INDEX {index} IS {comment}", index=index.name, comment=Literal(index.comment))
    for number, key in enumerate(index.keys, 1):
        if key.statistics_target is not None:
            yield ddl("ALTER INDEX {index} ALTER COLUMN {number} SET STATISTICS {target}",
                      index=index.name, number=number, target=key.statistics_target)  # fmt: skip


def _concurrently(definition: Expression) -> Statement:
    """The server prints CREATE [UNIQUE] INDEX first; the rest stays as it printed it."""
    for head in ("CREATE INDEX ", "CREATE UNIQUE INDEX "):
        if definition.startswith(head):
            return Statement(f"{head}CONCURRENTLY {definition.removeprefix(head)}")
    raise ValueError(f"not the definition of an index: {definition}")
