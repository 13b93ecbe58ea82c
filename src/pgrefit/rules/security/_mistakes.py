"""What conditions of policies say by mistake: they compare a column with itself, or let all through unasked."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.snapshot import Policy, Table
from pgrefit.model.sql_tree import is_readable, nodes, parse_expression, print_expression, value_of
from pgrefit.rules._access import API_ROLES, covers
from pgrefit.rules._effects import called_name
from pgrefit.rules._names import words
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._policies import columns_of_asker

IDENTITY = frozenset({"jwt", "login", "role", "uid", "user"})
ASKING = (pb.FuncCall, pb.SubLink, pb.SQLValueFunction)


def compared_with_itself(condition: Expression) -> str:
    """The column of a sub-select that it compares with itself, where the row's of the same name was meant; or ''."""
    for link in Tree(parse_expression(condition)).all(pb.SubLink):
        for node in Tree(link.subselect).all(pb.A_Expr):
            left, right = _column(node.lexpr), _column(node.rexpr)
            if node.kind == pb.AEXPR_OP and node.name[-1].string.sval == "=" and left and left == right:
                return ".".join(left)
    return ""


def open_when_unset(condition: Expression) -> str:
    """What is asked, where all rows are let through when it is not known; '' where there is no such thing."""
    value = _plain(value_of(parse_expression(condition)))
    either = value.HasField("bool_expr") and value.bool_expr.boolop == pb.OR_EXPR
    arms = list(value.bool_expr.args) if either else [value]
    if not either and not _falls_back(value):
        return ""
    return next((said for arm in arms if (said := _falls_back(arm) or _is_unset(arm))), "")


def open_to_any_login(condition: Expression) -> bool:
    """Whether it asks no more than that somebody is logged in, whatever the row."""
    if not is_readable(condition):
        return False
    value = _plain(value_of(parse_expression(condition)))
    joined = value.HasField("bool_expr") and value.bool_expr.boolop == pb.AND_EXPR
    return all(map(_is_login, value.bool_expr.args if joined else [value]))


def _is_login(node: pb.Node) -> bool:
    """`uid() IS NOT NULL`, or `role() = 'authenticated'`."""
    node = _plain(node)
    if node.HasField("null_test"):
        return node.null_test.nulltesttype == pb.IS_NOT_NULL and _names_asker(node.null_test.arg)
    if not node.HasField("a_expr") or node.a_expr.kind != pb.AEXPR_OP or node.a_expr.name[-1].string.sval != "=":
        return False
    left, right = _plain(node.a_expr.lexpr), _plain(node.a_expr.rexpr)
    said = next((each.a_const.sval.sval for each in (left, right) if each.HasField("a_const")), "")
    return said in API_ROLES and any(map(_names_asker, (left, right)))


def _names_asker(node: pb.Node) -> bool:
    called = {word for each in nodes(node) if each.HasField("func_call") for word in words(called_name(each.func_call))}
    return _asks(node) and bool(called & IDENTITY)


def _falls_back(node: pb.Node) -> str:
    """`column = coalesce(asked, column)`."""
    node = _plain(node)
    if not node.HasField("a_expr") or node.a_expr.kind != pb.AEXPR_OP or node.a_expr.name[-1].string.sval != "=":
        return ""
    for one, other in ((node.a_expr.lexpr, node.a_expr.rexpr), (node.a_expr.rexpr, node.a_expr.lexpr)):
        value, column = _plain(other), _column(_plain(one))
        args = list(value.coalesce_expr.args) if value.HasField("coalesce_expr") else []
        if column and len(args) > 1 and _column(_plain(args[-1])) == column and _asks(args[0]):
            return _shown(args[0])
    return ""


def _is_unset(node: pb.Node) -> str:
    """`asked IS NULL`, or `asked = ''`, whatever stands for NULL in it."""
    node = _plain(node)
    if node.HasField("null_test"):
        asked = node.null_test.arg if node.null_test.nulltesttype == pb.IS_NULL else None
        return _shown(asked) if asked is not None and _asks(asked) else ""
    if not node.HasField("a_expr") or node.a_expr.kind != pb.AEXPR_OP or node.a_expr.name[-1].string.sval != "=":
        return ""
    left, right = _plain(node.a_expr.lexpr), _plain(node.a_expr.rexpr)
    empty = right.HasField("a_const") and right.a_const.HasField("sval") and not right.a_const.sval.sval
    return _shown(left) if empty and _asks(left) else ""


def _asks(node: pb.Node) -> bool:
    """Whether it is about the session alone: a setting, a claim, who is logged in."""
    inner = list(nodes(node))
    asks = any(each.HasField("func_call") or each.HasField("sqlvalue_function") for each in inner)
    return asks and not any(each.HasField("column_ref") or each.HasField("range_var") for each in inner)


def _shown(node: pb.Node) -> str:
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(_plain(node))
    return str(print_expression(tree))


def _plain(node: pb.Node) -> pb.Node:
    """Without casts and without the SELECT that yields it alone."""
    while True:
        if node.HasField("type_cast"):
            node = node.type_cast.arg
            continue
        select = node.sub_link.subselect.select_stmt
        alone = node.HasField("sub_link") and len(select.target_list) == 1 and not select.from_clause
        if not alone or node.sub_link.sub_link_type != pb.EXPR_SUBLINK or select.HasField("where_clause"):
            return node
        node = select.target_list[0].res_target.val


def _column(node: pb.Node) -> tuple[str, ...]:
    return tuple(field.string.sval for field in node.column_ref.fields) if node.HasField("column_ref") else ()


def forgotten(table: Table, policy: Policy) -> tuple[str, ...]:
    """Columns that say whose a row is, where the condition for new versions of it does not ask who writes.

    For UPDATE, those of USING; for INSERT, those of the policies for reading. Where WITH CHECK asks who it is, it is
    taken to know what it does.
    """
    if policy.check is None or not is_readable(policy.check) or policy.command in {"select", "delete"}:
        return ()
    tree = Tree(parse_expression(policy.check))
    if not tree.all(pb.ColumnRef) or any(tree.all(kind) for kind in ASKING):
        return ()
    return tuple(dict.fromkeys(_whose(policy) if policy.command != "insert" else _of_readers(table)))


def _whose(policy: Policy) -> Iterator[str]:
    if policy.using is not None and is_readable(policy.using):
        yield from columns_of_asker(policy.using)


def _of_readers(table: Table) -> Iterator[str]:
    readers = (p for p in table.policies if p.permissive and covers(p, "select"))
    yield from (column for policy in readers for column in _whose(policy))
