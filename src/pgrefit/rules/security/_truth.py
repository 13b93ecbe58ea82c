"""Conditions that hold for every row, told by their trees."""

from __future__ import annotations

from collections.abc import Callable, Collection
from decimal import Decimal, InvalidOperation

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.sql_tree import UnreadableError, parse_expression, print_expression, value_of

Number = Decimal
COMPARISONS: dict[str, Callable[[Number, Number], bool]] = {
    "=": lambda a, b: a == b, "<>": lambda a, b: a != b, "<": lambda a, b: a < b, ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b, ">=": lambda a, b: a >= b,
}  # fmt: skip
SAME = {"=", "<=", ">="}


def is_always_true(condition: Expression, required: Collection[str]) -> bool:
    """Whether it holds for each row; `required` are columns that are never NULL.

    `x = x` counts as well where x may be NULL: it tells no two rows that have a value apart.
    """
    try:
        return _holds(value_of(parse_expression(condition)), frozenset(required))
    except UnreadableError:
        return False


def _holds(node: pb.Node, required: frozenset[str]) -> bool:
    node = _plain(node)
    if node.HasField("bool_expr"):
        return _junction(node.bool_expr, required)
    if node.HasField("null_test"):
        return node.null_test.nulltesttype == pb.IS_NOT_NULL and _column(node.null_test.arg) in required
    return _compares(node.a_expr) if node.HasField("a_expr") else _text(node) == "true"


def _plain(node: pb.Node) -> pb.Node:
    """Without the casts around it, and without the SELECT that yields it alone."""
    node = _bare(node)
    if not node.HasField("sub_link") or node.sub_link.sub_link_type != pb.EXPR_SUBLINK:
        return node
    select = node.sub_link.subselect.select_stmt
    alone = len(select.target_list) == 1 and not select.from_clause and not select.HasField("where_clause")
    return _plain(select.target_list[0].res_target.val) if alone else node


def _junction(node: pb.BoolExpr, required: frozenset[str]) -> bool:
    match node.boolop:
        case pb.AND_EXPR:
            return all(_holds(arg, required) for arg in node.args)
        case pb.OR_EXPR:
            return any(_holds(arg, required) for arg in node.args) or _null_or_not(list(node.args))
        case _:
            return _fails(node.args[0])


def _null_or_not(args: list[pb.Node]) -> bool:
    """`x IS NULL OR x IS NOT NULL`."""
    tests = [(arg.null_test.nulltesttype, printed(arg.null_test.arg)) for arg in args if arg.HasField("null_test")]
    return bool({x for kind, x in tests if kind == pb.IS_NULL} & {x for kind, x in tests if kind == pb.IS_NOT_NULL})


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
    if node.kind != pb.AEXPR_OP:
        return False
    by_number = _by_number(node)
    if by_number is not None:
        return by_number
    if left.HasField("a_const") and right.HasField("a_const"):
        return operator == "=" and _text(left) is not None and _text(left) == _text(right)
    return operator in SAME and _column(left) != "" and printed(left) == printed(right)


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
