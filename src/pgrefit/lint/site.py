"""A statement in its place: what is before and around it, and what is known of the database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from pgrefit.lint.actions import Action, CreateIndex, SetVariable, Transaction
from pgrefit.lint.migration import Migration, Statement
from pgrefit.lint.state import State
from pgrefit.model.finding import Evidence
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table

LOCAL = "LOCAL "
Kind = TypeVar("Kind", bound=Action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The database that the migration is for, and what is in the way there right now."""

    observation: Observation
    in_the_way: tuple[str, ...] = ()  # old transactions, prepared ones, vacuums against wraparound
    stars: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])  # SELECT * by bare table name


@dataclass(slots=True)
class Course:
    """What the statements before one in the same file have done: kept while they are walked through.

    `held`: by transaction, the tables in use that it has locked against everybody. `waited`: a strong lock was taken
    without lock_timeout before. `slow`: transactions of which it was said that more work is done under such a lock.
    """

    held: dict[int, dict[Relation, None]] = field(default_factory=dict[int, dict[Relation, None]])
    waited: bool = False
    slow: set[int] = field(default_factory=set[int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A statement, the file it is in and the schema before it. `number` is its place among the file's statements."""

    migration: Migration
    statement: Statement
    number: int
    state: State
    facts: Facts | None = None
    settings: dict[str, str] = field(default_factory=dict[str, str])  # set in this file so far
    course: Course = field(default_factory=Course)
    ahead: Sequence[CreateIndex] = ()  # that later files make

    def actions(self, *kinds: type[Kind]) -> Iterator[Kind]:
        """What the statement does, of these kinds."""
        return (action for action in self.statement.actions if isinstance(action, kinds))

    def on_old(self, *kinds: type[Kind]) -> Iterator[Kind]:
        """The same, on what was there before this file."""
        return (action for action in self.actions(*kinds) if not self.state.is_new(action.table))

    @property
    def earlier(self) -> tuple[Statement, ...]:
        """The file's statements before this one."""
        return self.migration.statements[: self.number]

    @property
    def later(self) -> tuple[Statement, ...]:
        """The file's statements after this one."""
        return self.migration.statements[self.number + 1 :]

    def later_on(self, table: Relation) -> Iterator[Action]:
        """What the file's statements after this one do to a table."""
        return (action for number, action in self.migration.of_tables.get(table, ()) if number > self.number)

    @property
    def earlier_together(self) -> tuple[Statement, ...]:
        """Those before it in the same transaction."""
        own = self.statement.transaction
        return () if own is None else tuple(s for s in self.earlier if s.transaction == own)

    def surely_with(self, other: Statement) -> bool:
        """Whether it is known, not assumed, that an earlier statement of the same transaction shares it."""
        return self.migration.certain or (self.statement.in_body and other.body == self.statement.body)

    def setting(self, name: str) -> str:
        """The value that the file has set; '' where it has not, or has reset it."""
        return self.settings.get(f"{LOCAL}{name}", self.settings.get(name, ""))

    @property
    def held(self) -> list[Relation]:
        """Tables in use that earlier statements of the same transaction have locked against everybody."""
        own = self.statement.transaction
        return [] if own is None else list(self.course.held.get(own, ()))

    def table(self, name: Relation) -> Table | None:
        """The table in the database, where one is known and has it."""
        return self.facts.observation.snapshot.find_table(name) if self.facts else None

    def rows(self, name: Relation) -> int | None:
        """Rows of a table as the server estimates them; None where unknown."""
        if self.facts is None or self.table(name) is None:
            return None
        found = self.facts.observation.statistics.table(name)
        return found.rows if found.rows >= 0 else 0 if found.heap_bytes == 0 else None

    def size(self, name: Relation) -> tuple[Evidence, ...]:
        """Rows and bytes of a table as evidence."""
        rows = self.rows(name)
        if self.facts is None or rows is None:
            return ()
        found = self.facts.observation.statistics.table(name)
        return (
            Evidence(measure="rows", value=rows, source="statistics"),
            Evidence(measure="bytes with indexes", value=found.total_bytes, source="statistics"),
        )


def settings_after(statement: Statement, before: dict[str, str]) -> dict[str, str]:
    """The settings that hold after a statement; a reset one is not there. Those of SET LOCAL are named LOCAL …."""
    found = dict(before)
    for action in statement.actions:
        if isinstance(action, Transaction) and action.kind in {"commit", "rollback", "chain"}:
            found = {name: value for name, value in found.items() if not name.startswith(LOCAL)}
        elif isinstance(action, SetVariable) and action.name:
            name = f"{LOCAL}{action.name}" if action.local else action.name
            if not action.local or statement.transaction is not None:
                found.pop(f"{LOCAL}{action.name}", None)
                found[name] = ",".join(action.values)
        elif isinstance(action, SetVariable):
            found.clear()
    return found
