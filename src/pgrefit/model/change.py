"""What a change is: a list of steps, each with its price, its proof and its way back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from .ddl import Statement
from .locks import Lock
from .names import Relation
from .snapshot import Column, Snapshot


class Work(Enum):
    """How much data a step touches while it holds its locks."""

    INSTANT = "catalog only"
    SCAN = "reads the table"
    BUILD = "builds an index"
    REWRITE = "rewrites the table"
    BATCHES = "changes rows in batches"


class Phase(Enum):
    """Where in a refit a step belongs; the order of the plan."""

    EXPAND = "expand"
    MIGRATE = "migrate"
    SWITCH = "switch"
    CONTRACT = "contract"

    @property
    def order(self) -> int:
        """0 for expand."""
        return list(Phase).index(self)


class Way(Enum):
    """Why a step carries no undo statement."""

    NOTHING_LEFT = "leaves nothing that an earlier undo does not remove"
    NO_RETURN = "cannot be undone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """A statement that is run over ranges of a key, one transaction a range.

    `statement` takes 2 x len(key) text parameters: the lower bound, $1 … $n, and the upper bound, $n+1 … $2n, both
    inclusive; it casts them to the key's types. Where it is `lenient`, a row that a constraint refuses is left alone,
    and does not keep the others.
    """

    table: Relation
    key: tuple[str, ...]
    types: tuple[str, ...]  # the key's types, as format_type() prints them
    statement: Statement
    lenient: bool = False


Action = tuple[Statement, ...] | Batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a change. A tuple of statements runs in one transaction where `in_transaction`.

    Where not `undo_in_transaction` only the way forth does: statements of the undo then commit one by one.
    """

    title: str
    phase: Phase
    do: Action
    undo: Action | Way
    locks: tuple[Lock, ...]  # the strongest per table, none left out; rehearsal measures them
    work: Work
    proof: Statement  # returns one boolean: is the step done and sound?
    why: str = ""
    hazard: str = ""  # what an operator must know before it runs
    in_transaction: bool = True
    undo_in_transaction: bool = True

    @property
    def undone_at_once(self) -> bool:
        """Whether the statements of the undo run in one transaction."""
        return self.in_transaction and self.undo_in_transaction


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a change cannot be made on this database as it is: a value, not an error."""

    about: str
    says: str


class Change(ABC):
    """Subclass as a frozen dataclass, one per module of pgrefit.changes."""

    __slots__ = ()

    @property
    @abstractmethod
    def title(self) -> str:
        """One phrase for people: 'convert public.a.b to uuid'."""

    @abstractmethod
    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The steps on that database, phases in order."""

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """What stands in the way; nothing by default."""
        del db
        return iter(())

    def claims(self) -> tuple[Relation, ...]:
        """Tables that it builds on as they are, so that no other change of the plan may work on them."""
        return ()

    def adds(self) -> Iterator[tuple[Relation, Column]]:
        """Columns of tables that are there, on which other changes of the plan may build; none by default."""
        return iter(())


@dataclass(frozen=True, slots=True)
class Example:
    """A change on a small database: documentation, and what the contract test runs.

    `start` is SQL for a database that has an empty schema `shop`, with rows so that every step has work to do.
    `writes` is a statement that an application issues all the while (may be empty).
    """

    start: str
    change: Change
    writes: str = ""
