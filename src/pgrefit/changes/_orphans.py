"""Rows that a foreign key would refuse: put aside or emptied first, and once more before the key is validated.

They must be out of the way before the key is there, for the way back puts them back when it is gone again. What is
written in between is swept up in the transaction that validates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal as OneOf

from pgrefit.model.change import Batches, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, expression, joined, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._batches import (
    literals,
    quarantine_all,
    quarantine_batches,
    recall_batches,
    remembering_all,
    remembering_batches,
    restore_batches,
)
from ._locks import of_deletes, strongest
from ._preconditions import fired_by_moving, fired_by_updating, rows_unmovable, rows_unwalkable

Care = OneOf["refuse", "quarantine", "null", "delete"]
Match = OneOf["simple", "full"]
THIS_RUN = Expression("run = pg_catalog.current_setting('pgrefit.run')::pg_catalog.uuid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphans:
    """The rows of a table that refer to no row of another, and what becomes of them."""

    table: Relation
    columns: tuple[str, ...]
    parent: Relation
    parent_columns: tuple[str, ...]
    match: Match
    care: Care

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What would keep the rows from being put aside or emptied, or would take others along."""
        if self.care == "null":
            yield from rows_unwalkable(db, self.table)
            yield from (Obstacle(str(self.table), says) for says in self._unfit_for_null(db))
        elif self.care != "refuse":
            yield from rows_unmovable(db, self.table)
            if self.parent == self.table:
                yield Obstacle(str(self.table), "refers to itself: rows put aside would orphan others; empty them")

    def _unfit_for_null(self, db: Snapshot) -> Iterator[str]:
        emptied = self._emptied(db.table(self.table))
        if not emptied or (self.match == "full" and set(emptied) != set(self.columns)):
            yield f"({', '.join(self.columns)}) cannot be emptied: required, or part of a key"
        for child, key in db.references_to(self.table):
            if set(emptied) & set(key.parent_columns):
                yield f"{key.name} of {child.name} refers to what would be emptied"

    def _emptied(self, table: Table) -> tuple[str, ...]:
        """The columns that may be empty; a reference with one empty column refers to nothing (MATCH SIMPLE)."""
        fixed = {c.name for c in table.columns if c.not_null or c.generated} | set(table.row_key)
        return tuple(name for name in self.columns if name not in fixed)

    @property
    def condition(self) -> Expression:
        """Over alias t."""
        given = joined([expression("t.{c} IS NOT NULL", c=name) for name in self.columns], " AND ")
        pairs = zip(self.parent_columns, self.columns, strict=True)
        same = joined([expression("p.{k} = t.{c}", k=key, c=name) for key, name in pairs], " AND ")
        lost = expression("{given} AND NOT EXISTS (SELECT FROM {parent} AS p WHERE {same})",
                          given=raw(given), parent=self.parent, same=raw(same))  # fmt: skip
        if self.match == "simple" or len(self.columns) == 1:
            return lost
        row = joined([expression("t.{c}", c=name) for name in self.columns])
        return expression("({lost}) OR NOT (({row}) IS NULL OR ({row}) IS NOT NULL)", lost=raw(lost), row=raw(row))

    @property
    def _reason(self) -> str:
        what = f"{', '.join(self.columns)} refers to no row of {self.parent}"
        return f"{what}, not wanted back" if self.care == "delete" else what

    @property
    def _verb(self) -> str:
        return {"null": "empty references", "delete": "delete rows, after a copy,"}.get(self.care, "put aside rows")

    def put_aside(self, db: Snapshot, phase: Phase) -> Step:
        """In batches; the way back also takes what `swept` found."""
        table = db.table(self.table)
        empties = self.care == "null"
        return Step(
            title=f"{self._verb} of {self.table} where ({', '.join(self.columns)}) leads nowhere",
            phase=phase, do=self._do(table), undo=self._undo(table), locks=self._locks(db), work=Work.BATCHES,
            proof=proof.no_row(self.table, self.condition),
            why="what stood there is kept in pgrefit.before_image" if empties
            else "the rows are kept whole in pgrefit.quarantine, with the reason",
            hazard=fired_by_updating(table, self.columns) if empties else fired_by_moving(table),
        )  # fmt: skip

    def swept(self, db: Snapshot, step: Step) -> Step:
        """The step that validates, with a sweep before it."""
        assert not isinstance(step.do, Batches)
        return replace(
            step, do=(self._sweep(db.table(self.table)), *step.do), locks=strongest((*step.locks, *self._locks(db))),
            why="first takes what was written before the constraint was there; blocks neither reads nor writes",
        )  # fmt: skip

    def _nulls(self, table: Table) -> dict[str, Expression]:
        return {name: expression("NULL::{type}", type=raw(Expression(table.column(name).type)))
                for name in self._emptied(table)}  # fmt: skip

    def _do(self, table: Table) -> Batches:
        if self.care == "null":
            return remembering_batches(table, self._nulls(table), self.condition)
        return quarantine_batches(table, self.condition, expression("{r}", r=Literal(self._reason)))

    def _sweep(self, table: Table) -> Statement:
        if self.care == "null":
            return remembering_all(table, self._nulls(table), self.condition)
        return quarantine_all(table, self.condition, expression("{r}", r=Literal(self._reason)))

    def _undo(self, table: Table) -> Batches:
        if self.care == "null":
            emptied = self._emptied(table)
            mine = expression(
                "{run} AND source = {source} AND columns = {columns} AND new = {empty}",
                run=raw(THIS_RUN), source=Literal(self.table), columns=raw(literals(emptied)),
                empty=raw(expression("ARRAY[{n}]::text[]", n=raw(joined([Expression("NULL")] * len(emptied))))),
            )  # fmt: skip
            return recall_batches(table, emptied, mine)
        mine = expression("{run} AND source = {source} AND reason = {reason}",
                          run=raw(THIS_RUN), source=Literal(self.table), reason=Literal(self._reason))  # fmt: skip
        return restore_batches(table, mine)

    def _locks(self, db: Snapshot) -> tuple[Lock, ...]:
        written = (Lock(self.table, LockMode.ROW_EXCLUSIVE),) if self.care == "null" else of_deletes(db, self.table)
        return strongest((*written, Lock(self.parent, LockMode.ACCESS_SHARE)))
