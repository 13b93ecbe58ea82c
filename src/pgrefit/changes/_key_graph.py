"""A key and everything that refers to it: the columns that only together can change their type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Index, Snapshot, Table

from ._conversion import Conversion, is_text, new_name
from ._expressions import Retypes
from ._types import WIDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A table of the graph with its columns that change; none where they are of the new type already."""

    table: Table
    conversions: tuple[Conversion, ...]

    @property
    def name(self) -> Relation:
        """The table's name."""
        return self.table.name

    @property
    def new_names(self) -> dict[str, str]:
        """What the new columns are called until the switch, by the names of the old ones."""
        return {c.column: c.new for c in self.conversions}

    @property
    def types(self) -> Retypes:
        """Old and new type of each column that changes."""
        return {c.column: (self.table.column(c.column).type, c.to_type) for c in self.conversions}

    @property
    def after(self) -> Table:
        """The table as statements see it after the switch."""
        types = {name: new for name, (_, new) in self.types.items()}
        columns = (replace(c, type=types.get(c.name, c.type)) for c in self.table.columns)
        return replace(self.table, columns=tuple(columns))

    @property
    def from_text(self) -> tuple[Conversion, ...]:
        """Conversions that some values may not pass."""
        return tuple(c for c in self.conversions if is_text(self.table.column(c.column).type))

    @property
    def widened(self) -> tuple[Conversion, ...]:
        """Conversions on whose way back some values may not fit."""
        return tuple(c for c in self.conversions if self.types[c.column] in WIDER)

    def lock(self, mode: LockMode) -> tuple[Lock, ...]:
        """A lock on the table."""
        return (Lock(self.name, mode),)

    def requires(self, conversion: Conversion) -> bool:
        """Whether the column is NOT NULL."""
        return self.table.column(conversion.column).not_null

    def touches(self, columns: tuple[str | None, ...]) -> bool:
        """Whether one of the columns changes its type."""
        return bool({c.column for c in self.conversions} & set(columns))

    def constraints(self, kind: str) -> tuple[Constraint, ...]:
        """Constraints of a kind over columns that change."""
        return tuple(c for c in self.table.constraints if c.kind == kind and self.touches(c.columns))

    def index(self, constraint: Constraint) -> Index:
        """The index behind a primary key or unique constraint."""
        return next(i for i in self.table.indexes if i.constraint == constraint.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key between columns of the graph."""

    child: Member
    parent: Member
    key: Constraint

    @property
    def new(self) -> str:
        """Its twin's name until the switch."""
        return new_name(self.key.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGraph:
    """Members, parents before those that refer to them where they form no circle."""

    members: tuple[Member, ...]
    references: tuple[Reference, ...]
    in_circle: tuple[Relation, ...] = ()

    @property
    def changing(self) -> tuple[Member, ...]:
        """Members that have a column to change."""
        return tuple(m for m in self.members if m.conversions)

    @property
    def types(self) -> dict[Relation, Retypes]:
        """What changes, by table."""
        return {m.name: m.types for m in self.changing}


def key_graph(db: Snapshot, table: Relation, columns: tuple[str, ...], to_type: str) -> KeyGraph:
    """The columns and all that foreign keys tie to them, whichever way and however far."""
    reached = _reached(db, table, columns)
    order, circle = _ordered(db, set(reached))
    members = {name: _member(db.table(name), reached[name], to_type) for name in order}
    references = (
        Reference(child=member, parent=members[key.parent], key=key)
        for member in members.values()
        for key in member.table.foreign_keys
        if key.parent in members and set(key.columns) & reached[member.name]
    )
    return KeyGraph(members=tuple(members.values()), references=tuple(references), in_circle=circle)


def _member(table: Table, columns: set[str], to_type: str) -> Member:
    changing = [c.name for c in table.columns if c.name in columns and c.type != to_type]
    return Member(table=table, conversions=tuple(Conversion(column=name, to_type=to_type) for name in changing))


def _reached(db: Snapshot, table: Relation, columns: tuple[str, ...]) -> dict[Relation, set[str]]:
    reached: dict[Relation, set[str]] = {}
    left = [(table, column) for column in columns]
    while left:
        on, column = left.pop()
        if column not in reached.setdefault(on, set()):
            reached[on].add(column)
            left.extend(_neighbours(db, on, column))
    return reached


def _neighbours(db: Snapshot, table: Relation, column: str) -> Iterator[tuple[Relation, str]]:
    for child, key in db.references_to(table):
        yield from (
            (child.name, own) for own, far in zip(key.columns, key.parent_columns, strict=True) if far == column
        )
    for key in db.table(table).foreign_keys:
        for own, far in zip(key.columns, key.parent_columns, strict=True):
            if own == column and key.parent:
                yield key.parent, far


def _ordered(db: Snapshot, tables: set[Relation]) -> tuple[list[Relation], tuple[Relation, ...]]:
    parents = {t: {k.parent for k in db.table(t).foreign_keys} & tables - {t} for t in tables}
    order: list[Relation] = []
    while len(order) < len(tables):
        free = sorted(t for t in tables - set(order) if parents[t] <= set(order))
        if not free:
            circle = sorted(tables - set(order))
            return [*order, *circle], tuple(circle)
        order.extend(free)
    return order, ()
