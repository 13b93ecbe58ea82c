"""Expressions as parse trees (the server's own grammar, libpg_query): asked, and rewritten, never as text.

Expressions are as the server prints them: a column of the table that the expression belongs to stands bare at the top,
and is qualified by the table's name (or `t`, where we wrote it) inside a sub-select.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import postgast
from google.protobuf.message import DecodeError, Message
from postgast import pg_query_pb2 as pb

from .ddl import Expression
from .names import Relation

CATALOG = "pg_catalog"
READS_DOCUMENTS = {"->", "->>", "#>", "#>>", "||"}


class UnreadableError(ValueError):
    """SQL that we cannot read: a mistake in it, a newer server's grammar, or nested more deeply than trees can be."""


class NotAnExpressionError(UnreadableError):
    """The text is no SQL expression that we can read."""


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that an expression names; `qualifier` is the alias or table before the dot, '' where there is none."""

    qualifier: str
    column: str


def parse_sql(sql: str) -> pb.ParseResult:
    """The tree of one or more statements."""
    try:
        return postgast.parse(sql)
    except (postgast.PgQueryError, DecodeError) as error:
        raise UnreadableError(str(error)) from error


def parse_expression(expression: str) -> pb.ParseResult:
    """The tree of `SELECT (expression)`."""
    try:
        return parse_sql(f"SELECT ({expression})")
    except UnreadableError as error:
        raise NotAnExpressionError(str(error)) from error


def is_readable(expression: str) -> bool:
    """Whether `parse_expression` reads it."""
    try:
        parse_expression(expression)
    except NotAnExpressionError:
        return False
    return True


def tables_and_columns(sql: str) -> tuple[frozenset[str], frozenset[str]]:
    """Bare names of the tables that statements read or write, and of the columns that they read.

    Both are empty where the SQL is not readable.
    """
    try:
        found = list(nodes(parse_sql(sql)))
    except UnreadableError:
        return frozenset(), frozenset()
    tables = {node.range_var.relname for node in found if node.HasField("range_var")}
    for node in found:  # whose target is no node of its own
        for kind in ("insert_stmt", "update_stmt", "delete_stmt"):
            if node.HasField(kind):
                tables.add(getattr(node, kind).relation.relname)
    uses = (_use(node) for node in found)
    return frozenset(tables), frozenset(use.column for use in uses if use)


def value_of(tree: pb.ParseResult) -> pb.Node:
    """The expression in the tree that `parse_expression` made."""
    return tree.stmts[0].stmt.select_stmt.target_list[0].res_target.val


def print_expression(tree: pb.ParseResult) -> Expression:
    """The expression's text in the server's grammar."""
    return Expression(postgast.deparse(tree).removeprefix("SELECT "))


def nodes(message: Message) -> Iterator[pb.Node]:
    """Every node below a message, outermost first."""
    if isinstance(message, pb.Node):
        yield message
    for child in children(message):
        yield from nodes(child)


def children(message: Message) -> Iterator[Message]:
    """The messages right below a message."""
    for field, value in message.ListFields():
        if field.message_type is not None:
            below: Any = value if field.is_repeated else (value,)
            yield from below


def columns_of(expression: str, table: str = "") -> tuple[str, ...]:
    """Names of the columns of the expression's own table, each once, in order: bare ones, and those after `table.`."""
    own = {"", table}
    uses = (use for use, aliases in _uses(parse_expression(expression)) if _is_own(use, own, aliases))
    return tuple(dict.fromkeys(use.column for use in uses))


def columns_after(expression: str, alias: str) -> tuple[str, ...]:
    """Names of the columns that stand after `alias.`, each once, in order."""
    uses = (use for use, _ in _uses(parse_expression(expression)) if use.qualifier == alias)
    return tuple(dict.fromkeys(use.column for use in uses))


def rename_columns(expression: str, mapping: Mapping[str, str], table: str = "") -> Expression:
    """The same expression after columns of its own table were renamed."""
    tree = parse_expression(expression)
    own = {"", table}
    for node, aliases in _column_nodes(tree, frozenset()):
        use = _use(node)
        if use and use.column in mapping and _is_own(use, own, aliases):
            node.column_ref.fields[-1].string.sval = mapping[use.column]
    return print_expression(tree)


