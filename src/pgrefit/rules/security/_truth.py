"""Conditions that hold for every row, told by their trees."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from postgast import pg_query_pb2 as pb

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError, function_name, parse_expression, print_expression, value_of
from pgrefit.rules._bodies import Body, bodies
from pgrefit.rules._effects import by_bare_name

Number = Decimal
COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip
SAME = {"=", "<=", ">="}
LIKES = {"~~", "~~*"}
AMONG = {pb.AEXPR_OP_ANY, pb.AEXPR_IN}


def is_always_true(condition: Expression, required: Collection[str], truths: Collection[Relation] = ()) -> bool:
    """Whether it holds for each row; `required` are columns that are never NULL, `truths` functions that say true.

    `x = x` counts as well where x may be NULL: it tells no two rows that have a value apart.
    """
    try:
        return _holds(value_of(parse_expression(condition)), _Known(frozenset(required), frozenset(truths)))
    except UnreadableError:
        return False


@lookup.remembered
def saying_true(db: Snapshot) -> frozenset[Relation]:
    """The user's functions that do nothing but return true."""
    several = {name for name, functions in by_bare_name(db).items() if len(functions) > 1}
    return frozenset(b.function.name for b in bodies(db) if b.function.name.name not in several and _says_true(b))


def _says_true(body: Body) -> bool:
    if body.function.returns != "boolean" or len(body.trees) != 1 or not isinstance(body.trees[0].root, pb.Node):
        return False
    select = body.trees[0].root.select_stmt
    alone = len(select.target_list) == 1 and not select.from_clause and not select.HasField("where_clause")
    return alone and _holds(select.target_list[0].res_target.val, _Known())


def either_of(condition: Expression) -> tuple[Expression, ...]:
    """What OR joins at the top; empty where it does not, or the condition cannot be read."""
    try:
        node = _plain(value_of(parse_expression(condition)))
    except UnreadableError:
        return ()
    joined = node.HasField("bool_expr") and node.bool_expr.boolop == pb.OR_EXPR
    return tuple(printed(arm) for arm in node.bool_expr.args) if joined else ()


@dataclass(frozen=True, slots=True)
class _Known:
    """Columns that are never NULL, and functions that say true."""

    required: frozenset[str] = frozenset()
    truths: frozenset[Relation] = frozenset()


def _holds(node: pb.Node, known: _Known) -> bool:
    node = _plain(node)
    if node.HasField("bool_expr"):
        return _junction(node.bool_expr, known)
    if node.HasField("null_test"):
        return node.null_test.nulltesttype == pb.IS_NOT_NULL and _is_there(node.null_test.arg, known)
    if node.HasField("func_call"):
        return function_name(node.func_call) in known.truths
    if node.HasField("coalesce_expr"):
        return _holds(node.coalesce_expr.args[0], known)
    if node.HasField("sub_link"):
        return _finds_a_row(node.sub_link)
    return _compares(node.a_expr) if node.HasField("a_expr") else _text(node) == "true"


def _is_there(node: pb.Node, known: _Known) -> bool:
    """Whether it is never NULL."""
    value = _plain(node)
    return _column(value) in known.required or value.HasField("sqlvalue_function") or _text(value) is not None


def _finds_a_row(link: pb.SubLink) -> bool:
    """`EXISTS (SELECT 1)`."""
    select = link.subselect.select_stmt
    bounds = bool(
        select.HasField("where_clause") or select.HasField("having_clause") or select.HasField("limit_count")
        or select.HasField("limit_offset")
    )  # fmt: skip
    return (
        link.sub_link_type == pb.EXISTS_SUBLINK
        and bool(select.target_list)
        and not (bounds or select.from_clause or select.group_clause)
    )


def _plain(node: pb.Node) -> pb.Node:
    """Without the casts around it, and without the SELECT that yields it alone."""
    node = _bare(node)
    if not node.HasField("sub_link") or node.sub_link.sub_link_type != pb.EXPR_SUBLINK:
        return node
    select = node.sub_link.subselect.select_stmt
    alone = len(select.target_list) == 1 and not select.from_clause and not select.HasField("where_clause")
    return _plain(select.target_list[0].res_target.val) if alone else node


