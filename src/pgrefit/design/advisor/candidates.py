"""Index candidates for a query, read off its generic plan: the server has resolved views, aliases and types there.

For each scan of a table: the columns compared for equality, then the ones the rows are sorted by (or one compared as a
range). A condition on constants alone becomes the predicate of a partial index.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from postgast import pg_query_pb2 as pb

from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.sql_tree import NotAnExpressionError, columns_of, nodes, parse_expression, print_expression, value_of

Node = Mapping[str, Any]
CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "Join Filter", "Hash Cond", "Merge Cond")
RANGES = {"<", "<=", ">", ">="}


@dataclass(slots=True)
class _Scan:
    """What a plan asks of one table."""

    table: Relation
    alias: str
    equal: list[str] = field(default_factory=list[str])
    ranges: list[str] = field(default_factory=list[str])
    constant: list[Expression] = field(default_factory=list[Expression])


def candidates(plan: Node, columns: Mapping[Relation, tuple[str, ...]]) -> Iterator[CreateIndex]:
    """Candidates for the tables whose column names are in `columns`, from EXPLAIN (VERBOSE, FORMAT JSON)."""
    order = _order(plan)
    scans = list(_scans(plan))
    for node in _walk(plan):
        for key in CONDITIONS:
            for part in _conjuncts(str(node.get(key, ""))):
                for scan in scans:
                    _read(part, scan, columns.get(scan.table, ()))
    for scan in scans:
        if scan.table in columns:
            yield from _indexes(scan, [o for o in order if o[0] in columns[scan.table]])


def _indexes(scan: _Scan, order: list[tuple[str, bool]]) -> Iterator[CreateIndex]:
    equal = list(dict.fromkeys(scan.equal))
    if not equal and not scan.ranges:
        return
    sorting = [IndexColumn(column=c, descending=d) for c, d in order if c not in equal]
    keys = [IndexColumn(column=c) for c in equal]
    tails = [sorting, [IndexColumn(column=c) for c in dict.fromkeys(scan.ranges) if c not in equal][:1], []]
    where = Expression(" AND ".join(dict.fromkeys(scan.constant))) if scan.constant else None
    fixed = set(columns_of(where)) if where else set[str]()
    for tail in tails:
        for predicate in (where, None) if where else (None,):
            chosen = [k for k in (*keys, *tail) if predicate is None or k.column not in fixed]
            if chosen:
                yield CreateIndex(table=scan.table, keys=tuple(chosen), where=predicate)


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def _scans(plan: Node) -> Iterator[_Scan]:
    for node in _walk(plan):
        if "Relation Name" in node:
            yield _Scan(Relation(str(node["Schema"]), str(node["Relation Name"])), str(node["Alias"]))


def _order(plan: Node) -> list[tuple[str, bool]]:
    """Columns of the topmost sort: (name, descending)."""
    for node in _walk(plan):
        if "Sort Key" in node:
            return [o for o in map(_sort_key, node["Sort Key"]) if o]
    return []


def _sort_key(text: str) -> tuple[str, bool] | None:
    bare = text.removesuffix(" NULLS LAST").removesuffix(" NULLS FIRST")
    try:
        node = value_of(parse_expression(bare.removesuffix(" DESC")))
    except NotAnExpressionError:
        return None
    column = _column(node)
    return (column[1], bare.endswith(" DESC")) if column else None


def _conjuncts(condition: str) -> list[pb.Node]:
    if not condition:
        return []
    try:
        node = value_of(parse_expression(condition))
    except NotAnExpressionError:  # a sub-plan's name, which is no SQL
        return []
    if node.HasField("bool_expr") and node.bool_expr.boolop == pb.AND_EXPR:
        return list(node.bool_expr.args)
    return [node]


def _read(part: pb.Node, scan: _Scan, names: tuple[str, ...]) -> None:
    own = [c for c in map(_column, nodes(part)) if c and c[0] in {scan.alias, ""} and c[1] in names]
    if not own:
        return
    if not _has_parameter(part) and _only_own(part, scan.alias):
        scan.constant.append(_unqualified(part))
    if not part.HasField("a_expr"):
        return
    operator = part.a_expr.name[-1].string.sval
    sides = [_column(_uncast(side)) for side in (part.a_expr.lexpr, part.a_expr.rexpr)]
    for side in sides:
        if side in own:
            if operator == "=":
                scan.equal.append(side[1])
            elif operator in RANGES and _has_parameter(part):
                scan.ranges.append(side[1])


def _column(node: pb.Node) -> tuple[str, str] | None:
    if not node.HasField("column_ref") or not node.column_ref.fields[-1].HasField("string"):
        return None
    path = [part.string.sval for part in node.column_ref.fields]
    return (path[-2] if len(path) > 1 else "", path[-1])


def _uncast(node: pb.Node) -> pb.Node:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node


def _has_parameter(part: pb.Node) -> bool:
    return any(node.HasField("param_ref") or node.HasField("sub_link") for node in nodes(part))


def _only_own(part: pb.Node, alias: str) -> bool:
    return all(c[0] in {alias, ""} for c in map(_column, nodes(part)) if c)


def _unqualified(part: pb.Node) -> Expression:
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(part)
    for node in nodes(tree):
        if node.HasField("column_ref"):
            last = node.column_ref.fields[-1]
            name = pb.Node()
            name.CopyFrom(last)
            del node.column_ref.fields[:]
            node.column_ref.fields.append(name)
    return Expression(f"({print_expression(tree)})")