def replace_columns(expression: str, values: Mapping[str, Expression], alias: str = "t") -> Expression:
    """Put an expression in the place of each column `alias.name` that `values` has."""
    tree = parse_expression(expression)
    for node, _ in list(_column_nodes(tree, frozenset())):
        use = _use(node)
        if use and use.qualifier == alias and use.column in values:
            node.CopyFrom(value_of(parse_expression(values[use.column])))
    return print_expression(tree)


def function_name(call: pb.FuncCall) -> Relation:
    """The function's qualified name; a bare one is the server's own, as it prints them with an empty search path."""
    path = [part.string.sval for part in call.funcname]
    return Relation(path[-2] if len(path) > 1 else CATALOG, path[-1])


def value_list(expression: str) -> tuple[str, tuple[str, ...]] | None:
    """Column and values of `column = ANY (ARRAY[…])`, `column IN (…)` or `column = value`; None for any other form."""
    try:
        node = value_of(parse_expression(expression))
    except NotAnExpressionError:
        return None
    if not node.HasField("a_expr"):
        return None
    comparison = node.a_expr
    if [part.string.sval for part in comparison.name] != ["="]:
        return None
    column = _use(_bare(comparison.lexpr))
    values = _constants(_bare(comparison.rexpr))
    return (column.column, values) if column and values is not None else None


def stable_calls(expression: str, stable_functions: Collection[Relation]) -> tuple[Relation, ...]:
    """Calls of these functions that depend on no row and yet are made for each; empty where all are init-plans."""
    found: list[Relation] = []
    _visit_calls(value_of(parse_expression(expression)), set(stable_functions), lambda _, name: found.append(name))
    return tuple(found)


def to_init_plan(expression: str, stable_functions: Collection[Relation]) -> Expression:
    """Wrap every such call into `(SELECT …)`, so that the server makes it once a statement, not once a row.

    What is wrapped grows over casts, COALESCE, NULLIF and reading of JSON documents around the call, as long as they
    depend on no row; comparisons stay outside, so that an index on the compared column still serves.
    """
    tree = parse_expression(expression)
    _visit_calls(value_of(tree), set(stable_functions), lambda node, _: _wrap(node))
    _keep_arrays_apart(tree)
    return print_expression(tree)


# -- which column is meant ------------------------------------------------------------------------------------------


def _uses(tree: Message) -> Iterator[tuple[ColumnUse, frozenset[str]]]:
    for node, aliases in _column_nodes(tree, frozenset()):
        use = _use(node)
        if use:
            yield use, aliases


def _column_nodes(message: Message, aliases: frozenset[str]) -> Iterator[tuple[pb.Node, frozenset[str]]]:
    """Column references, each with the aliases of the sub-selects around it."""
    if isinstance(message, pb.Node) and message.HasField("column_ref"):
        yield message, aliases
        return
    if isinstance(message, pb.SelectStmt):
        aliases |= _from_aliases(message)
    for child in children(message):
        yield from _column_nodes(child, aliases)


def _from_aliases(select: pb.SelectStmt) -> frozenset[str]:
    found: set[str] = set()
    for item in select.from_clause:
        for node in nodes(item):
            if node.HasField("range_var"):
                found.add(node.range_var.alias.aliasname or node.range_var.relname)
            elif node.HasField("range_subselect"):
                found.add(node.range_subselect.alias.aliasname)
            elif node.HasField("range_function"):
                found.add(node.range_function.alias.aliasname)
    return frozenset(found)


def _use(node: pb.Node) -> ColumnUse | None:
    if not node.HasField("column_ref") or not node.column_ref.fields[-1].HasField("string"):
        return None
    path = [field.string.sval for field in node.column_ref.fields]
    return ColumnUse(path[-2] if len(path) > 1 else "", path[-1])


def _is_own(use: ColumnUse, own: set[str], aliases: frozenset[str]) -> bool:
    return use.qualifier in own and use.qualifier not in aliases and not (aliases and not use.qualifier)


# -- constants ------------------------------------------------------------------------------------------------------


def _bare(node: pb.Node) -> pb.Node:
    """Without the casts around it."""
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node


def _constants(node: pb.Node) -> tuple[str, ...] | None:
    if node.HasField("a_array_expr"):
        items = list(node.a_array_expr.elements)
    elif node.HasField("list"):
        items = list(node.list.items)
    else:
        items = [node]
    values = [_constant(_bare(item)) for item in items]
    return tuple(v for v in values if v is not None) if None not in values else None


