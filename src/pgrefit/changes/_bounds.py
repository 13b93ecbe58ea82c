"""What a partition takes: as a condition on its rows, and as the server prints it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from ._partitioning import Method, Partition

METHODS: dict[int, Method] = {
    pb.PARTITION_STRATEGY_RANGE: "range", pb.PARTITION_STRATEGY_LIST: "list", pb.PARTITION_STRATEGY_HASH: "hash",
}  # fmt: skip


def partition_key(table: Table) -> tuple[Method, tuple[str, ...]] | None:
    """How a partitioned table is cut; None where that is over expressions, or it is not partitioned."""
    if table.partition_key is None:
        return None
    tree = postgast.parse(f"CREATE TABLE t (c int) PARTITION BY {table.partition_key}")
    spec = tree.stmts[0].stmt.create_stmt.partspec
    columns = tuple(element.partition_elem.name for element in spec.part_params)
    return (METHODS[spec.strategy], columns) if all(columns) else None


def default_of(db: Snapshot, table: Relation) -> Table | None:
    """The default partition of a table, where it has one."""
    parts = (part for part in db.tables if part.partition_of == table)
    return next((part for part in parts if part.partition_bound == "DEFAULT"), None)


def observed(part: Table) -> Partition:
    """The partition that a table is, from its bound."""
    assert part.partition_bound is not None
    bound = postgast.parse(f"CREATE TABLE t PARTITION OF p {part.partition_bound}").stmts[0].stmt.create_stmt.partbound
    listed = tuple(_values(bound.listdatums))
    return Partition(
        name=part.name.name, low=tuple(filter(None, _values(bound.lowerdatums))),
        high=tuple(filter(None, _values(bound.upperdatums))),
        values=tuple(value for value in listed if value is not None), null=None in listed,
        modulus=bound.modulus, remainder=bound.remainder,
    )  # fmt: skip


def _values(nodes: Iterable[pb.Node]) -> Iterator[str | None]:
    """The constants as text; None for NULL and for the words MINVALUE and MAXVALUE."""
    for node in nodes:
        constant = node.a_const
        if not node.HasField("a_const") or constant.isnull:
            yield None
        elif constant.HasField("ival"):
            yield str(constant.ival.ival)
        else:
            yield constant.sval.sval or constant.fval.fval or str(constant.boolval.boolval).lower()


def condition(parent: Relation, table: Table, method: Method, by: tuple[str, ...], partition: Partition) -> Expression:
    """What holds for the rows of a partition, so that the server sees that it does. One column, unless of a hash."""
    if method == "hash":
        columns = joined([expression("{c}", c=name) for name in by])
        return expression(
            "pg_catalog.satisfies_hash_partition({parent}::pg_catalog.regclass, {m}, {r}, {columns})",
            parent=Literal(expression("{p}", p=parent)), m=partition.modulus, r=partition.remainder,
            columns=raw(columns),
        )  # fmt: skip
    (column,) = by
    type_ = raw(Expression(table.column(column).type))
    if method == "list":
        values = joined([expression("{v}::{t}", v=Literal(value), t=type_) for value in partition.values])
        among = expression("{c} = ANY (ARRAY[{v}]::{t}[])", c=column, v=raw(values), t=type_)
        if partition.null:
            return expression("{c} IS NULL OR {among}", c=column, among=raw(among))
        return expression("{c} IS NOT NULL AND {among}", c=column, among=raw(among))
    return expression("{c} IS NOT NULL AND {within}", c=column, within=raw(within(table, column, partition)))


def within(table: Table, column: str, partition: Partition) -> Expression:
    """That a value is in a range; NULL for NULL."""
    type_ = raw(Expression(table.column(column).type))
    low = [expression("{c} >= {v}::{t}", c=column, v=Literal(value), t=type_) for value in partition.low]
    high = [expression("{c} < {v}::{t}", c=column, v=Literal(value), t=type_) for value in partition.high]
    return joined([*low, *high], " AND ") or Expression("true")


def at_most(value: str, limit: str) -> bool:
    """Whether one bound is not above another: numbers as numbers, else dates and times. ValueError for other texts."""
    try:
        return Decimal(value) <= Decimal(limit)
    except InvalidOperation:
        one, other = datetime.fromisoformat(value), datetime.fromisoformat(limit)
        return one.replace(tzinfo=None) <= other.replace(tzinfo=None)
