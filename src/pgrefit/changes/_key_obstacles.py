"""What stands in the way of retyping a key graph: said in words before anything is done."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle
from pgrefit.model.snapshot import Constraint, Index, Snapshot
from pgrefit.model.sql_tree import UnreadableError

from ._conversion import convertible, new_name, old_name
from ._key_bound import unfilterable
from ._key_graph import KeyGraph, Member
from ._key_twin_parts import Printer, twin_of_reference
from ._key_twins import left_behind, twin_indexes
from ._key_views import concerned_views, rewritten_views
from ._locks import family
from ._preconditions import rows_unwalkable
from .create_index import names_taken

CARRIED = {"index", "constraint", "policy", "trigger", "view", "publication", "statistics", "sequence"}


def obstacles_of(graph: KeyGraph, db: Snapshot, *, quarantine: bool) -> Iterator[Obstacle]:
    """Every obstacle of every table, and of what hangs on it."""
    if not graph.changing:
        yield Obstacle(str(graph.members[0].name), "has the type already, as all that refers to it")
        return
    unlike = tuple(o for member in graph.changing for o in _unlike(member))
    yield from unlike
    for member in graph.members:
        yield from _unfit_table(db, member)
        yield from (o for key in member.constraints("exclusion") for o in _said(member, key, "excludes rows by it"))
    yield from _reference_obstacles(graph)
    yield from _view_obstacles(graph, db)
    if quarantine and graph.in_circle:
        yield Obstacle(str(graph.in_circle[0]), "is in a circle of foreign keys: its rows cannot be put aside in order")
    if not unlike:
        for member in graph.changing:
            yield from _part_obstacles(Printer(graph=graph, db=db, member=member))


def _unlike(member: Member) -> Iterator[Obstacle]:
    for c in member.conversions:
        column = member.table.column(c.column)
        if not convertible(column.type, c.to_type):
            says = f"no safe conversion from {column.type} to {c.to_type} is known"
            yield Obstacle(member.name.column(c.column), says)


def _unfit_table(db: Snapshot, member: Member) -> Iterator[Obstacle]:
    table, name = member.table, str(member.name)
    if table.kind != "table":
        yield Obstacle(name, f"is a {table.kind}")
    if table.partition_of or table.inherits or len(family(db, member.name)) > 1:
        yield Obstacle(name, "is a partition, or inherits, or is inherited from")
    if table.extension:
        yield Obstacle(name, f"belongs to the extension {table.extension}")
    if member.conversions:
        yield from rows_unwalkable(db, member.name)
    there = {c.name for c in table.columns}
    for c in member.conversions:
        if table.column(c.column).generated:
            yield Obstacle(member.name.column(c.column), "is a generated column")
        for use in db.uses_of(member.name, c.column):
            if use.kind not in CARRIED:
                yield Obstacle(member.name.column(c.column), f"{use.name} depends on it")
        yield from (Obstacle(member.name.column(n), "the name is taken") for n in (c.new, c.old) if n in there)


def _said(member: Member, part: Constraint | Index, says: str) -> Iterator[Obstacle]:
    yield Obstacle(f"{part.name} of {member.name}", says)


def _reference_obstacles(graph: KeyGraph) -> Iterator[Obstacle]:
    for reference in graph.references:
        key = reference.key
        about = f"{key.name} of {reference.child.name}"
        if "set default" in {key.on_delete, key.on_update}:
            yield Obstacle(about, "sets a default, which the new column has not before the switch")
        if not key.enforced:
            yield Obstacle(about, "is not enforced")
        try:
            twin_of_reference(reference)
        except UnreadableError as error:
            yield Obstacle(about, f"cannot be read: {error}")


def _view_obstacles(graph: KeyGraph, db: Snapshot) -> Iterator[Obstacle]:
    views = {view.name: view for view in db.views}
    for member in graph.changing:
        for use in (u for c in member.new_names for u in db.uses_of(member.name, c) if u.kind == "view"):
            if use.relation not in views:
                yield Obstacle(str(use.relation), "depends on it, but was not read as a view")
                return
    concerned = concerned_views(graph, db)
    for view in concerned:
        if view.materialized:
            yield Obstacle(str(view.name), "is a materialized view over it: drop it before and make it again after")
        if view.extension:
            yield Obstacle(str(view.name), f"belongs to the extension {view.extension}")
        for use in {u for u in db.uses if u.table == view.name and u.kind != "view"}:
            if not (use.kind == "trigger" and use.relation == view.name):
                yield Obstacle(str(view.name), f"{use.name} depends on it")
    try:
        rewritten_views(graph, db)
    except ValueError as error:  # also UnreadableError
        yield Obstacle(", ".join(str(view.name) for view in concerned), f"cannot be rewritten: {error}")


def _part_obstacles(printer: Printer) -> Iterator[Obstacle]:
    """Indexes, checks, triggers, policies and names."""
    member = printer.member
    for index in member.table.indexes:
        yield from _index_obstacles(member, index)
    for check in member.constraints("check"):
        if not check.enforced or "NO INHERIT" in check.definition:
            yield from _said(member, check, "is not enforced, or is not inherited")
    try:
        list(twin_indexes(printer))
        for check in member.constraints("check"):
            printer.check(check)
        for publication in unfilterable(member, printer.graph, printer.db):
            yield Obstacle(f"publication {publication.name}", f"filters rows of {member.name} by it as text")
    except ValueError as error:
        yield Obstacle(str(member.name), f"what hangs on it cannot be read: {error}")
        return
    yield from _taken(printer)


def _index_obstacles(member: Member, index: Index) -> Iterator[Obstacle]:
    changing = {c.column for c in member.from_text}
    for key in index.keys:
        if key.column in changing and not key.default_opclass:
            yield from _said(member, index, f"has an operator class that the new type has not: {key.opclass}")
    if not index.valid and member.touches((*index.columns, *index.include)):
        yield from _said(member, index, "is invalid: build it again or drop it")
    if index.constraint and index.method != "btree" and member.touches(index.columns):
        yield from _said(member, index, "is not a B-tree")


def _taken(printer: Printer) -> Iterator[Obstacle]:
    member = printer.member
    taken = names_taken(printer.db)
    mine = [i.name for i in member.table.indexes if member.touches((*i.columns, *i.include))]
    wanted = [name.beside(n(name.name)) for name in mine for n in (new_name, old_name)]
    wanted += [member.name.beside(name) for name in left_behind(printer)]
    constraints = {c.name for c in member.table.constraints}
    for name in dict.fromkeys(wanted):
        if name in taken or name.name in constraints:
            yield Obstacle(str(name), "the name is taken")