def _constant(node: pb.Node) -> str | None:
    if not node.HasField("a_const"):
        return None
    match node.a_const.WhichOneof("val"):
        case "sval":
            return str(node.a_const.sval.sval)
        case "ival":
            return str(node.a_const.ival.ival)
        case "fval":
            return str(node.a_const.fval.fval)
        case "boolval":
            return "true" if node.a_const.boolval.boolval else "false"
        case _:
            return None


# -- calls that depend on no row ------------------------------------------------------------------------------------


def _visit_calls(node: Message, stable: set[Relation], visit: Callable[[pb.Node, Relation], None]) -> None:
    """Visit the largest parts that hold a stable call and depend on no row, outside of init-plans and of FROM."""
    if isinstance(node, pb.RangeFunction):
        return
    if isinstance(node, pb.SubLink) and _is_init_plan(node):
        _visit_calls(node.testexpr, stable, visit)
        return
    if isinstance(node, pb.Node):
        call = _call_within(node, stable)
        if call is not None:
            visit(node, call)
            return
    for child in list(children(node)):
        _visit_calls(child, stable, visit)


def _is_init_plan(node: pb.SubLink) -> bool:
    """`(SELECT …)` and `x IN (SELECT …)` without FROM and without a column within: evaluated once."""
    if node.sub_link_type not in {pb.EXPR_SUBLINK, pb.ANY_SUBLINK}:
        return False
    select = node.subselect.select_stmt
    return not select.from_clause and not any(inner.HasField("column_ref") for inner in nodes(select))


def _call_within(node: pb.Node, stable: set[Relation]) -> Relation | None:
    """The stable function in a part that consists of calls of such, constants and what reads their result."""
    if node.HasField("func_call"):
        name = function_name(node.func_call)
        return name if name in stable and not any(_depends(arg, stable) for arg in node.func_call.args) else None
    parts = _parts(node)
    if not parts:
        return None
    calls = [_call_within(part, stable) for part in parts]
    whole = all(call is not None or _is_constant(part) for call, part in zip(calls, parts, strict=True))
    return next((call for call in calls if call), None) if whole else None


def _parts(node: pb.Node) -> list[pb.Node]:
    """What a cast, a COALESCE, a NULLIF or an operator on documents is made of; empty for anything else."""
    if node.HasField("type_cast"):
        return [node.type_cast.arg]
    if node.HasField("coalesce_expr"):
        return list(node.coalesce_expr.args)
    if node.HasField("a_expr"):
        operators = {part.string.sval for part in node.a_expr.name}
        reads = node.a_expr.kind == pb.AEXPR_OP and operators <= READS_DOCUMENTS
        return [node.a_expr.lexpr, node.a_expr.rexpr] if reads or node.a_expr.kind == pb.AEXPR_NULLIF else []
    return []


def _is_constant(node: pb.Node) -> bool:
    return bool(_bare(node).HasField("a_const"))


def _depends(argument: pb.Node, stable: set[Relation]) -> bool:
    """Whether an argument names a column, or holds a sub-select or a call that we cannot vouch for."""
    return any(
        inner.HasField("column_ref")
        or inner.HasField("sub_link")
        or (inner.HasField("func_call") and function_name(inner.func_call) not in stable)
        for inner in nodes(argument)
    )


def _wrap(node: pb.Node) -> None:
    inner = pb.Node()
    inner.CopyFrom(node)
    select = pb.SelectStmt(limit_option=pb.LIMIT_OPTION_DEFAULT, op=pb.SETOP_NONE)
    select.target_list.append(pb.Node(res_target=pb.ResTarget(val=inner)))
    node.Clear()
    node.sub_link.sub_link_type = pb.EXPR_SUBLINK
    node.sub_link.subselect.select_stmt.CopyFrom(select)


def _keep_arrays_apart(tree: Message) -> None:
    """`= ANY ((SELECT f()))` would compare with rows, not with the elements of the array that f returns."""
    for node in nodes(tree):
        array = node.a_expr.kind in {pb.AEXPR_OP_ANY, pb.AEXPR_OP_ALL} if node.HasField("a_expr") else False
        if array and node.a_expr.rexpr.HasField("sub_link"):
            inner = pb.Node()
            inner.CopyFrom(node.a_expr.rexpr)
            node.a_expr.rexpr.Clear()
            node.a_expr.rexpr.coalesce_expr.args.append(inner)
