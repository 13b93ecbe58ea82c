"""Which objects depend on a column, or on a table as such."""

from __future__ import annotations

from sys import intern

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import ColumnUse
from pgrefit.observe.reader import Reader, Row, take_relation


def read_uses(reader: Reader) -> tuple[ColumnUse, ...]:
    """Read all dependencies on columns of tables and views, by column, kind and name."""
    return tuple(map(_use, reader.rows("column_uses")))


def read_whole_uses(reader: Reader) -> tuple[ColumnUse, ...]:
    """Read all dependencies on tables as such and on their row types, by table, kind and name."""
    return tuple(map(_use, reader.rows("relation_uses")))


def _use(row: Row) -> ColumnUse:
    holder = take_relation(row, "holder_")
    kind, member, signature = intern(row["kind"]), row["member"], row["signature"]
    return ColumnUse(
        table=Relation(row["table_schema"], row["table_name"]),
        column=intern(row["column"]),
        kind=kind,
        name=f"{kind} {member} on {holder}" if member else f"{kind} {holder or signature}",
        relation=holder,
        member=member,
    )
