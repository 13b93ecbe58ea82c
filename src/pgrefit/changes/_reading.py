"""Which tables a statement of somebody else's names, and how the server locks them when it looks at it."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from google.protobuf.message import Message
from postgast import pg_query_pb2 as pb

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError, parse_expression, parse_sql

from ._locks import strongest


def unreadable(about: str, part: str, condition: Expression | None) -> Iterator[Obstacle]:
    """A condition that is no SQL expression, or that relies on search_path to find a table."""
    if condition is None:
        return
    try:
        tree = parse_expression(condition)
    except UnreadableError as error:
        yield Obstacle(about, f"{part} is not readable: {error}")
        return
    for name in unqualified(tree):
        yield Obstacle(about, f"{part} names {name} without a schema")


def reads(db: Snapshot, condition: Expression | None) -> Iterator[Lock]:
    """The locks on tables that a readable condition reads in sub-selects."""
    if condition is not None:
        yield from locks_of(db, parse_expression(condition))


def locks_of(db: Snapshot, tree: Message, *, through_views: bool = False) -> tuple[Lock, ...]:
    """The locks on known tables that queries and data changing statements take; also what views of theirs read."""
    return strongest(_locks(db, tree, through_views=through_views))


def _locks(db: Snapshot, tree: Message, *, through_views: bool) -> Iterator[Lock]:
    written, row_locked = set(map(_named, _targets(tree))), set(map(_named, _row_locked(tree)))
    for name in dict.fromkeys(map(_named, postgast.find_nodes(tree, pb.RangeVar))):
        if name is None:
            continue
        if db.find_table(name):
            mode = LockMode.ROW_SHARE if name in row_locked else LockMode.ACCESS_SHARE
            yield Lock(name, LockMode.ROW_EXCLUSIVE if name in written else mode)
        for view in db.views if through_views else ():
            if view.name == name and not view.materialized:
                yield from _locks(db, parse_sql(view.definition), through_views=True)


def unqualified(tree: Message) -> tuple[str, ...]:
    """Names of tables without a schema, each once; not those of WITH clauses and of the catalog, which are found."""
    common = {cte.ctename for cte in postgast.find_nodes(tree, pb.CommonTableExpr)}
    bare = (r.relname for r in postgast.find_nodes(tree, pb.RangeVar) if not r.schemaname)
    return tuple(dict.fromkeys(name for name in bare if name not in common and not name.startswith("pg_")))


def _named(name: pb.RangeVar) -> Relation | None:
    return Relation(name.schemaname, name.relname) if name.schemaname else None


def _targets(tree: Message) -> Iterator[pb.RangeVar]:
    for kind in (pb.InsertStmt, pb.UpdateStmt, pb.DeleteStmt, pb.MergeStmt):
        for statement in postgast.find_nodes(tree, kind):
            yield statement.relation


def _row_locked(tree: Message) -> Iterator[pb.RangeVar]:
    """What a SELECT … FOR UPDATE or FOR SHARE reads."""
    for select in postgast.find_nodes(tree, pb.SelectStmt):
        if select.locking_clause:
            for item in select.from_clause:
                yield from postgast.find_nodes(item, pb.RangeVar)
