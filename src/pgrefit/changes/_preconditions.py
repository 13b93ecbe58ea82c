"""Obstacles that several changes share."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from ._locks import family


def missing(db: Snapshot, table: Relation, *columns: str) -> Iterator[Obstacle]:
    """The table, or columns of it, that are not there."""
    found = db.find_table(table)
    if found is None:
        yield Obstacle(str(table), "there is no such table")
        return
    there = {column.name for column in found.columns}
    yield from (Obstacle(f"{table}.{name}", "there is no such column") for name in columns if name not in there)


def constraint_taken(db: Snapshot, table: Relation, name: str) -> Iterator[Obstacle]:
    """A constraint of the table that has the name already."""
    found = db.find_table(table)
    if found and any(constraint.name == name for constraint in found.constraints):
        yield Obstacle(str(table), f"has a constraint {name} already")


def rows_unwalkable(db: Snapshot, table: Relation) -> Iterator[Obstacle]:
    """A table without a key by which batches could walk it."""
    found = db.find_table(table)
    if found and not found.row_key:
        yield Obstacle(str(table), "has no primary key nor a unique key over required columns to walk it by")


def rows_unmovable(db: Snapshot, table: Relation) -> Iterator[Obstacle]:
    """Foreign keys through which putting a row aside would change or delete rows of other tables."""
    yield from rows_unwalkable(db, table)
    for child, key in db.references_to(table):
        if key.on_delete in {"cascade", "set null", "set default"}:
            yield Obstacle(str(table), f"{key.name} of {child.name} refers to it ON DELETE {key.on_delete.upper()}")


def dependants(db: Snapshot, table: Relation, column: str, carried: Collection[str]) -> Iterator[Obstacle]:
    """What depends on a column and is of no kind that the change carries along; NOT NULL goes with its column."""
    found = db.find_table(table)
    required = {c.name for c in found.constraints if c.kind == "not null"} if found else set[str]()
    for use in db.uses_of(table, column):
        if use.kind not in carried and not (use.kind == "constraint" and use.member in required):
            yield Obstacle(f"{table}.{column}", f"{use.name} depends on it")


def fired_by_moving(table: Table) -> str:
    """A hazard: triggers of the user that fire when rows are put aside or put back; '' where there are none."""
    fired = [t.name for t in table.triggers if t.row and t.enabled != "disabled" and {"insert", "delete"} & {*t.events}]
    return f"fires for each row put aside, and again for each put back: {', '.join(fired)}" if fired else ""


def inherited(db: Snapshot, table: Relation, column: str) -> Iterator[Obstacle]:
    """A column that comes from a partitioned table or a parent: it is changed there."""
    found = db.find_table(table)
    parents = (*(() if found.partition_of is None else (found.partition_of,)), *found.inherits) if found else ()
    for parent in dict.fromkeys(parents):
        above = db.find_table(parent)
        if above and any(c.name == column for c in above.columns):
            yield Obstacle(f"{table}.{column}", f"comes from {parent}: change it there")


def column_taken(db: Snapshot, table: Relation, column: str) -> Iterator[Obstacle]:
    """A column of that name, of the table or of one that inherits from it."""
    for member in family(db, table):
        found = db.find_table(member)
        if found and any(c.name == column for c in found.columns):
            yield Obstacle(f"{member}.{column}", "the name is taken")


def fired_by_updating(table: Table, columns: Collection[str]) -> str:
    """A hazard: triggers of the user that fire when rows are filled in batches; '' where there are none."""
    fired = [
        t.name for t in table.triggers
        if t.row and t.enabled != "disabled" and "update" in t.events
        and (not t.update_columns or set(t.update_columns) & set(columns))
    ]  # fmt: skip
    return f"fires for each row that is filled: {', '.join(fired)}" if fired else ""
