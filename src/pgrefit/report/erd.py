"""What the schema diagrams show: the tables that the refit is about, before and after, with what changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.report.references import TextReference, text_references
from pgrefit.report.story import Story

Mark = Literal["", "added", "removed", "retyped", "tightened"]
Side = Literal["before", "after"]
MOST_TABLES = 40
_SHORT = (
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time without time zone", "time"),
    ("character varying", "varchar"),
    ("double precision", "float8"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A column in a box."""

    name: str
    type: str
    key: bool = False
    mark: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A table: keys and changed columns; `hidden` counts the others."""

    name: Relation
    fields: tuple[Field, ...]
    hidden: int = 0
    mark: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A reference from a column to a column. `declared` is False for one that only the data knows."""

    child: Relation
    column: str
    parent: Relation
    parent_column: str
    declared: bool = True
    mark: Mark = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """One picture. `left_out` counts concerned tables beyond the limit."""

    boxes: tuple[Box, ...]
    links: tuple[Link, ...]
    left_out: int = 0


def diagrams(story: Story) -> tuple[Diagram | None, Diagram | None]:
    """The schema before and after; None for a side without a snapshot, or where no table is concerned."""
    before, after = story.snapshot_before, story.snapshot_after
    texts = text_references(story)
    concerned = _concerned(story, texts)
    first = _diagram(before, after, concerned, texts, "before") if before else None
    second = _diagram(after, before, concerned, texts, "after") if after else None
    return (first if first and first.boxes else None), (second if second and second.boxes else None)


def _concerned(story: Story, texts: Iterable[TextReference]) -> list[Relation]:
    """Changed tables first, then what they refer to, then, where nothing changed, all."""
    sides = [side for side in (story.snapshot_before, story.snapshot_after) if side]
    chosen = dict.fromkeys(story.plan.tables if story.plan else ())
    if len(sides) == 2:
        chosen |= dict.fromkeys(_changed(*sides))
    chosen |= dict.fromkeys(text.child for text in texts)
    parents = [
        key.parent
        for side in sides
        for table in side.own_tables()
        if table.name in chosen
        for key in table.foreign_keys
        if key.parent
    ]
    chosen |= dict.fromkeys((*parents, *(text.parent for text in texts)))
    existing = dict.fromkeys(t.name for side in sides for t in side.own_tables() if t.partition_of is None)
    return [name for name in chosen or existing if name in existing]


def _changed(before: Snapshot, after: Snapshot) -> Iterator[Relation]:
    names = dict.fromkeys(table.name for side in (before, after) for table in side.own_tables())
    for name in names:
        old, new = before.find_table(name), after.find_table(name)
        if old is None or new is None or _outline(old) != _outline(new):
            yield name


def _outline(table: Table) -> object:
    keys = {(c.columns, c.parent, c.parent_columns) for c in table.foreign_keys}
    return {(c.name, c.type, c.not_null) for c in table.columns}, keys


def _diagram(
    this: Snapshot, other: Snapshot | None, concerned: list[Relation], texts: Iterable[TextReference], side: Side
) -> Diagram:
    tables = [table for name in concerned[:MOST_TABLES] if (table := this.find_table(name))]
    present = {table.name for table in tables}
    links = [link for table in tables for link in _foreign_keys(table, other, side) if link.parent in present]
    if side == "before":
        links += [link for text in texts if (link := _undeclared(text, present))]
    ends = {(link.child, link.column) for link in links} | {(link.parent, link.parent_column) for link in links}
    boxes = tuple(_box(table, other, side, {column for name, column in ends if name == table.name}) for table in tables)
    return Diagram(boxes=boxes, links=tuple(links), left_out=max(len(concerned) - MOST_TABLES, 0))


def _foreign_keys(table: Table, other: Snapshot | None, side: Side) -> Iterator[Link]:
    twin = other.find_table(table.name) if other else None
    known = [(key.columns, key.parent) for key in twin.foreign_keys] if twin else []
    for key in table.foreign_keys:
        if key.parent is None:
            continue
        fresh = other is not None and (key.columns, key.parent) not in known
        mark: Mark = ("removed" if side == "before" else "added") if fresh else ""
        for column, parent_column in zip(key.columns, key.parent_columns, strict=False):
            yield Link(child=table.name, column=column, parent=key.parent, parent_column=parent_column, mark=mark)


def _undeclared(text: TextReference, present: set[Relation]) -> Link | None:
    if text.child not in present or text.parent not in present:
        return None
    return Link(
        child=text.child, column=text.column, parent=text.parent, parent_column=text.parent_column, declared=False
    )


def _box(table: Table, other: Snapshot | None, side: Side, ends: set[str]) -> Box:
    twin = other.find_table(table.name) if other else None
    key = set(table.primary_key)
    marked: list[tuple[Column, Mark]] = [(column, _mark(column, twin, side)) for column in table.columns]
    shown: list[tuple[Column, Mark]] = [(c, mark) for c, mark in marked if mark or c.name in key or c.name in ends]
    fields = tuple(Field(name=c.name, type=short(c.type), key=c.name in key, mark=mark) for c, mark in shown)
    lone: Mark = "added" if side == "after" else "removed"
    whole: Mark = lone if other is not None and twin is None else ""
    return Box(name=table.name, fields=fields, hidden=len(marked) - len(shown), mark=whole)


def _mark(column: Column, twin: Table | None, side: Side) -> Mark:
    if twin is None:
        return ""
    same = next((c for c in twin.columns if c.name == column.name), None)
    if same is None:
        return "removed" if side == "before" else "added"
    if same.type != column.type:
        return "retyped"
    return "tightened" if side == "after" and column.not_null and not same.not_null else ""


def short(type_name: str) -> str:
    """The usual short name of a type."""
    for long, brief in _SHORT:
        if type_name.startswith(long):
            return brief + type_name[len(long) :]
    return type_name
