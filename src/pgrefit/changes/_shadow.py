"""A table written anew beside the one in use, kept in step with it, that takes its place in one short transaction.

The modules `_shadow_*` make its steps; whoever converts, rewrites or copies a table composes them (`_shadow_steps`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import (
    ColumnUse,
    Constraint,
    ExtendedStatistics,
    Index,
    Publication,
    Sequence,
    Snapshot,
    Table,
    View,
)

from ._partitioning import Layout
from ._retarget import published

NEW, OLD = "_pgrefit_new", "_pgrefit_old"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part whose name is its schema's, and what it is called: now, while it is built, aside, and at the end."""

    now: Relation
    building: Relation
    old: Relation
    final: Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadow:
    """The table, what it becomes called (`final`), and how it is cut into partitions, if at all.

    `extended` names keys and unique indexes to which the partitions' columns are added.
    """

    db: Snapshot
    table: Table
    final: Relation
    layout: Layout | None = None
    extended: tuple[str, ...] = ()

    @property
    def stays(self) -> bool:
        """Whether the name of the table stays what it is."""
        return self.final == self.table.name

    @property
    def building(self) -> Relation:
        """What the new table is called until the switch."""
        return self.part(self.table.name).building

    @property
    def old(self) -> Relation:
        """What the present table is called after the switch."""
        return self.table.name.beside(fit(self.table.name.name, OLD))

    def part(self, now: Relation) -> Part:
        """The names of the table, or of an index, a sequence or a statistics object of it.

        In another schema everything has its name from the beginning.
        """
        if not self.stays:
            final = self.final if now == self.table.name else Relation(self.final.schema, now.name)
            return Part(now=now, building=final, old=now, final=final)
        return Part(now=now, building=now.beside(fit(now.name, NEW)), old=now.beside(fit(now.name, OLD)), final=now)

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which rows of both are matched: the table's key, and what decides on partitions."""
        return (*self.table.row_key, *self.added(self.table.row_key))

    def added(self, columns: tuple[str | None, ...]) -> tuple[str, ...]:
        """The partitions' columns that these columns lack."""
        return tuple(column for column in (self.layout.by if self.layout else ()) if column not in columns)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are written."""
        return tuple(column.name for column in self.table.columns if not column.generated)

    @property
    def leaves(self) -> tuple[Relation, ...]:
        """The partitions."""
        return tuple(self.building.beside(p.name) for p in (self.layout.partitions if self.layout else ()))

    @property
    def always(self) -> tuple[str, ...]:
        """Identity columns that take no value by hand: we make them take one while they only follow."""
        return tuple(column.name for column in self.table.columns if column.identity == "always")

    @property
    def late_indexes(self) -> tuple[Index, ...]:
        """Indexes that are built when the rows are there."""
        return tuple(i for i in self.table.indexes if i.valid and not self._is_early(i))

    @property
    def early_indexes(self) -> tuple[Index, ...]:
        """Indexes that are made with the table: those of constraints, the key, and all where there are partitions."""
        return tuple(i for i in self.table.indexes if i.valid and self._is_early(i))

    def _is_early(self, index: Index) -> bool:
        keyed = bool(index.constraint) or (index.unique and index.columns == self.table.row_key)
        return keyed or index.clustered or index.replica_identity or self.layout is not None

    def constraint_of(self, index: Index) -> Constraint:
        """The constraint that the index serves."""
        return next(c for c in self.table.constraints if c.name == index.constraint)

    @property
    def outgoing(self) -> tuple[Constraint, ...]:
        """Foreign keys to other tables."""
        return tuple(key for key in self.table.foreign_keys if key.parent != self.table.name)

    @property
    def own(self) -> tuple[Constraint, ...]:
        """Foreign keys of the table to itself."""
        return tuple(key for key in self.table.foreign_keys if key.parent == self.table.name)

    @property
    def incoming(self) -> tuple[tuple[Table, Constraint], ...]:
        """Foreign keys of other tables to this one."""
        return tuple((t, key) for t, key in self.db.references_to(self.table.name) if t.name != self.table.name)

    @property
    def children(self) -> tuple[Relation, ...]:
        """The tables of `incoming`."""
        return tuple(dict.fromkeys(table.name for table, _ in self.incoming))

    @property
    def parents(self) -> tuple[Relation, ...]:
        """The tables of `outgoing`."""
        return tuple(dict.fromkeys(key.parent for key in self.outgoing if key.parent))

    @property
    def identities(self) -> tuple[Sequence, ...]:
        """Sequences of identity columns: each table has its own."""
        return tuple(s for s in self._sequences if s.identity)

    @property
    def owned(self) -> tuple[Sequence, ...]:
        """Sequences that the table owns: they change hands."""
        return tuple(s for s in self._sequences if not s.identity)

    @property
    def _sequences(self) -> Iterator[Sequence]:
        return (s for s in self.db.sequences if s.owned_by and s.owned_by[0] == self.table.name)

    @property
    def statistics(self) -> tuple[ExtendedStatistics, ...]:
        """The statistics objects of the table."""
        return tuple(s for s in self.db.statistics if s.table == self.table.name)

    @property
    def publications(self) -> tuple[Publication, ...]:
        """The publications that name the table itself."""
        return tuple(p for p in self.db.publications if published(p.definition, self.table.name)[0])

    @property
    def views(self) -> tuple[View, ...]:
        """The views that read the table directly."""
        readers = {use.relation for use in self.uses if use.kind == "view"}
        return tuple(view for view in self.db.views if view.name in readers)

    @property
    def uses(self) -> tuple[ColumnUse, ...]:
        """All that depends on the table, its columns or its row type."""
        of_columns = (use for column in self.table.columns for use in self.db.uses_of(self.table.name, column.name))
        return (*of_columns, *self.db.uses_of_whole(self.table.name))
