"""What the names of tables and columns say of each other."""

from __future__ import annotations

from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._names import BY, reference_name, singular, stems, words

from ._key import Key, flat, singulars, table_word
from ._vocabulary import ADDED, PERSONAL, ROLES

UNTIL = {"bis", "hasta", "ate", "tot", "do", "til", "to", "au"}  # the other end of von, de, van
LAST_PERSONAL = {(word,) for word in PERSONAL}
LONGEST_ENDING = 3  # letters in which two forms of a word differ


def table_names(table: Table, called: set[str]) -> set[str]:
    """What a reference may call a table: airports_data airport, clienti cliente."""
    last, whole = words(table.name.name)[-1:], flat(table.name.name)
    cut = {name.removesuffix("info") for name in called}
    if last != (whole,) and ADDED.issuperset(last):
        cut |= {name.removesuffix("".join(last)) for name in called}
    plurals = {
        name.removesuffix(singular(word)) + other for word in last for name in called for other in singulars(word)
    }
    return {*called, *cut, *plurals, whole} - {""}


def begins_range(table: Table, column: Column) -> bool:
    """Whether a sibling says where it ends: preis_von beside preis_bis."""
    *before, last = stems(column.name) or ("",)
    if last not in BY:
        return False
    ends = {(*before, word) for word in UNTIL}
    return any(stems(other.name) in ends for other in table.columns)


def has_people(table: Table) -> bool:
    """Whether columns say that its rows are persons."""
    return any(flat(c.name) in PERSONAL or stems(c.name)[-1:] in LAST_PERSONAL for c in table.columns)


def shortens(base: tuple[str, ...], key: Key) -> bool:
    """Whether each word is the beginning of one of the table's."""
    parts = stems(key.table.name.name)
    return len(parts) == len(base) and all(long.startswith(short) for short, long in zip(base, parts, strict=True))


def same_stem(one: str, other: str) -> bool:
    """Whether two words differ in a few letters at the end: pracownika, pracownik."""
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return start > LONGEST_ENDING and max(len(one), len(other)) - start <= LONGEST_ENDING


def names_itself(table: Table, column: Column) -> bool:
    """Whether the column is a part of the key that is named after its own table: email_address.email_address_id."""
    return column.name in table.primary_key and flat(column.name).startswith(table_word(table))


def is_own_kind(table: Table, column: Column, key: Key) -> bool:
    """presence_stream.stream_id, and a key of another stream: each has its own."""
    base, mine = "".join(reference_name(column.name).base), table_word(table)
    if base in ROLES and column.name in table.primary_key and len(table.primary_key) > 1:  # event_attendee.attendee_id
        return False
    return 0 < len(base) < len(mine) and mine.endswith(base) and table_word(key.table) != base
