"""Conditions of indexes in one form, whatever the order and the words in which they were written."""

from __future__ import annotations

from functools import lru_cache

from postgast import pg_query_pb2 as pb

from pgrefit.model.sql_tree import UnreadableError, parse_expression, print_expression, value_of

MOST = 10_000  # conditions that are remembered


@lru_cache(maxsize=MOST)
def terms(condition: str) -> frozenset[str]:
    """What AND joins, each in one form; the condition itself where it cannot be read."""
    try:
        value = value_of(parse_expression(condition))
    except UnreadableError:
        return frozenset({condition})
    joined = value.HasField("bool_expr") and value.bool_expr.boolop == pb.AND_EXPR
    return frozenset(_form(node) for node in (value.bool_expr.args if joined else [value]))


def _form(node: pb.Node) -> str:
    """Printed; `x = true` as x, `x = false` and `x IS FALSE` as NOT x, `NOT x IS NULL` as x IS NOT NULL."""
    if node.HasField("a_expr"):
        said = _constant(node.a_expr.rexpr) if node.a_expr.name[-1].string.sval == "=" else None
        if said is not None:
            return _form(node.a_expr.lexpr) if said else f"NOT {_form(node.a_expr.lexpr)}"
    if node.HasField("boolean_test") and node.boolean_test.booltesttype in {pb.IS_TRUE, pb.IS_FALSE}:
        inner = _form(node.boolean_test.arg)
        return inner if node.boolean_test.booltesttype == pb.IS_TRUE else f"NOT {inner}"
    if node.HasField("bool_expr") and node.bool_expr.boolop == pb.NOT_EXPR:
        inside = node.bool_expr.args[0]
        if inside.HasField("null_test") and inside.null_test.nulltesttype == pb.IS_NULL:
            return f"{_printed(inside.null_test.arg)} IS NOT NULL"
        return f"NOT {_form(inside)}"
    return _printed(node)


def _constant(node: pb.Node) -> bool | None:
    constant = node.a_const
    return bool(constant.boolval.boolval) if node.HasField("a_const") and constant.HasField("boolval") else None


def _printed(node: pb.Node) -> str:
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(node)
    return str(print_expression(tree))
