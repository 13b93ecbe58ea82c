"""What an index serves, by the server's own conditions."""

from __future__ import annotations

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex, IndexColumn, free_index_name
from pgrefit.model.snapshot import Index, IndexKey, Snapshot, Table
from pgrefit.model.sql_tree import columns_of, is_readable, nodes, parse_expression, value_of

ORDERED = {"btree", "hash", "gist", "spgist"}  # descended by their first keys; others, by any of them
OF_PARTS = ("trgm", "array", "jsonb", "tsvector", "hstore", "gin__int", "box", "point")  # not for equality


def serves_lookup(index: Index, columns: tuple[str, ...], table: Table | None = None) -> bool:
    """Whether looking up rows by equality on all of these columns can descend the index.

    A predicate that only leaves out rows where one of the columns is NULL is no hindrance, for such a lookup never
    wants them. A unique index on some of the columns finds the one row. A GiST or GIN index over scalars (btree_gist,
    btree_gin, and so the index of an exclusion constraint) serves too. With the `table`, an index in another collation
    than its column's does not.
    """
    keys = index.columns
    if not index.valid or not _lets_all_in(index, columns) or not _compares(index, columns, table):
        return False
    if index.unique and index.method == "btree" and None not in keys and set(keys) <= set(columns):
        return True
    if index.method in ORDERED:
        return len(keys) >= len(columns) and set(keys[: len(columns)]) == set(columns)
    return index.method == "gin" and set(columns) <= set(keys)


def _compares(index: Index, columns: tuple[str, ...], table: Table | None) -> bool:
    """Whether its keys over these columns find what is equal to a value, in the column's own collation."""
    collations = {column.name: column.collation for column in table.columns} if table else {}
    for key in index.keys:
        if key.column not in columns:
            continue
        if index.method in {"gist", "gin", "spgist"} and any(part in key.opclass for part in OF_PARTS):
            return False
        if key.collation != collations.get(key.column, key.collation):
            return False
    return True


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
