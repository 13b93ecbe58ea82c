"""What two tables of one row to one row have in common when columns move from one to the other."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.snapshot import Constraint, Index, Snapshot, Table


def unfit_for_side(db: Snapshot, table: Table, columns: Collection[str]) -> Iterator[Obstacle]:
    """What the triggers and views of such a table do not do justice to."""
    about = str(table.name)
    if table.kind != "table" or table.partition_of or table.inherits or _heirs(db, table):
        yield Obstacle(about, "is no plain table: it has or is a partition, an heir, or lies elsewhere")
    if table.row_security or table.policies:
        yield Obstacle(about, "has row security, which does not reach a table beside it")
    if any(c.deferrable for c in table.constraints if c.kind == "primary key"):
        yield Obstacle(about, "its key is deferrable")
    for name in columns:
        column = table.column(name)
        if column.generated or column.identity:
            yield Obstacle(f"{about}.{name}", "is generated: its values cannot be copied")
        if column.options:
            yield Obstacle(f"{about}.{name}", "has options that are not carried along")


def partnership(main: Table, side: Table) -> Constraint | None:
    """The valid foreign key by which each row of the side is that of one main row; None where there is none."""
    return next(
        (
            key for key in side.foreign_keys
            if key.parent == main.name and key.validated and key.enforced
            and set(key.columns) == set(side.row_key) and set(key.parent_columns) == set(main.row_key)
        ),
        None,
    )  # fmt: skip


def carried_indexes(db: Snapshot, table: Table, columns: Collection[str]) -> list[Index]:
    """Indexes over these columns alone, or with the key's, that no constraint stands on."""
    inside = {*columns, *table.row_key}
    used = {index.name: columns_of_index(db, table, index) for index in table.indexes}
    return [
        index for index in table.indexes
        if index.valid and not index.constraint and used[index.name] <= inside and used[index.name] & set(columns)
    ]  # fmt: skip


def columns_of_index(db: Snapshot, table: Table, index: Index) -> set[str]:
    """The columns that an index uses, those of its expressions and its predicate too."""
    named = {c for c in (*index.columns, *index.include) if c is not None}
    uses = (use for c in table.columns for use in db.uses_of(table.name, c.name))
    return named | {use.column for use in uses if use.kind == "index" and use.member == index.name.name}


def _heirs(db: Snapshot, table: Table) -> bool:
    return any(other.partition_of == table.name or table.name in other.inherits for other in db.tables)
