"""Queries that must look into every partition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, rule
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql
from pgrefit.rules._ask import catalog
from pgrefit.rules.workload._texts import Source, Text, column_path, recurring_texts, sources

FEWEST_PARTITIONS = 3
COMPARE = {"=", "<", ">", "<=", ">=", "BETWEEN", "BETWEEN SYMMETRIC"}
QUERY = """
    -- name: of_customer
    -- parameters: SELECT n::text FROM generate_series(1, 5) AS n
    SELECT id FROM sale WHERE customer = $1::int;
"""
PARTS = """
    CREATE TABLE sale_{n} PARTITION OF sale FOR VALUES FROM ({n}00) TO ({next}00);
"""


def _sales(key: str) -> str:
    table = f"CREATE TABLE sale (id int NOT NULL, customer int NOT NULL) PARTITION BY RANGE ({key});"
    return table + "".join(PARTS.format(n=n, next=n + 1) for n in range(FEWEST_PARTITIONS + 1))


@rule(
    code="WRK017",
    title="Partitioned table queried without its key",
    why="Each call locks and searches every partition, and there will be more of them: it is slower than on one table.",
    workload=QUERY,
    example=_sales("id"),
    clean=_sales("customer"),
)
def partition_key_not_used(observation: Observation) -> Iterator[Finding]:
    """Queries that look for some rows of a partitioned table, and say nothing of its key.

    Source: https://www.postgresql.org/docs/current/ddl-partitioning.html (partition pruning).
    """
    partitions = _partitions(observation.snapshot)
    for text in recurring_texts(observation):
        for table, key, hidden in _blind(observation, text):
            if partitions[table.name] >= FEWEST_PARTITIONS:
                why = "it compares only what an expression makes of" if hidden else "it does not say which"
                yield text.finding(
                    f"looks into all {partitions[table.name]} partitions of {table.name}: {why} {' or '.join(key)}",
                    catalog("partitions", partitions[table.name]),
                    catalog("partition key", key),
                    advice="compare the column itself with the bounds that the expression stands for"
                    if hidden
                    else "add a condition on the key where the application knows it, or partition by what it asks for",
                )


@remembered
def _partitions(db: Snapshot) -> Counter[Relation]:
    return Counter(table.partition_of for table in db.tables if table.partition_of)


def _blind(observation: Observation, text: Text) -> Iterator[tuple[Table, tuple[str, ...], bool]]:
    """Partitioned tables with conditions on some of their columns and none on their key; whether it hides in one."""
    for node in text.nodes:
        for source, conditions in _conditioned(observation, text, node):
            key = _key(source.table)
            named = set(_columns(conditions, source))
            if key and named and not (named & set(key) and _finds(source, key, conditions)):
                yield source.table, key, bool(named & set(key))


def _conditioned(observation: Observation, text: Text, node: pb.Node) -> Iterator[tuple[Source, list[pb.Node]]]:
    """The partitioned tables of one SELECT, each with all conditions of that SELECT."""
    if not node.HasField("select_stmt"):
        return
    select = node.select_stmt
    parted = [s for s in sources(observation, text, select) if s.table.kind == "partitioned table"]
    if not parted:
        return
    joins = [inner.join_expr for item in select.from_clause for inner in nodes(item) if inner.HasField("join_expr")]
    if any(join.is_natural for join in joins):
        return
    used = {name.string.sval for join in joins for name in join.using_clause}
    conditions = [join.quals for join in joins if join.HasField("quals")]
    conditions += [select.where_clause] if select.HasField("where_clause") else []
    yield from ((source, conditions) for source in parted if not used & set(_key(source.table)))


def _columns(conditions: list[pb.Node], source: Source) -> Iterator[str]:
    own = {column.name for column in source.table.columns}
    for condition in conditions:
        for node in nodes(condition):
            path = column_path(node)
            if path is not None and path[0] in {"", source.alias} and path[1] in own:
                yield path[1]


def _finds(source: Source, key: tuple[str, ...], conditions: list[pb.Node]) -> bool:
    """Whether a condition compares the key as it is, and not what a function or an operator makes of it.

    A range says nothing of the partition where rows are spread by a hash.

    Of a key that is an expression itself any condition on its columns may do.
    """
    if not source.table.partition_key or "(" in source.table.partition_key.partition("(")[2]:
        return True
    by_hash = source.table.partition_key.upper().startswith("HASH")
    return any(
        path[0] in {"", source.alias} and path[1] in key
        for condition in conditions
        for node in nodes(condition)
        for side in _sides(node, {"="} if by_hash else COMPARE)
        if (path := column_path(side)) is not None
    )


def _sides(node: pb.Node, compare: set[str]) -> Iterator[pb.Node]:
    """What stands alone on a side of a comparison, or of IS NULL; in a row, each of its columns."""
    if node.HasField("a_expr") and all(name.string.sval in compare for name in node.a_expr.name):
        for side in (node.a_expr.lexpr, node.a_expr.rexpr):
            yield from side.row_expr.args if side.HasField("row_expr") else (side,)
    elif node.HasField("null_test"):
        yield node.null_test.arg
    elif node.HasField("sub_link"):
        yield node.sub_link.testexpr
    elif node.HasField("bool_expr"):
        yield from node.bool_expr.args


def _key(table: Table) -> tuple[str, ...]:
    """The columns of a partition key, those of expressions too; none where it cannot be read."""
    if table.partition_key is None:
        return ()
    try:
        tree = parse_sql(f"CREATE TABLE t (c int) PARTITION BY {table.partition_key}")
    except UnreadableError:
        return ()
    elements = [node.partition_elem for node in nodes(tree) if node.HasField("partition_elem")]
    plain = [element.name for element in elements if element.name]
    paths = (column_path(node) for element in elements for node in nodes(element.expr))
    return tuple(dict.fromkeys([*plain, *(path[1] for path in paths if path)]))
