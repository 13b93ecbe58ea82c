"""What becomes of expressions when columns change. Built on the parse trees of model/sql_tree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import columns_after, nodes, parse_expression, print_expression, replace_columns, value_of

from ._types import WIDER

EQUALITIES = {pb.AEXPR_OP, pb.AEXPR_DISTINCT, pb.AEXPR_NOT_DISTINCT}
Retypes = Mapping[str, tuple[str, str]]  # column -> (old type, new type)


def substituted(expression: Expression, columns: Mapping[str, Expression], alias: str = "t") -> Expression:
    """Put expressions in the place of the alias's columns, again and again until none of them is left.

    ValueError where the columns refer to each other in a circle.
    """
    for _ in range(len(columns) + 1):
        if not set(columns_after(expression, alias)) & columns.keys():
            return expression
        expression = replace_columns(expression, columns, alias)
    raise ValueError(f"columns refer to each other in a circle: {', '.join(columns)}")


def retyped(expression: Expression, table: Relation, changes: Mapping[Relation, Retypes], db: Snapshot) -> Expression:
    """The same condition of `table` after columns, its own or those of other tables, changed their type.

    Each use is cast back to the old type, which keeps the meaning, unless the new type only holds more of the same;
    where both sides of an equality then carry the same cast over the same type, both casts are dropped, so that an
    index serves again: c.id::text = t.x becomes c.id = t.x. Valid because the text form of the types that we convert
    to is one to one.
    """
    tree = parse_expression(expression)
    cast_back(tree, Scope(own=table, changes=changes, db=db, aliases=_aliases(tree, table)))
    return print_expression(tree)


def cast_back(tree: Message, scope: Scope, as_they_are: Collection[int] = ()) -> None:
    """Cast each use of a column that changes its type; not those that stand at these places of the text."""
    everything = list(nodes(tree))
    untyped = {node.null_test.arg.column_ref.location for node in everything if node.HasField("null_test")}
    for node in everything:
        change = scope.change(node)
        if change and change not in WIDER and node.column_ref.location not in untyped.union(as_they_are):
            node.CopyFrom(_cast(node, change[0]))
    for node in nodes(tree):
        if node.HasField("a_expr"):
            _drop_equal_casts(node.a_expr, scope)
        elif node.HasField("sub_link"):
            _drop_casts_of_membership(node.sub_link, scope)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What names in a tree mean: bare columns are of `own`, others of the relation behind their alias."""

    own: Relation | None
    changes: Mapping[Relation, Retypes]
    db: Snapshot
    aliases: Mapping[str, Relation]

    def column(self, node: pb.Node) -> tuple[Relation, str] | None:
        """The relation and column that a node names; None for any other node."""
        if not node.HasField("column_ref"):
            return None
        path = [part.string.sval for part in node.column_ref.fields]
        relation = self.aliases.get(path[-2]) if len(path) > 1 else self.own
        return (relation, path[-1]) if relation else None

    def change(self, node: pb.Node) -> tuple[str, str] | None:
        """The old and new type of the column that a node names; None where it keeps its type."""
        named = self.column(node)
        return self.changes.get(named[0], {}).get(named[1]) if named else None

    def type_of(self, node: pb.Node) -> str:
        """The type of the column that a node names, as it will be; '' where it names none."""
        named, change = self.column(node), self.change(node)
        if change or not named:
            return change[1] if change else ""
        found = self.db.find_table(named[0])
        return next((c.type for c in found.columns if c.name == named[1]), "") if found else ""


def aliases_in(tree: Message) -> dict[str, Relation]:
    """Relations by the names that stand before their columns. ValueError where one name means two relations."""
    found: dict[str, Relation] = {}
    for node in nodes(tree):
        if node.HasField("range_var"):
            alias = node.range_var.alias.aliasname or node.range_var.relname
            relation = Relation(node.range_var.schemaname, node.range_var.relname)
            if found.setdefault(alias, relation) != relation:
                raise ValueError(f"{alias} means two relations")
    return found


def _aliases(tree: pb.ParseResult, table: Relation) -> dict[str, Relation]:
    ranges = [node.range_var for node in nodes(tree) if node.HasField("range_var")]
    return {table.name: table} | {r.alias.aliasname or r.relname: Relation(r.schemaname, r.relname) for r in ranges}


def _cast(node: pb.Node, type_name: str) -> pb.Node:
    cast = value_of(parse_expression(f"NULL::{type_name}"))
    cast.type_cast.arg.CopyFrom(node)
    return cast


def _drop_equal_casts(comparison: pb.A_Expr, scope: Scope) -> None:
    sides = (comparison.lexpr, comparison.rexpr)
    if comparison.kind in EQUALITIES and [n.string.sval for n in comparison.name][-1:] in (["="], ["<>"]):
        _uncast(sides, scope)


def _drop_casts_of_membership(link: pb.SubLink, scope: Scope) -> None:
    """IN (SELECT column FROM …) and = ANY (SELECT …)."""
    select = link.subselect.select_stmt
    operator = [n.string.sval for n in link.oper_name][-1:]
    simple = select.op == pb.SETOP_NONE and len(select.target_list) == 1
    if link.sub_link_type == pb.ANY_SUBLINK and operator in ([], ["="]) and simple:
        _uncast((link.testexpr, select.target_list[0].res_target.val), scope)


def _uncast(sides: tuple[pb.Node, pb.Node], scope: Scope) -> None:
    if not all(side.HasField("type_cast") for side in sides) or not _same_cast(*sides):
        return
    types = {scope.type_of(side.type_cast.arg) for side in sides}
    ours = any(scope.change(side.type_cast.arg) for side in sides)
    if ours and len(types) == 1 and "" not in types:
        for side in sides:
            inner = pb.Node()
            inner.CopyFrom(side.type_cast.arg)
            side.CopyFrom(inner)


def _same_cast(one: pb.Node, other: pb.Node) -> bool:
    names = [[part.string.sval for part in side.type_cast.type_name.names][-1:] for side in (one, other)]
    return names[0] == names[1] and not any(side.type_cast.type_name.typmods for side in (one, other))
