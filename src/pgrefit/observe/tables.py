"""Tables and views, with all that hangs on them."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Index, Policy, Table, Trigger, View
from pgrefit.observe.columns import Columns
from pgrefit.observe.parts import Parents
from pgrefit.observe.reader import Reader, Row


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What hangs on tables and views, by their oid."""

    columns: Columns
    parents: Parents
    constraints: dict[int, tuple[Constraint, ...]]
    indexes: dict[int, tuple[Index, ...]]
    triggers: dict[int, tuple[Trigger, ...]]
    policies: dict[int, tuple[Policy, ...]]


def read_tables(reader: Reader, parts: Parts) -> tuple[Table, ...]:
    """Read all tables, by schema and name."""
    return tuple(_table(reader, parts, row) for row in reader.rows("tables"))


def _table(reader: Reader, parts: Parts, row: Row) -> Table:
    oid, is_partition = row.pop("oid"), row.pop("is_partition")
    parents = parts.parents.get(oid, ())
    return Table(
        name=Relation(row.pop("schema"), row.pop("name")),
        columns=parts.columns.of(oid),
        constraints=parts.constraints.get(oid, ()),
        indexes=parts.indexes.get(oid, ()),
        triggers=parts.triggers.get(oid, ()),
        policies=parts.policies.get(oid, ()),
        partition_of=next(iter(parents), None) if is_partition else None,
        inherits=() if is_partition else parents,
        options=tuple(row.pop("options")),
        unread=reader.closed.reason(oid),
        **row,
        **reader.owned("pg_class", oid),
    )


def read_views(reader: Reader, parts: Parts) -> tuple[View, ...]:
    """Read all views and materialized views, by schema and name."""
    return tuple(_view(reader, parts, row) for row in reader.rows("views"))


def _view(reader: Reader, parts: Parts, row: Row) -> View:
    oid = row.pop("oid")
    return View(
        name=Relation(row.pop("schema"), row.pop("name")),
        columns=parts.columns.of(oid),
        definition=Expression(row.pop("definition").strip().removesuffix(";")),
        indexes=parts.indexes.get(oid, ()),
        triggers=parts.triggers.get(oid, ()),
        options=tuple(row.pop("options") or ()),
        unread=reader.closed.reason(oid),
        **row,
        **reader.owned("pg_class", oid),
    )
