"""Definitions that the server printed, for the new columns: parsed, and printed again under other names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import postgast
from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Statement, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, ExtendedStatistics, Index, Snapshot
from pgrefit.model.sql_tree import nodes, parse_expression, parse_sql, print_expression

from ._conversion import new_name, old_name
from ._expressions import Scope, cast_back
from ._key_graph import KeyGraph, Member, Reference
from .create_index import CreateIndex, IndexColumn


@dataclass(frozen=True, slots=True, kw_only=True)
class Printer:
    """Prints what belongs to a table of the graph over its new columns, under their names until the switch."""

    graph: KeyGraph
    db: Snapshot
    member: Member

    def condition(self, condition: Expression) -> Expression:
        """A condition over the columns."""
        tree = parse_expression(condition)
        self._over_new(tree)
        return print_expression(tree)

    def index(self, index: Index) -> CreateIndex:
        """The change that builds the index's twin."""
        twin = CreateIndex.like(index, self.member.name, {}, new_name(index.name.name))
        keys = tuple(self._key(key) for key in twin.keys)
        where = None if twin.where is None else self._retyped(twin.where)
        return replace(twin, keys=keys, where=where).renamed(self.member.new_names)

    def _key(self, key: IndexColumn) -> IndexColumn:
        if key.expression is not None:
            return replace(key, expression=self._retyped(key.expression))
        from_text = {c.column for c in self.member.from_text}
        return replace(key, collation="") if key.column in from_text else key  # only texts have one

    def check(self, constraint: Constraint) -> Statement:
        """ADD CONSTRAINT … NOT VALID for the twin of a check."""
        tree, added = _adding(self.member.name, constraint, new_name(constraint.name))
        self._over_new(added.raw_expr)
        return _printed(tree)

    def statistics(self, statistics: ExtendedStatistics) -> Statement:
        """CREATE STATISTICS for the twin."""
        tree = parse_sql(statistics.definition)
        made = tree.stmts[0].stmt.create_stats_stmt
        made.defnames[-1].string.sval = new_name(statistics.name.name)
        for node in made.exprs:
            element = node.stats_elem
            element.name = self.member.new_names.get(element.name, element.name)
            self._over_new(element)
        return _printed(tree)

    def _retyped(self, over: Expression) -> Expression:
        tree = parse_expression(over)
        cast_back(tree, self._scope())
        return print_expression(tree)

    def _over_new(self, tree: Message) -> None:
        cast_back(tree, self._scope())
        rename(tree, self.member.new_names)

    def _scope(self) -> Scope:
        names = {self.member.name.name: self.member.name}
        return Scope(own=self.member.name, changes=self.graph.types, db=self.db, aliases=names)


def rename(tree: Message, names: Mapping[str, str]) -> None:
    """Rename columns wherever they are named."""
    for node in nodes(tree):
        if node.HasField("column_ref"):
            last = node.column_ref.fields[-1].string
            last.sval = names.get(last.sval, last.sval)


def twin_of_reference(reference: Reference) -> Statement:
    """ADD CONSTRAINT … NOT VALID for the twin of a foreign key."""
    tree, added = _adding(reference.child.name, reference.key, reference.new)
    for names, parts in (
        (reference.child.new_names, (*added.fk_attrs, *added.fk_del_set_cols)),
        (reference.parent.new_names, added.pk_attrs),
    ):
        for part in parts:
            part.string.sval = names.get(part.string.sval, part.string.sval)
    return _printed(tree)


def unvalidated(table: Relation, constraint: Constraint) -> Statement:
    """ADD CONSTRAINT … NOT VALID for the constraint as it was."""
    return _printed(_adding(table, constraint, constraint.name)[0])


def spare(member: Member, index: Index) -> CreateIndex:
    """The change that builds the same index once more, for the way back."""
    return CreateIndex.like(index, member.name, {}, old_name(index.name.name))


def _adding(table: Relation, constraint: Constraint, name: str) -> tuple[pb.ParseResult, Any]:
    tree = parse_sql(
        ddl("ALTER TABLE {t} ADD CONSTRAINT {n} {d}", t=table, n=name, d=raw(Expression(constraint.definition)))
    )
    command: Any = tree.stmts[0].stmt.alter_table_stmt.cmds[0].alter_table_cmd
    added = getattr(command, "def").constraint
    added.skip_validation, added.initially_valid = True, False
    return tree, added


def _printed(tree: pb.ParseResult) -> Statement:
    return Statement(postgast.deparse(tree))
