"""From the parse trees of UPDATE, DELETE, MERGE and INSERT to what they do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from postgast import pg_query_pb2 as pb

from pgrefit.lint import actions as a
from pgrefit.lint.reading_tables import relation
from pgrefit.model.sql_tree import nodes

BOUNDS = {"<", "<=", ">", ">=", "="}


def update(stmt: pb.UpdateStmt, schema: str) -> Iterator[a.Action]:
    """UPDATE."""
    assigned = tuple(target.res_target.name for target in stmt.target_list)
    yield _changed("update", stmt, schema, assigned)


def delete(stmt: pb.DeleteStmt, schema: str) -> Iterator[a.Action]:
    """DELETE."""
    yield _changed("delete", stmt, schema, ())


def _changed(
    command: Literal["update", "delete"], stmt: pb.UpdateStmt | pb.DeleteStmt, schema: str, assigned: tuple[str, ...]
) -> a.ChangeRows:
    where = stmt.HasField("where_clause")
    equal, batch = _bounds(stmt.where_clause) if where else (frozenset[str](), False)
    sources = stmt.from_clause if isinstance(stmt, pb.UpdateStmt) else stmt.using_clause
    batch = batch or any(map(_few, (*stmt.with_clause.ctes, *sources)))
    return a.ChangeRows(
        table=relation(stmt.relation, schema), command=command, where=where, assigned=assigned, equal=equal, batch=batch
    )


def merge(stmt: pb.MergeStmt, schema: str) -> Iterator[a.Action]:
    """MERGE changes as many rows as its source has; written-out values are few."""
    source = stmt.source_relation.range_subselect.subquery.select_stmt
    few = bool(source.values_lists) or source.HasField("limit_count")
    yield a.ChangeRows(table=relation(stmt.relation, schema), command="merge", where=True, batch=few)


def _few(source: pb.Node) -> bool:
    """Whether rows are joined that a LIMIT bounds, or that are written out."""
    selects = [node.select_stmt for node in nodes(source) if node.HasField("select_stmt")]
    return any(select.HasField("limit_count") or select.values_lists for select in selects)


def _bounds(where: pb.Node) -> tuple[frozenset[str], bool]:
    """Columns that are equal to constants, and whether a LIMIT or a range with both ends makes it a batch."""
    found = list(nodes(where))
    limit = any(
        (node.HasField("select_stmt") and node.select_stmt.HasField("limit_count")) or node.HasField("current_of_expr")
        for node in found
    )
    compared = [pair for node in found if node.HasField("a_expr") and (pair := _comparison(node.a_expr))]
    upper = {column for column, operator in compared if operator in {"<", "<="}}
    lower = {column for column, operator in compared if operator in {">", ">="}}
    between = any(operator == "between" for _, operator in compared)
    every = [pair for part in _joined(where) if part.HasField("a_expr") and (pair := _comparison(part.a_expr))]
    return frozenset(c for c, operator in every if operator == "="), limit or between or bool(upper & lower)


def _joined(where: pb.Node) -> list[pb.Node]:
    """The conditions that AND joins."""
    if where.HasField("bool_expr") and where.bool_expr.boolop == pb.AND_EXPR:
        return [part for arg in where.bool_expr.args for part in _joined(arg)]
    return [where]


def _comparison(expr: pb.A_Expr) -> tuple[str, str] | None:
    """The column that is compared with constants or parameters, and how; None for any other expression, and for true
    and false, of which there are many."""
    truth = expr.rexpr.HasField("a_const") and expr.rexpr.a_const.HasField("boolval")
    if not expr.lexpr.HasField("column_ref") or not _fixed(expr.rexpr) or truth:
        return None
    column = expr.lexpr.column_ref.fields[-1].string.sval
    if expr.kind in {pb.AEXPR_BETWEEN, pb.AEXPR_IN}:
        return column, "between" if expr.kind == pb.AEXPR_BETWEEN else "="
    operator = expr.name[-1].string.sval if expr.name else ""
    return (column, operator) if operator in BOUNDS else None


def _fixed(node: pb.Node) -> bool:
    return not any(inner.HasField("column_ref") or inner.HasField("sub_link") for inner in nodes(node))


def insert(stmt: pb.InsertStmt, schema: str) -> Iterator[a.Action]:
    """INSERT."""
    query = stmt.select_stmt.select_stmt
    yield a.InsertRows(table=relation(stmt.relation, schema), select=bool(query.from_clause))
