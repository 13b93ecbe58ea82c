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
from pgrefit.rules.workload._texts import Source, Text, column_path, sources, texts

FEWEST_PARTITIONS = 4
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
    for text in texts(observation):
        for table, key in _blind(observation, text):
            if partitions[table.name] >= FEWEST_PARTITIONS:
                yield text.finding(
                    f"looks into all {partitions[table.name]} partitions of {table.name}: it does not say which"
                    f" {' or '.join(key)}",
                    catalog("partitions", partitions[table.name]),
                    catalog("partition key", key),
                    advice="add a condition on the key where the application knows it, or partition by what it asks"
                    " for",
                )


@remembered
def _partitions(db: Snapshot) -> Counter[Relation]:
    return Counter(table.partition_of for table in db.tables if table.partition_of)


def _blind(observation: Observation, text: Text) -> Iterator[tuple[Table, tuple[str, ...]]]:
    """Partitioned tables with conditions on some of their columns, and none on their key."""
    for node in text.nodes:
        for source, conditions in _conditioned(observation, text, node):
            key = _key(source.table)
            named = set(_columns(conditions, source))
            if key and named and not named & set(key):
                yield source.table, key


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
