"""What a question reads and calls, by the names in its text; a table is read with its partitions and heirs.

The text is ours: `model.ddl` has written it, each name of a table qualified and in quotes. Where it holds an expression
that the server printed, names of functions are qualified there and in quotes where they need them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Snapshot

_NAME = r'"(?:[^"]|"")+"|[^\W\d][\w$]*'
_PIECE = re.compile(rf"'(?:[^']|'')*'|(?P<schema>{_NAME})\.(?P<name>{_NAME})(?P<call>\()?|{_NAME}")
_CALL = re.compile(rf"\.(?:{_NAME})\(")


def named(select: str) -> Iterator[tuple[Relation, bool]]:
    """Qualified names in a text, and whether each is called; what stands in string literals is no name."""
    for piece in _PIECE.finditer(select):
        if piece["name"]:
            yield Relation(_plain(piece["schema"]), _plain(piece["name"])), piece["call"] is not None


def calls_qualified(select: str) -> bool:
    """Whether a text may call a function by a qualified name, told in less time than `named` takes."""
    return _CALL.search(select) is not None


@dataclass(frozen=True, slots=True)
class Reading:
    """Which tables there are to be read, and the partitions and heirs of those that have some, at any depth."""

    tables: frozenset[Relation] = frozenset()
    parts: Mapping[Relation, tuple[Relation, ...]] = field(default_factory=dict[Relation, tuple[Relation, ...]])

    @classmethod
    def of(cls, db: Snapshot) -> Reading:
        """That of a database."""
        below: defaultdict[Relation, list[Relation]] = defaultdict(list)
        for table in db.tables:
            for above in (table.partition_of, *table.inherits):
                if above:
                    below[above].append(table.name)
        parts = {name: tuple(_all_below(name, below)) for name in tuple(below)}
        return cls(frozenset([*(table.name for table in db.tables), *(view.name for view in db.views)]), parts)

    def whole(self, table: Relation) -> tuple[Relation, ...]:
        """A table and all that is read with it."""
        return table, *self.parts.get(table, ())

    def of_question(self, question: Question) -> tuple[Relation, ...]:
        """All that a question reads, what it is about first, each once."""
        others = (name for name, called in named(question.select) if not called and name in self.tables)
        tables = dict.fromkeys((question.about, *others))
        return tuple(dict.fromkeys(part for table in tables for part in self.whole(table)))


def _all_below(top: Relation, below: Mapping[Relation, list[Relation]]) -> dict[Relation, None]:
    found: dict[Relation, None] = {}
    left = list(below[top])
    while left:
        here = left.pop()
        if here not in found:
            found[here] = None
            left += below.get(here, ())
    return found


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
