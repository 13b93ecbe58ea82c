"""Translating values of a column in place, while an old version of the application goes on writing the old ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Batches, Phase, Step, Work
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
    """Values of a column, each with the value that takes its place.

    `known` are values that the column could hold before. A new value that is not among them tells where it came from:
    on the way back every row that has it, whoever wrote it, gets the old value again.
    """

    table: Table
    column: str
    pairs: Pairs
    known: frozenset[str]

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """First the pairs that can be turned round, then a trigger, then what came in between and all other pairs."""
        inverse = tuple({new: old for old, new in reversed(self.pairs) if new not in self.known}.items())
        if inverse:
            yield self._turn(db, inverse)
        yield self._translate_new(db)
        yield self._translate_rest(db)

    @property
    def trigger(self) -> str:
        """The purpose of our trigger."""
        return purpose("map", self.table.name, self.column)

    def create_trigger(self) -> tuple[Statement, ...]:
        """Translate what others write."""
        body = ddl("BEGIN NEW.{c} := {value}; RETURN NEW; END", c=self.column, value=raw(self._case("NEW", self.pairs)))
        return create_filler(self.table.name, self.trigger, body, self._holds("NEW", self.pairs))

    def _turn(self, db: Snapshot, inverse: Pairs) -> Step:
        pairs = tuple((old, new) for new, old in inverse)
        # The old version of the application goes on writing old values: what it adds now, the last step translates.
        begun = proof.negated(proof.no_row(self.table.name, self._holds("t", inverse)))
        return self._batches(
            db, "translate values", do=self._update(pairs), undo=self._update(inverse),
            proven=proof.some(begun, proof.no_row(self.table.name, self._holds("t", pairs))),
        )  # fmt: skip

    def _translate_new(self, db: Snapshot) -> Step:
        table = self.table.name
        return Step(
            title=f"translate values that are written to {table}.{self.column}", phase=Phase.MIGRATE,
            do=self.create_trigger(), undo=drop_sync(table, self.trigger),
            locks=on_family(db, table, LockMode.SHARE_ROW_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.trigger_exists(table, trigger_name(table, self.trigger)),
            why="the old version of the application goes on writing them",
        )  # fmt: skip

    def _translate_rest(self, db: Snapshot) -> Step:
        values, left = {self.column: self._case("t", self.pairs)}, self._holds("t", self.pairs)
        return self._batches(
            db, "translate remaining values", do=remembering_batches(self.table, values, left),
            undo=recall_batches(self.table, (self.column,)), proven=proof.no_row(self.table.name, left),
        )  # fmt: skip

    def _batches(self, db: Snapshot, verb: str, *, do: Batches, undo: Batches, proven: Statement) -> Step:
        return Step(
            title=f"{verb} of {self.table.name}.{self.column}", phase=Phase.MIGRATE, do=do, undo=undo,
            locks=of_updates(db, self.table.name, (self.column,)), work=Work.BATCHES, proof=proven,
        )  # fmt: skip

    def _update(self, pairs: Pairs) -> Batches:
        assignment = expression("{c} = {value}", c=self.column, value=raw(self._case("t", pairs)))
        return update_batches(self.table, assignment, self._holds("t", pairs))

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
