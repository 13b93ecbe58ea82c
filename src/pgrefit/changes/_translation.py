"""Translating values of a column in place, while an old version of the application goes on writing the old ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Batches, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._batches import recall_batches, remembering_batches, update_batches
from ._guard import create_filler, drop_sync, purpose, trigger_name
from ._locks import of_updates, on_family
from ._types import bare

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Values of a column, each with the value that takes its place."""

    table: Table
    column: str
    pairs: Pairs

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A trigger for what is written from now on, then what is there."""
        yield self._translate_new(db)
        yield self._translate_old(db)

    def turned_round(self, known: frozenset[str]) -> Batches | Way:
        """Give rows with a value that the column could not hold before an old value again, whoever wrote them."""
        inverse = tuple({new: old for old, new in reversed(self.pairs) if new not in known}.items())
        if not inverse:
            return Way.NOTHING_LEFT
        assignment = expression("{c} = {value}", c=self.column, value=raw(self._case("t", inverse)))
        return update_batches(self.table, assignment, self._holds("t", inverse))

    @property
    def trigger(self) -> str:
        """The purpose of our trigger."""
        return purpose("map", self.table.name, self.column)

    def create_trigger(self) -> tuple[Statement, ...]:
        """Translate what others write."""
        body = ddl("BEGIN NEW.{c} := {value}; RETURN NEW; END", c=self.column, value=raw(self._case("NEW", self.pairs)))
        return create_filler(self.table.name, self.trigger, body, self._holds("NEW", self.pairs))

    def _translate_new(self, db: Snapshot) -> Step:
        table = self.table.name
        return Step(
            title=f"translate values that are written to {table}.{self.column}", phase=Phase.MIGRATE,
            do=self.create_trigger(), undo=drop_sync(table, self.trigger),
            locks=on_family(db, table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(table, trigger_name(table, self.trigger)),
            why="the old version of the application goes on writing them",
        )  # fmt: skip

    def _translate_old(self, db: Snapshot) -> Step:
        table = self.table.name
        values, left = {self.column: self._case("t", self.pairs)}, self._holds("t", self.pairs)
        return Step(
            title=f"translate values of {table}.{self.column}", phase=Phase.MIGRATE,
            do=remembering_batches(self.table, values, left), undo=recall_batches(self.table, (self.column,)),
            locks=of_updates(db, table, (self.column,)), work=Work.BATCHES, proof=proof.no_row(table, left),
        )  # fmt: skip

    def _holds(self, row: str, pairs: Pairs) -> Expression:
        olds = joined([expression("{v}", v=Literal(old)) for old, _ in pairs])
        return expression("{row}.{c} IN ({olds})", row=raw(Expression(row)), c=self.column, olds=raw(olds))

    def _case(self, row: str, pairs: Pairs) -> Expression:
        type_ = raw(Expression(bare(self.table.column(self.column).type)))
        whens = [
            expression("WHEN {old} THEN {new}::{type}", old=Literal(old), new=Literal(new), type=type_)
            for old, new in pairs
        ]
        cases = raw(joined(whens, " "))
        return expression("CASE {row}.{c} {cases} END", row=raw(Expression(row)), c=self.column, cases=cases)
