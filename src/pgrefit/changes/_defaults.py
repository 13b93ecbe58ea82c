"""Defaults of columns: which the server works out once, and which for every row; setting them, and back."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import CATALOG, function_name, nodes, parse_expression, print_expression, value_of

CONSTANT_WITHIN_A_STATEMENT = frozenset(
    Relation(CATALOG, name)
    for name in ("now", "transaction_timestamp", "statement_timestamp", "current_setting", "timezone", "date_trunc")
)


def is_volatile(value: Expression, db: Snapshot) -> bool:
    """Whether the server may work the expression out for each row: it calls what we do not know for stable."""
    calls = [node.func_call for node in nodes(parse_expression(value)) if node.HasField("func_call")]
    return any(function_name(call) not in _stable(db) for call in calls)


def _stable(db: Snapshot) -> set[Relation]:
    volatile = {function.name for function in db.functions if function.volatility == "volatile"}
    return ({function.name for function in db.functions} | CONSTANT_WITHIN_A_STATEMENT) - volatile


def same_default(one: Expression | None, other: Expression | None) -> bool:
    """Whether two defaults differ at most in casts around them, blanks, parentheses and the schema pg_catalog."""
    if one is None or other is None:
        return one is other
    return _plain(one) == _plain(other)


def _plain(value: Expression) -> Expression:
    tree = parse_expression(value)
    node = value_of(tree)
    while node.HasField("type_cast"):
        inner = pb.Node()
        inner.CopyFrom(node.type_cast.arg)
        node.CopyFrom(inner)
    for found in nodes(tree):
        if found.HasField("func_call") and function_name(found.func_call).schema == CATALOG:
            del found.func_call.funcname[:-1]
    return print_expression(tree)


def set_default(table: Relation, column: str, value: Expression | None, *, only: bool = False) -> Statement:
    """SET DEFAULT, or DROP DEFAULT for None; with `only`, for that table and none that inherits from it."""
    one = raw(Expression("ONLY" if only else ""))
    if value is None:
        return ddl("ALTER TABLE {only} {table} ALTER COLUMN {c} DROP DEFAULT", only=one, table=table, c=column)
    return ddl("ALTER TABLE {only} {table} ALTER COLUMN {c} SET DEFAULT {value}",
               only=one, table=table, c=column, value=raw(value))  # fmt: skip


def nextval_of(value: Expression | None) -> Iterator[str]:
    """The sequences, as the text of their names, whose nextval() an expression takes."""
    calls = nodes(parse_expression(value)) if value is not None else ()
    for node in calls:
        if node.HasField("func_call") and function_name(node.func_call) == Relation(CATALOG, "nextval"):
            yield from (part.a_const.sval.sval for arg in node.func_call.args for part in nodes(arg)
                        if part.HasField("a_const"))  # fmt: skip
