"""What an index serves, by the server's own conditions."""

from __future__ import annotations

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex, IndexColumn, free_index_name
from pgrefit.model.snapshot import Index, IndexKey, Snapshot, Table
from pgrefit.model.sql_tree import columns_of, is_readable, nodes, parse_expression, value_of


def serves_lookup(index: Index, columns: tuple[str, ...]) -> bool:
    """Whether looking up rows by equality on all of these columns can descend the index.

    A predicate that only leaves out rows where one of the columns is NULL is no hindrance, for such a lookup never
    wants them. A unique index on some of the columns finds the one row.
    """
    if not index.valid or index.method not in {"btree", "hash"} or not _lets_all_in(index, columns):
        return False
    keys = index.columns
    if index.unique and index.method == "btree" and None not in keys and set(keys) <= set(columns):
        return True
    return len(keys) >= len(columns) and set(keys[: len(columns)]) == set(columns)


def _lets_all_in(index: Index, columns: tuple[str, ...]) -> bool:
    if index.predicate is None:
        return True
    if not is_readable(index.predicate):
        return False
    value = value_of(parse_expression(index.predicate))
    tests = list(value.bool_expr.args) if value.HasField("bool_expr") else [value]
    only_null_tests = all(test.HasField("null_test") for test in tests)
    junction = not any(node.HasField("bool_expr") and node.bool_expr.boolop != pb.AND_EXPR for node in nodes(value))
    required = all(test.null_test.nulltesttype == pb.IS_NOT_NULL for test in tests)
    return only_null_tests and junction and required and set(columns_of(index.predicate)) <= set(columns)


def prefix_of(one: Index, other: Index) -> bool:
    """Whether the keys of `one` are the first keys of `other`, in the same order, direction, collation and class."""
    keys = zip(one.keys, other.keys, strict=False)
    return len(one.keys) <= len(other.keys) and all(_same(mine, theirs) for mine, theirs in keys)


def _same(one: IndexKey, other: IndexKey) -> bool:
    def traits(key: IndexKey) -> tuple[object, ...]:
        return (key.column, key.expression, key.opclass, key.collation, key.descending, key.nulls_first)

    return traits(one) == traits(other)


def index_on(db: Snapshot, table: Table, columns: tuple[str, ...]) -> CreateIndex:
    """The plain index that serves lookups by these columns, under a name that is free."""
    keys = tuple(IndexColumn(column=column) for column in columns)
    return CreateIndex(table=table.name, keys=keys, name=free_index_name(db, table.name, *columns))


def needed_by_constraint(index: Index) -> bool:
    """Whether dropping it would change what the database guarantees or what leaves it by replication."""
    return index.unique or index.primary or index.constraint is not None or index.replica_identity
