"""A partial index that leaves nothing out."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex
from pgrefit.changes.replace_index import ReplaceIndex
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.sql_tree import NotAnExpressionError, columns_of, parse_expression, value_of
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import required
from pgrefit.rules._families import users_tables
from pgrefit.rules.indexes._drops import weight

REMEMBERED = 1_000  # conditions


@rule(
    code="IDX016",
    title="Partial index that leaves nothing out",
    why=(
        "The column is never NULL, so the condition spares no entry; yet only queries, and ON CONFLICT, from which the"
        " server can tell that it holds may use the index."
    ),
    example="""
        CREATE TABLE parcel (id int PRIMARY KEY, code text NOT NULL, weight int);
        CREATE INDEX parcel_weight ON parcel (weight) WHERE code IS NOT NULL;
    """,
    clean="""
        CREATE TABLE parcel (id int PRIMARY KEY, code text NOT NULL, weight int, gone boolean NOT NULL);
        CREATE INDEX ON parcel (weight) WHERE weight IS NOT NULL;
        CREATE INDEX ON parcel (code) WHERE code IS NOT NULL AND NOT gone;
        CREATE INDEX ON parcel (code) WHERE code IS NULL;
        CREATE INDEX ON parcel (weight) WHERE code IS NOT NULL AND weight IS NOT NULL;
    """,
)
def needless_index_predicate(observation: Observation) -> Iterator[Finding]:
    """Indexes whose whole condition is that columns are not NULL which never are."""
    for table in users_tables(observation.snapshot):
        never_null = required(observation.snapshot, table) if any(map(_asks_for_values, table.indexes)) else set[str]()
        for index in table.indexes:
            if index.valid and index.partition_of is None and _holds_always(index, never_null):
                yield _finding(observation, table, index)


def _asks_for_values(index: Index) -> bool:
    return index.predicate is not None and "IS NOT NULL" in index.predicate


def _holds_always(index: Index, never_null: set[str]) -> bool:
    if index.predicate is None or not _asks_for_values(index):
        return index.predicate == "true"
    return _with_values(index.predicate) <= never_null


@lru_cache(maxsize=REMEMBERED)
def _with_values(predicate: str) -> frozenset[str]:
    """The columns of which all must have values; '' stands for what is no such condition."""
    try:
        value = value_of(parse_expression(predicate))
    except NotAnExpressionError:
        return frozenset({""})
    all_of = value.HasField("bool_expr") and value.bool_expr.boolop == pb.AND_EXPR
    return frozenset(map(_tested, value.bool_expr.args if all_of else [value]))


def _tested(node: pb.Node) -> str:
    """The column that must not be NULL."""
    test = node.null_test
    if not node.HasField("null_test") or test.nulltesttype != pb.IS_NOT_NULL or not test.arg.HasField("column_ref"):
        return ""
    name: str = test.arg.column_ref.fields[-1].string.sval
    return name


def _finding(observation: Observation, table: Table, index: Index) -> Finding:
    return Finding(
        object=str(index.name),
        message="its condition holds for every row",
        severity=Severity.INFO if set(columns_of(index.predicate or "")) <= set(index.columns) else Severity.WARNING,
        evidence=(
            catalog("definition", str(index.definition)),
            catalog("condition", str(index.predicate)),
            *weight(observation, index),
        ),
        remedy=_remedy(observation, table, index),
        advice="build it without the condition",
    )


def _remedy(observation: Observation, table: Table, index: Index) -> tuple[ReplaceIndex, ...]:
    like = CreateIndex.like(index, table.name)
    change = ReplaceIndex(
        table=table.name, index=index.name.name, keys=like.keys, include=like.include, unique=like.unique,
        nulls_not_distinct=like.nulls_not_distinct, method=like.method, options=like.options,
    )  # fmt: skip
    return () if any(change.obstacles(observation.snapshot)) else (change,)
