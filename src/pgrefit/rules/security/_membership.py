"""Conditions that look for a membership, and forget of what."""

from __future__ import annotations

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.model.sql_tree import is_readable, parse_expression, print_expression, value_of
from pgrefit.rules._trees import Tree
from pgrefit.rules.security._policies import columns_of_asker


def of_anything(db: Snapshot, table: Table, condition: Expression) -> tuple[Relation, str] | None:
    """The table of members, and the column of the row that it is not compared with; None where there is none.

    `EXISTS (SELECT FROM member WHERE member.person = asker)`, where members are of what the row is of, too. One that
    looks for a certain kind of member, as an administrator, is another matter.
    """
    if not is_readable(condition):
        return None
    value = value_of(parse_expression(condition))
    either = value.HasField("bool_expr") and value.bool_expr.boolop == pb.OR_EXPR
    for arm in value.bool_expr.args if either else [value]:
        members = _members(db, arm)
        shared = _shared(table, *members) if members else ""
        if members and shared:
            return members[0].name, shared
    return None


def _members(db: Snapshot, node: pb.Node) -> tuple[Table, str] | None:
    """The one table that an EXISTS reads, and the one column that it compares, with who asks."""
    select = node.sub_link.subselect.select_stmt
    exists = node.HasField("sub_link") and node.sub_link.sub_link_type == pb.EXISTS_SUBLINK
    if not exists or len(select.from_clause) != 1 or not select.from_clause[0].HasField("range_var"):
        return None
    named = select.from_clause[0].range_var
    found = db.find_table(Relation(named.schemaname, named.relname))
    columns = Tree(select.where_clause).all(pb.ColumnRef) if select.HasField("where_clause") else []
    path = [part.string.sval for part in columns[0].fields] if len(columns) == 1 else []
    if found is None or not path or (len(path) > 1 and path[-2] not in {named.relname, named.alias.aliasname}):
        return None
    return (found, path[-1]) if columns_of_asker(_text(select.where_clause)) == (path[-1],) else None


def _shared(table: Table, members: Table, asker: str) -> str:
    """The column of the row by which it belongs to what members belong to."""
    if members.name == table.name:
        return ""
    theirs = {key.parent for key in members.foreign_keys if asker not in key.columns}
    for key in table.foreign_keys:
        if key.parent in theirs and len(key.columns) == 1:
            return key.columns[0]
    if table.name in theirs:
        return table.primary_key[0] if table.primary_key else ""
    own = {column.name for column in table.columns} - {asker, "id"}
    return next((name for name in members.primary_key if name in own), "")


def _text(node: pb.Node) -> Expression:
    tree = parse_expression("NULL")
    value_of(tree).CopyFrom(node)
    return print_expression(tree)
