"""NOT IN (SELECT …) over a column that may be NULL."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import nodes
from pgrefit.rules._ask import catalog, known, statistic, statistics_of
from pgrefit.rules.workload._texts import Text, column_of, column_path, sources, texts

QUERY = """
    -- name: without_order
    SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM purchase);
"""


@rule(
    code="WRK015",
    title="NOT IN over a column that may be NULL",
    why="One NULL in the sub-select, and the query returns no row at all, without an error.",
    workload=QUERY,
    example="""
        CREATE TABLE customer (id int PRIMARY KEY);
        CREATE TABLE purchase (id int PRIMARY KEY, customer_id int);
    """,
    clean="""
        CREATE TABLE customer (id int PRIMARY KEY);
        CREATE TABLE purchase (id int PRIMARY KEY, customer_id int NOT NULL);
    """,
)
def not_in_nullable(observation: Observation) -> Iterator[Finding]:
    """The column has no NOT NULL, and the sub-select does not leave NULL out.

    Source: https://www.postgresql.org/docs/current/functions-subquery.html.
    """
    for text in texts(observation):
        for table, column in dict.fromkeys(_excluded(observation, text)):
            if table.column(column).not_null:
                continue
            counted = statistics_of(observation, table).column(column)
            nulls = counted.null_fraction if counted else None
            yield text.finding(
                f"finds nothing as soon as {table.name.column(column)} is NULL in one of the rows",
                catalog("nullable column", table.name.column(column)),
                *known((statistic("share of NULL", () if nulls is None else round(nulls, 4)),)),
                severity=Severity.ERROR if nulls else Severity.WARNING,
                advice="write NOT EXISTS (SELECT … WHERE … = …), or make the column NOT NULL",
            )


def _excluded(observation: Observation, text: Text) -> Iterator[tuple[Table, str]]:
    """The columns that sub-selects after NOT IN, or <> ALL, return."""
    for node in text.nodes:
        link = _negated(node)
        select = link.subselect.select_stmt if link is not None else None
        if select is None or len(select.target_list) != 1:
            continue
        value = select.target_list[0].res_target.val
        column = column_of(value, sources(observation, text, select))
        if column is not None and not _leaves_null_out(select, column[1]):
            yield column


def _negated(node: pb.Node) -> pb.SubLink | None:
    if (
        node.HasField("bool_expr")
        and node.bool_expr.boolop == pb.NOT_EXPR
        and node.bool_expr.args[0].HasField("sub_link")
    ):
        link = node.bool_expr.args[0].sub_link
        return link if link.sub_link_type == pb.ANY_SUBLINK and not link.oper_name else None
    if node.HasField("sub_link") and node.sub_link.sub_link_type == pb.ALL_SUBLINK:
        link = node.sub_link
        return link if [part.string.sval for part in link.oper_name] == ["<>"] else None
    return None


def _leaves_null_out(select: pb.SelectStmt, column: str) -> bool:
    """Whether any condition is on the column: but for IS NULL, none of them lets NULL through."""
    if not select.HasField("where_clause"):
        return False
    for node in nodes(select.where_clause):
        path = column_path(node)
        if path is not None and path[1] == column:
            return True
    return False
