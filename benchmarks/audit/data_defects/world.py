"""A made-up application: its language, its naming style, its tables, and what was planted in them."""

from __future__ import annotations

import math
import random
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.audit.data_defects import words
from benchmarks.audit.styles import Style, pascal

from pgrefit.model.workload import Query

START = datetime(2022, 3, 1, tzinfo=UTC)
Values = list[Any]
Concept = str | tuple[str, ...]  # of a column, as `words` knows them


@dataclass(slots=True)
class Column:
    """`type` may go on with a CHECK or another clause, in which {c} is the column's quoted name."""

    name: str
    type: str
    values: Values
    filled: bool = True  # by whoever loads the rows; a generated column is not


@dataclass(slots=True)
class Table:
    """Its first column is its key. `after`: SQL once it is filled, with {t} for the table and {0}, {1} for `names`."""

    thing: str
    name: str
    rows: int
    prefix: str = ""
    columns: dict[str, Column] = field(default_factory=dict)
    after: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    plants: int = 0

    @property
    def key(self) -> Column:
        """The column of the primary key."""
        return next(iter(self.columns.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """What was put where: `counts` are the numbers of violating rows that are all exact, by different definitions."""

    table: Table
    columns: tuple[str, ...]
    counts: frozenset[int] = frozenset()


def planted(table: Table, *columns: str, counts: Iterable[int] = ()) -> Planted:
    """Ground truth of a defect, or where a look-alike is."""
    return Planted(table=table, columns=columns, counts=frozenset(counts))


class World:
    """What is made so far. Everything that is random comes from `draw`."""

    def __init__(self, language: str, style: Style, draw: random.Random, *, most_rows: int = 20_000) -> None:
        self.language, self.style, self.draw = language, style, draw
        self.tables: list[Table] = []
        self.queries: list[Query] = []
        self.schema = "app"
        self._things: list[str] = []
        self._reference = draw.choice(words.REFERENCES[language])
        self._plural = draw.random() < 0.6
        self._named_key = draw.random() < 0.3  # customer_id, not id, is the key of customers
        self._most_rows = most_rows
        self._turn = 0

    def named(self, *concepts: str) -> str:
        """The column name of these concepts."""
        return self.style("_".join(words.field(concept, self.language) for concept in concepts))

    def singular(self, table: Table) -> str:
        """The name of what is in a table, not yet in style."""
        return table.prefix + words.thing(table.thing, self.language)[0]

    def reference(self, table: Table) -> str:
        """How a column that holds a key of that table is called."""
        return self.style(self.reference_to(self.singular(table)))

    def reference_to(self, word: str) -> str:
        """The same of any word, not yet in style."""
        return self._reference.format(word)

    def class_name(self, table: Table) -> str:
        """How the application calls the class of what is in a table."""
        return pascal(self.singular(table))

    def some_rows(self, least: int = 200) -> int:
        """Small tables are as likely as large ones."""
        return round(math.exp(self.draw.uniform(math.log(least), math.log(max(least, self._most_rows)))))

    def table(self, rows: int = 0, *, key: str = "bigint") -> Table:
        """A new table with a key and a few columns in which nothing is wrong."""
        if not self._things:
            self._turn += 1
            self._things = sorted(words.THINGS)
            self.draw.shuffle(self._things)
        thing = self._things.pop()
        name = words.thing(thing, self.language)[self._plural]
        prefix = "" if self._turn == 1 else words.PREFIXES[self.language][(self._turn - 2) % 6] + "_"
        table = Table(thing, self.style(prefix + name), rows or self.some_rows(), prefix)
        self._add_key(table, key)
        self.tables.append(table)
        return table

    def host(self, least: int = 200, *, most: int = 10**9) -> Table:
        """A table that has room for one more, with at least that many rows."""
        fit = [t for t in self.tables if t.plants < 4 and least <= t.rows <= most and len(t.columns) < 16]
        rows = self.some_rows(least) if most == 10**9 else self.draw.randint(least, most)
        table = self.draw.choice(fit) if fit and self.draw.random() < 0.7 else self.table(rows)
        table.plants += 1
        return table

    def parent(self, rows: int = 0, *, key: str = "bigint") -> Table:
        """A new table for others to refer to."""
        table = self.table(rows or self.draw.randint(150, 900), key=key)
        table.plants += 1
        return table

    def child(self, parent: Table, least: int = 400) -> tuple[Table, Values]:
        """A host other than the parent, and a key of the parent for each of its rows."""
        child = self.host(least)
        while child is parent or self.reference(parent) in child.columns:
            child = self.table(self.some_rows(least))
            child.plants += 1
        return child, self.draw.choices(parent.key.values, k=child.rows)

    def add(self, table: Table, concept: Concept, sql_type: str, values: Sequence[Any]) -> str:
        """A column of a concept; a name that is taken gets another word."""
        concepts = (concept,) if isinstance(concept, str) else concept
        return self.add_named(table, self.named(*concepts), sql_type, values)

    def add_named(self, table: Table, name: str, sql_type: str, values: Sequence[Any]) -> str:
        """A column of that name, where it is free."""
        prefixes = list(words.PREFIXES[self.language])
        free = name
        while free in table.columns:
            free = self.style(f"{prefixes.pop(0).lower()}_{name}")
        assert len(values) == table.rows
        table.columns[free] = Column(free, sql_type, list(values))
        return free

    def foreign_key(self, table: Table, column: str, parent: Table) -> None:
        """Declare it, with its index."""
        table.after += [
            ("ALTER TABLE {t} ADD FOREIGN KEY ({0}) REFERENCES {p}", (column, parent.name)),
            ("CREATE INDEX ON {t} ({0})", (column,)),
        ]

    def pick(self, rows: int, share: float) -> list[int]:
        """Some rows at random: at least one."""
        return self.draw.sample(range(rows), max(1, round(rows * share)))

    def sentence(self, least: int = 4, most: int = 12) -> str:
        """Free text."""
        some = self.draw.choices(words.PROSE[self.language].split(), k=self.draw.randint(least, most))
        return " ".join([some[0].capitalize(), *some[1:]])

    def word(self) -> str:
        """A made-up name, capitalised."""
        ends = ("ar", "el", "in", "os", "un", "ek", "ai", "or")
        return "".join(self.draw.choice("bdfgklmnprstv") + self.draw.choice(ends) for _ in range(2)).capitalize()

    def vocabulary(self, size: int) -> list[str]:
        """Made-up names, each once."""
        found = set[str]()
        while len(found) < size:
            found.add(self.word() + (self.word().lower() if size > 400 else ""))
        return sorted(found)

    def moment(self, days: float = 900) -> datetime:
        """A moment of the last years, to the second."""
        return START + timedelta(seconds=round(self.draw.random() * days * 86_400))

    def uuid(self) -> uuid.UUID:
        """A random one of version 4."""
        return uuid.UUID(int=self.draw.getrandbits(128), version=4)

    def sparse(self, values: Values, share: float) -> Values:
        """The same with some left empty."""
        return [None if self.draw.random() < share else value for value in values]

    def _add_key(self, table: Table, key: str) -> None:
        name = self.reference(table) if self._named_key else self.style("id")
        table.columns[name] = Column(name, f"{key} PRIMARY KEY", self._keys(table.rows, key))

    def _keys(self, rows: int, key: str) -> Values:
        if key == "uuid":
            return [self.uuid() for _ in range(rows)]
        first = self.draw.choice((1, 1, 1000))
        numbers = range(first, first + rows + rows // 5)
        return sorted(self.draw.sample(numbers, rows))
