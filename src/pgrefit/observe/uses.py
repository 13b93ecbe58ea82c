"""Which objects depend on a column, or on a table as such."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import ColumnUse
from pgrefit.observe.columns import Columns
from pgrefit.observe.reader import Reader, Row

Names = Mapping[int, Relation]


def read_relation_names(reader: Reader) -> Names:
    """The name of every table, view and sequence, by its oid."""
    return {row["oid"]: Relation(row["schema"], row["name"]) for row in reader.rows("relation_names")}


def read_uses(reader: Reader, columns: Columns, names: Names) -> tuple[ColumnUse, ...]:
    """Read all dependencies on columns of tables and views, by column, kind and name."""
    return _uses(reader.rows("column_uses"), columns, names)


def read_whole_uses(reader: Reader, columns: Columns, names: Names) -> tuple[ColumnUse, ...]:
    """Read all dependencies on tables as such and on their row types, by table, kind and name."""
    return _uses(reader.rows("relation_uses"), columns, names)


def _uses(rows: list[Row], columns: Columns, names: Names) -> tuple[ColumnUse, ...]:
    def place(row: Row) -> tuple[object, ...]:
        table, holder = names[row["relation"]], names.get(row["holder"])
        hangs = (holder is None, holder or table)
        return (table, row["number"], row["kind"], *hangs, row["member"], row["signature"])

    once = {tuple(row.values()): row for row in rows if row["relation"] in names}
    return tuple(_use(row, columns, names) for row in sorted(once.values(), key=place))


def _use(row: Row, columns: Columns, names: Names) -> ColumnUse:
    holder = names.get(row["holder"])
    kind, member, signature = intern(row["kind"]), row["member"], row["signature"]
    return ColumnUse(
        table=names[row["relation"]],
        column=next(iter(columns.named(row["relation"], (row["number"],))), ""),
        kind=kind,
        name=f"{kind} {member} on {holder}" if member else f"{kind} {holder or signature}",
        relation=holder,
        member=member,
    )
