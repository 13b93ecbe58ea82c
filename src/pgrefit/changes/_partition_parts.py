"""Parts that a partition must have because the partitioned table has them."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Statement, ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Table

from ._retarget import foreign_key_on, index_on

STAND_IN = Relation("pg_catalog", "t")


def like(parent: Table, child: Relation) -> Iterator[Statement]:
    """An empty table that can become a partition, with names as the server chooses them for one."""
    yield ddl(
        "CREATE TABLE {child} (LIKE {parent} INCLUDING COMPRESSION INCLUDING CONSTRAINTS INCLUDING DEFAULTS"
        " INCLUDING GENERATED INCLUDING INDEXES INCLUDING STORAGE)", child=child, parent=parent.name,
    )  # fmt: skip
    if parent.owner:
        yield ddl("ALTER TABLE {child} OWNER TO {owner}", child=child, owner=parent.owner)
    for key in parent.foreign_keys:
        yield foreign_key_on(key.definition, child, key.name)


def lacking(parent: Table, child: Table) -> Iterator[Obstacle]:
    """What the table lacks to become a partition as it is, without a scan or an index built under a lock."""
    columns = {column.name: column for column in child.columns}
    for column in parent.columns:
        own = columns.pop(column.name, None)
        if own is None or (own.type, own.collation) != (column.type, column.collation):
            yield Obstacle(str(child.name), f"has no column {column.name} of type {column.type}")
        elif column.not_null and not own.not_null:
            yield Obstacle(f"{child.name}.{column.name}", f"may be NULL, but not in {parent.name}")
        elif own.identity or own.generated != column.generated:
            yield Obstacle(f"{child.name}.{column.name}", f"is an identity or generated, and not so in {parent.name}")
    for name in columns:
        yield Obstacle(f"{child.name}.{name}", f"is no column of {parent.name}")
    yield from _lacking_constraints(parent, child)
    there = {index_on(index.definition, STAND_IN, "i") for index in child.indexes if index.valid}
    for index in parent.indexes:
        if index_on(index.definition, STAND_IN, "i") not in there:
            yield Obstacle(str(child.name), f"has no index like {index.name.name} of {parent.name}")


def _lacking_constraints(parent: Table, child: Table) -> Iterator[Obstacle]:
    there = {(c.name, c.definition) for c in child.constraints if c.kind == "check" and c.validated}
    there |= {("", c.definition) for c in child.constraints if c.kind != "check" and c.validated}
    for constraint in parent.constraints:
        named = constraint.name if constraint.kind == "check" else ""
        if constraint.kind not in {"not null", "trigger"} and (named, constraint.definition) not in there:
            yield Obstacle(str(child.name), f"has no valid constraint like {constraint.name} of {parent.name}")
