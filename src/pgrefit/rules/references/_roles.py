"""Columns named as those of another table's key, with words for the part that they play: birth_state, birth_city."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from pgrefit.changes._types import comparable
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._names import MARKS, MOST_NAMES, stems

from ._key import column_prefix
from ._vocabulary import CODES, FILLER

Words = tuple[str, ...]
Played = tuple[Words, Column]
MOST_NAMED = 60  # columns that have a core; more tell none of them
UNTOLD = MARKS | CODES


class Roles:
    """For each table the columns that hold the words of a key's column, and what other words they have."""

    def __init__(self, keys: Iterable[tuple[Table, Words]], tables: Iterable[Table]) -> None:
        self._keys = [(parent, columns, [_core(parent, column) for column in columns]) for parent, columns in keys]
        wanted = {core for _, _, cores in self._keys for core in cores}
        self._of: defaultdict[str, defaultdict[Relation, list[Played]]] = defaultdict(lambda: defaultdict(list))
        self._tables = {table.name: table for table in tables}
        for table in self._tables.values() if wanted else ():
            start = len(column_prefix(table))
            for column in table.columns:
                for core, role in _readings(column.name[start:]):
                    if core in wanted:
                        self._of[core][table.name].append((role, column))

    def found(self) -> Iterator[tuple[Table, Words, Table, Words]]:
        """Table and columns, parent and key: at least one column in a part, the others in the same one or shared."""
        for parent, keys, cores in self._keys:
            near = min((list(self._of.get(core, ())) for core in cores), key=len)
            for name in near if len(set(cores)) == len(cores) and len(near) <= MOST_NAMED else ():
                for columns in _combined([self._of[core].get(name, []) for core in cores]):
                    itself = name == parent.name and {column.name for column in columns} == {*keys}
                    if _typed(columns, parent, keys) and not itself:
                        yield self._tables[name], tuple(column.name for column in columns), parent, keys


def _combined(choices: list[list[Played]]) -> Iterator[tuple[Column, ...]]:
    for role in sorted({role for choice in choices for role, _ in choice}):
        plain = [dict(reversed(choice)) for choice in choices]
        columns = [by_role.get(role) or by_role.get(()) for by_role in plain]
        found = tuple(column for column in columns if column)
        if len(found) == len(choices) and len({column.name for column in found}) == len(found):
            yield found


def _typed(columns: tuple[Column, ...], parent: Table, keys: Words) -> bool:
    return all(comparable(column.type, parent.column(key).type) for column, key in zip(columns, keys, strict=True))


@lru_cache(maxsize=MOST_NAMES)
def _readings(name: str) -> tuple[tuple[str, Words], ...]:
    parts = _telling(name)
    spans = [(start, end) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)]
    return tuple(("".join(parts[start:end]), parts[:start] + parts[end:]) for start, end in spans)


def _core(parent: Table, key: str) -> str:
    """What the key's column is about: its words without id, code and the like; else the table's."""
    words = stems(parent.name.name)
    named = words[1:] if len(words) > 1 and words[0] in FILLER else words
    return "".join(_telling(key[len(column_prefix(parent)) :]) or named)


def _telling(name: str) -> Words:
    return tuple(word for word in stems(name) if word not in UNTOLD)
