"""What becomes of expressions when columns change. Built on the parse trees of model/sql_tree."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import columns_after, nodes, parse_expression, print_expression, replace_columns, value_of

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


def retyped(expression: Expression, table: Relation, columns: Retypes, db: Snapshot) -> Expression:
    """The same condition after columns of `table` changed their type.

    Each use is cast back to the old type, which keeps the meaning; where both sides of an equality then carry the same
    cast over the same type, both casts are dropped, so that an index serves again: c.id::text = t.x becomes c.id = t.x.
    Valid because the text form of the types that we convert to is one to one.
    """
    tree = parse_expression(expression)
    scope = _Scope(table=table, columns=columns, db=db, aliases=_aliases(tree, table))
    for node in list(nodes(tree)):
        name = scope.column(node)
        if name in columns:
            node.CopyFrom(_cast(node, columns[name][0]))
    for node in nodes(tree):
        if node.HasField("a_expr"):
            _drop_equal_casts(node.a_expr, scope)
    return print_expression(tree)


@dataclass(frozen=True, slots=True)
class _Scope:
    table: Relation
    columns: Retypes
    db: Snapshot
    aliases: Mapping[str, Relation]

    def column(self, node: pb.Node) -> str:
        """The column of our table that a node names; '' for any other node."""
        if not node.HasField("column_ref"):
            return ""
        path = [part.string.sval for part in node.column_ref.fields]
        relation = self.aliases.get(path[-2]) if len(path) > 1 else self.table
        return path[-1] if relation == self.table else ""

    def type_of(self, node: pb.Node) -> str:
        """The type of the column that a node names, as it will be; '' where it names none."""
        if not node.HasField("column_ref"):
            return ""
        path = [part.string.sval for part in node.column_ref.fields]
        relation = self.aliases.get(path[-2]) if len(path) > 1 else self.table
        if relation == self.table and path[-1] in self.columns:
            return self.columns[path[-1]][1]
        found = self.db.find_table(relation) if relation else None
        return next((c.type for c in found.columns if c.name == path[-1]), "") if found else ""


def _aliases(tree: pb.ParseResult, table: Relation) -> dict[str, Relation]:
    ranges = [node.range_var for node in nodes(tree) if node.HasField("range_var")]
    return {table.name: table} | {r.alias.aliasname or r.relname: Relation(r.schemaname, r.relname) for r in ranges}


def _cast(node: pb.Node, type_name: str) -> pb.Node:
    cast = value_of(parse_expression(f"NULL::{type_name}"))
    cast.type_cast.arg.CopyFrom(node)
    return cast


def _drop_equal_casts(comparison: pb.A_Expr, scope: _Scope) -> None:
    sides = (comparison.lexpr, comparison.rexpr)
    is_equality = comparison.kind == pb.AEXPR_OP and [n.string.sval for n in comparison.name][-1:] == ["="]
    if not is_equality or not all(side.HasField("type_cast") for side in sides):
        return
    types = {scope.type_of(side.type_cast.arg) for side in sides}
    if len(types) == 1 and "" not in types:
        for side in sides:
            inner = pb.Node()
            inner.CopyFrom(side.type_cast.arg)
            side.CopyFrom(inner)
