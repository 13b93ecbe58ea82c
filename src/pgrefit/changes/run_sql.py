"""Statements of your own, for what no other change does: with their locks, their work, a proof and a way back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Statement
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.sql_tree import UnreadableError

from ._statements import faults_of_proof, relations_named, split, unfit

MODES = {mode.sql: mode for mode in LockMode}


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSql(Change):
    """`up`, and `down` that takes it back exactly; without one, `no_return` in the contract phase.

    Each lock is written 'MODE on schema.table', as LOCK TABLE spells modes: 'ACCESS EXCLUSIVE on shop.orders'. `proof`
    is a SELECT of one boolean, false before and true after. Names need their schema: search_path is pg_catalog. Outside
    of a transaction (CONCURRENTLY) `down` also cleans up after an attempt that failed, so it must bear being run on
    what such an attempt left, and twice. The rehearsal measures locks and work, and tries the way back.
    """

    what: str
    up: tuple[str, ...]
    proof: str
    down: tuple[str, ...] = ()
    no_return: bool = False
    locks: tuple[str, ...] = ()
    work: Work = Work.INSTANT
    phase: Phase = Phase.EXPAND
    in_transaction: bool = True
    why: str = ""
    hazard: str = ""

    @property
    def title(self) -> str:
        """What it does, for people, as the author says it."""
        return self.what

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What is not readable, does not fit a step, or is not declared."""
        for name, texts in (("up", self.up), ("down", self.down)):
            try:
                statements = split(texts)
            except UnreadableError as error:
                yield Obstacle(self._place(name), f"is not readable: {error}")
                continue
            for statement in statements:
                faults = unfit(statement, in_transaction=self.in_transaction)
                yield from (Obstacle(self._place(name), fault) for fault in faults)
            if name == "up":
                yield from self._undeclared(db, statements)
                yield from () if statements else (Obstacle(self._place(name), "is empty"),)
        yield from (Obstacle(self._place("proof"), fault) for fault in faults_of_proof(self.proof))
        yield from self._contradictions()
        yield from self._unknown_locks(db)

    def _place(self, part: str) -> str:
        return f"{part} of '{self.what}'"

    def _contradictions(self) -> Iterator[Obstacle]:
        faults = {
            "has no way back: write down, or say no_return": not self.down and not self.no_return,
            "has a way back, and says no_return": bool(self.down) and self.no_return,
            "has no return: that belongs into the contract phase": self.no_return and self.phase is not Phase.CONTRACT,
            "says that it works in batches, which statements of your own do not": self.work is Work.BATCHES,
        }
        yield from (Obstacle(f"'{self.what}'", says) for says, holds in faults.items() if holds)

    def _unknown_locks(self, db: Snapshot) -> Iterator[Obstacle]:
        for text in self.locks:
            lock = _lock(text)
            if lock is None:
                yield Obstacle(self._place("locks"), f"{text} is not of the form MODE on schema.table")
            elif db.find_table(lock.on) is None and lock.on not in {view.name for view in db.views}:
                yield Obstacle(self._place("locks"), f"there is no table {lock.on}")

    def _undeclared(self, db: Snapshot, statements: tuple[str, ...]) -> Iterator[Obstacle]:
        declared = {lock.on for lock in self._locks}
        for relation in dict.fromkeys(name for text in statements for name in relations_named(text)):
            if db.find_table(relation) and relation not in declared:
                yield Obstacle(self._place("locks"), f"says nothing of {relation}, which a statement names")

    @property
    def _locks(self) -> tuple[Lock, ...]:
        return tuple(lock for lock in map(_lock, self.locks) if lock)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        del db
        yield Step(
            title=self.what, phase=self.phase, do=_statements(self.up),
            undo=Way.NO_RETURN if self.no_return else _statements(self.down), locks=self._locks, work=self.work,
            proof=_statements((self.proof,))[0], why=self.why, hazard=self.hazard, in_transaction=self.in_transaction,
        )  # fmt: skip


def _statements(texts: tuple[str, ...]) -> tuple[Statement, ...]:
    return tuple(map(Statement, split(texts)))


def _lock(text: str) -> Lock | None:
    """'ACCESS EXCLUSIVE on shop.orders' as a lock; None where it is none."""
    words, _, name = text.partition(" on ")
    mode = MODES.get(" ".join(words.upper().split()))
    try:
        parts = split_dotted(name.strip())
    except ValueError:
        return None
    return Lock(Relation(*parts), mode) if mode and len(parts) == 2 else None


EXAMPLE = Example(
    """
    CREATE TABLE shop.sale (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric NOT NULL, note text);
    INSERT INTO shop.sale (amount) SELECT n FROM generate_series(1, 50) AS n;
    """,
    RunSql(
        what="keep notes of sales out of line", phase=Phase.MIGRATE, locks=("ACCESS EXCLUSIVE on shop.sale",),
        up=(
            """
            ALTER TABLE shop.sale ALTER COLUMN note SET STORAGE EXTERNAL;
            COMMENT ON COLUMN shop.sale.note IS '100% text; {as it came}';
            """,
        ),
        down=(
            "COMMENT ON COLUMN shop.sale.note IS NULL",
            "ALTER TABLE shop.sale ALTER COLUMN note SET STORAGE EXTENDED",
        ),
        proof="SELECT attstorage = 'e' FROM pg_attribute WHERE attrelid = 'shop.sale'::regclass AND attname = 'note'",
        why="so that a part of a note can be read without the rest",
    ),
    writes="INSERT INTO shop.sale (amount) VALUES (1 + random())",
)  # fmt: skip
