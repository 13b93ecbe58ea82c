"""Other ways in which a column's name may tell a table, or its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pgrefit.rules._names import singular, stems

from ._key import ENDS, LIKE, SAME, Option
from ._ranking import SHORTEST, few
from ._readings import begins
from ._vocabulary import KINDS, OPPOSED, SHORT_FORMS

if TYPE_CHECKING:
    from ._keys import Keys

FIRST_MARKS = {("id",), ("fk",)}
ENDINGS = ("id", "key", "code", "no", "nr", "ref", "sk")  # of keys
LONG_ENDING = 8  # letters that end two names by no chance
FEW_KINDS = 4  # tables whose names begin with one word


def otherwise_written(keys: Keys, parts: tuple[str, ...]) -> Iterator[Option]:
    """bill_addr_sk: address_sk; hdemo_sk: the demo_sk of the one table that begins with that letter."""
    long = tuple(SHORT_FORMS.get(word, word) for word in parts)
    if long != parts:
        yield from (replace(option, fit=ENDS) for option in keys.ending_in_key(long))
    *_, word, mark = parts
    near = few(keys.by_name.get(word[1:] + mark)) if len(word) >= SHORTEST and mark in ENDINGS else ()
    begun = [key for key in near if key.word.startswith(word[0])]
    yield from (Option(key, ENDS) for key in begun if len({key.table.name for key in begun}) == 1)


def of_head(keys: Keys, base: tuple[str, ...]) -> Iterator[Option]:
    """id_address_delivery: address; where the mark comes first, so does the noun."""
    for end in range(len(base) - 1, 0, -1):
        near = few(keys.by_table.get("".join(base[:end])))
        yield from (Option(key, ENDS) for key in near if key.primary)


def of_one_end(keys: Keys, base: tuple[str, ...]) -> Iterator[Option]:
    """issue_from_id: issue; kind_id: kind_type."""
    *before, last = base
    if before and last in OPPOSED:
        yield from (Option(key, ENDS) for key in few(keys.by_table.get("".join(before))) if key.primary)
    begun = [key for key in keys.beginning_as("".join(base)) if key.primary and begins(key.table, base)]
    kinds = [key for key in begun if stems(key.table.name.name)[len(base) :] in KINDS]
    if len(kinds) == 1 and len({key.table.name for key in begun}) == 1 and "".join(base) not in keys.by_table:
        yield Option(kinds[0], ENDS)
    elif len(begun) <= FEW_KINDS:
        yield from (Option(key, LIKE, bare=True) for key in begun)


def run_together(keys: Keys, name: str, wanted: str) -> Iterator[Option]:
    """billtoaddressid, idcliente: some key's name at its end, or a table's name before or after the mark."""
    for start in range(1, len(name) - SHORTEST):
        for key in few(keys.by_name.get(name[start:])):
            yield Option(key, ENDS)
    if name.endswith("edby"):  # lastupdatedby
        yield from keys.person(("by",), wanted)
    for mark in ("id", "fk"):
        near = few(keys.by_table.get(name.removeprefix(mark))) if name.startswith(mark) else ()
        yield from (Option(key, SAME) for key in near)
    mark = next((mark for mark in ("id", "uuid", "guid", "fk") if name.endswith(mark)), "")
    stem = singular(name.removesuffix(mark)) if mark else ""
    for start in range(max(len(stem) - SHORTEST + 2, 1) if stem else 0):
        for key in few(keys.by_table.get(stem[start:])):
            yield Option(key, ENDS if start else SAME)
    for start in range(len(stem) - LONG_ENDING + 1):  # legendsetid
        yield from (Option(key, LIKE) for key in few(keys.by_ending.get(stem[start:])))