def _junction(node: pb.BoolExpr, known: _Known) -> bool:
    args = list(node.args)
    match node.boolop:
        case pb.AND_EXPR:
            return all(_holds(arg, known) for arg in args)
        case pb.OR_EXPR:
            return any(_holds(arg, known) for arg in args) or _null_or_not(args) or _true_or_not(args)
        case _:
            return _fails(node.args[0])


def _null_or_not(args: list[pb.Node]) -> bool:
    """`x IS NULL OR x IS NOT NULL`."""
    tests = [(arg.null_test.nulltesttype, printed(arg.null_test.arg)) for arg in args if arg.HasField("null_test")]
    return bool({x for kind, x in tests if kind == pb.IS_NULL} & {x for kind, x in tests if kind == pb.IS_NOT_NULL})


def _true_or_not(args: list[pb.Node]) -> bool:
    """`x OR NOT x`, whatever it is: where it is NULL, it tells no two rows that have a value apart."""
    denied = {
        printed(a.bool_expr.args[0]) for a in args if a.HasField("bool_expr") and a.bool_expr.boolop == pb.NOT_EXPR
    }
    return bool(denied & {printed(arg) for arg in args})


def _fails(node: pb.Node) -> bool:
    """Whether it holds for no row: FALSE, a comparison of numbers, `x IS DISTINCT FROM x`."""
    if not node.HasField("a_expr"):
        return _text(node) == "false"
    if node.a_expr.kind == pb.AEXPR_DISTINCT:
        return printed(node.a_expr.lexpr) == printed(node.a_expr.rexpr)
    return _by_number(node.a_expr) is False


def _compares(node: pb.A_Expr) -> bool:
    operator = node.name[-1].string.sval
    left, right = _bare(node.lexpr), _bare(node.rexpr)
    if node.kind == pb.AEXPR_NOT_DISTINCT:
        return printed(left) == printed(right)
    if node.kind in AMONG:
        return operator == "=" and printed(left) in {printed(_bare(each)) for each in _members(right)}
    if operator in LIKES:
        return set(_text(right) or "-") == {"%"} and _column(left) != ""
    return node.kind == pb.AEXPR_OP and _agrees(node, operator, left, right)


def _agrees(node: pb.A_Expr, operator: str, left: pb.Node, right: pb.Node) -> bool:
    """Of two constants, or of an expression and itself."""
    by_number = _by_number(node)
    if by_number is not None:
        return by_number
    if left.HasField("a_const") and right.HasField("a_const"):
        return operator == "=" and _text(left) is not None and _text(left) == _text(right)
    return operator in SAME and printed(left) == printed(right)


def _members(node: pb.Node) -> list[pb.Node]:
    """Of an array or list that is written out."""
    if node.HasField("a_array_expr"):
        return list(node.a_array_expr.elements)
    return list(node.list.items) if node.HasField("list") else []


def _by_number(node: pb.A_Expr) -> bool | None:
    """What a comparison of two numbers yields; None where it is none."""
    compare = COMPARISONS.get(node.name[-1].string.sval) if node.kind == pb.AEXPR_OP else None
    left, right = _number(_bare(node.lexpr)), _number(_bare(node.rexpr))
    return compare(left, right) if compare and left is not None and right is not None else None


def _number(node: pb.Node) -> Decimal | None:
    kind = node.a_const.WhichOneof("val") if node.HasField("a_const") else None
    if kind not in {"ival", "fval"}:
        return None
    try:
        return Decimal(_text(node) or "")
    except InvalidOperation:
        return None


def _text(node: pb.Node) -> str | None:
    constant = node.a_const
    match constant.WhichOneof("val"):
        case "boolval":
            return "true" if constant.boolval.boolval else "false"
        case "sval":
            return str(constant.sval.sval).lower()
        case "ival":
            return str(constant.ival.ival)
        case "fval":
            return str(constant.fval.fval)
        case _:
            return None


def _bare(node: pb.Node) -> pb.Node:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node


def _column(node: pb.Node) -> str:
    last = node.column_ref.fields[-1] if node.HasField("column_ref") else None
    return str(last.string.sval) if last is not None else ""


def constant(node: pb.Node) -> bool:
    """Whether it is a constant, cast or not."""
    return bool(_bare(node).HasField("a_const"))


def printed(node: pb.Node) -> Expression:
    """The same text for the same expression."""
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(node)
    return print_expression(tree)
