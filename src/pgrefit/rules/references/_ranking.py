"""Which of several keys a column more likely refers to."""

from __future__ import annotations

from collections.abc import Iterable

from pgrefit.model.snapshot import Table

from ._key import Key, Option, table_word

MOST_ALIKE = 30
SHORTEST = 5  # letters of a key's name at the end of another name that is written without separators


def few(keys: list[Key] | None) -> tuple[Key, ...]:
    """None of them where a name is that of too many to tell any."""
    return tuple(keys) if keys and len(keys) <= MOST_ALIKE else ()


def ranked(table: Table, options: Iterable[Option]) -> tuple[Option, ...]:
    """Options of a column of that table, the likeliest first."""
    return tuple(sorted(options, key=lambda option: (*standing(table, option), str(option.key.table.name))))


def standing(table: Table, option: Option) -> tuple[int, bool, bool, bool, bool, bool]:
    """Less is likelier; two options of the same standing cannot be told apart by name."""
    key, mine = option.key, table_word(table)
    theirs = table_word(key.table)
    akin = len(theirs) >= SHORTEST - 1 and mine != theirs and (mine.startswith(theirs) or mine.endswith(theirs))
    near = key.table.name.schema == table.name.schema
    return (-option.fit, option.bare, not akin, not key.home, not option.joined, not near)
