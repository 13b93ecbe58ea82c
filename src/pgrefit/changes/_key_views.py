"""Views over columns that change: dropped and made again over the new ones, with everything that hangs on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Statement, ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, View
from pgrefit.model.sql_tree import nodes, parse_sql

from ._expressions import Retypes, Scope, aliases_in, cast_back
from ._key_carried import Carried, Moves
from ._key_graph import KeyGraph
from ._trigger_made import trigger_again
from ._types import WIDER
from ._view_made import made_again


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A view with its text over the new columns, the tables it reads, and its own columns that change their type."""

    view: View
    definition: Expression
    reads: tuple[Relation, ...]
    changes: Retypes


def concerned_views(graph: KeyGraph, db: Snapshot) -> tuple[View, ...]:
    """Views that read a column that changes, and all that read those, each after what it reads."""
    found: dict[Relation, None] = {}
    by_name = {view.name: view for view in db.views}

    def add(name: Relation) -> None:
        if name not in found:
            found[name] = None
            for reader in sorted(_readers(db, name)):
                add(reader)

    for member in graph.changing:
        for use in db.uses:
            if use.table == member.name and use.column in member.new_names and use.kind == "view" and use.relation:
                add(use.relation)
    return tuple(by_name[name] for name in _after_what_they_read(db, list(found)))


def rewritten_views(graph: KeyGraph, db: Snapshot) -> tuple[Rewritten, ...]:
    """Each with its new text. ValueError (also UnreadableError) where we cannot tell what a view means."""
    changes: dict[Relation, Retypes] = dict(graph.types)
    found: list[Rewritten] = []
    for view in concerned_views(graph, db):
        rewritten = _rewritten(view, changes, db)
        changes[view.name] = rewritten.changes
        found.append(rewritten)
    return tuple(found)


def carried_views(graph: KeyGraph, db: Snapshot) -> Iterator[Carried]:
    """Those that read others first: they are dropped first and made last."""
    for rewritten in reversed(rewritten_views(graph, db)):
        view = rewritten.view
        drop = ddl("DROP VIEW {v}", v=view.name)
        yield Carried(
            forth=Moves(before=(drop,), after=tuple(_create(view, rewritten.definition))),
            back=Moves(before=(drop,), after=tuple(_create(view, view.definition))),
        )


def _readers(db: Snapshot, relation: Relation) -> set[Relation]:
    return {use.relation for use in db.uses if use.table == relation and use.kind == "view" and use.relation}


def _after_what_they_read(db: Snapshot, names: list[Relation]) -> list[Relation]:
    order: list[Relation] = []
    left = sorted(names)
    while left:
        read_by = {reader for name in left for reader in _readers(db, name)}
        free = [name for name in left if name not in read_by]
        order.extend(free)
        left = [name for name in left if name in read_by]
    return order


def _rewritten(view: View, changes: dict[Relation, Retypes], db: Snapshot) -> Rewritten:
    tree = parse_sql(view.definition)
    select = tree.stmts[0].stmt.select_stmt
    aliases = aliases_in(tree)
    alone = select.from_clause[0].range_var if _reads_one(select) else None
    own = Relation(alone.schemaname, alone.relname) if alone else None
    scope = Scope(own=own, changes=changes, db=db, aliases=aliases)
    shown = _shown(select) if select.op == pb.SETOP_NONE else {}
    outputs = {name: change for name, node in shown.items() if (change := scope.change(node))}
    as_they_are = {node.column_ref.location for node in shown.values()} | _untyped(tree, select)
    reads = tuple(sorted({relation for relation in aliases.values() if db.find_table(relation)}))
    if all(change in WIDER for retypes in changes.values() for change in retypes.values()):
        return Rewritten(view=view, definition=view.definition, reads=reads, changes=outputs)
    cast_back(tree, scope, as_they_are)
    return Rewritten(view=view, definition=Expression(postgast.deparse(tree)), reads=reads, changes=outputs)


def _reads_one(select: pb.SelectStmt) -> bool:
    return len(select.from_clause) == 1 and select.from_clause[0].HasField("range_var")


def _shown(select: pb.SelectStmt) -> dict[str, pb.Node]:
    """Columns that the view shows as they are, by the name that it gives them."""
    targets = (node.res_target for node in select.target_list)
    return {
        target.name or target.val.column_ref.fields[-1].string.sval: target.val
        for target in targets
        if target.val.HasField("column_ref")
    }


def _untyped(tree: pb.ParseResult, select: pb.SelectStmt) -> set[int]:
    """Where columns stand whose type does not matter there."""
    places = [*select.group_clause, *select.distinct_clause, *(node.sort_by.node for node in select.sort_clause)]
    for node in nodes(tree):
        if node.HasField("func_call") and node.func_call.funcname[-1].string.sval == "count":
            places.extend(node.func_call.args)
    return {place.column_ref.location for place in places if place.HasField("column_ref")}


def _create(view: View, definition: Expression) -> Iterator[Statement]:
    yield from made_again(replace(view, definition=definition))
    for trigger in view.triggers:
        yield from trigger_again(trigger, view.name, Statement(trigger.definition))
