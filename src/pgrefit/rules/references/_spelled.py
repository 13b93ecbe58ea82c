"""Other ways in which a column's name may tell a table, or its key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from pgrefit.rules._names import MARKS, singular, stems

from ._key import ENDS, LIKE, SAME, Key, Option
from ._people import persons
from ._ranking import SHORTEST, few
from ._readings import begins, is_child
from ._vocabulary import CODES, COUNTED, GENERIC, KINDS, OPPOSED, QUANTITIES, ROLES, SHORT_FORMS

if TYPE_CHECKING:
    from ._keys import Keys

FIRST_MARKS = {("id",), ("fk",)}
ENDINGS = ("id", "key", "code", "no", "nr", "ref", "sk")  # of keys
LONG_ENDING = 8  # letters that end two names by no chance
FEW_KINDS = 4  # tables whose names begin with one word
SHORTEST_WORD = 3  # letters
UNTELLING = GENERIC | QUANTITIES | COUNTED


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
    """id_address_delivery: address; where the mark comes first, so does the noun, but for fk_product_type."""
    for end in range(len(base) - 1, 0, -1) if base[-1] not in GENERIC else ():
        near = few(keys.by_table.get("".join(base[:end])))
        yield from (Option(key, ENDS) for key in near if key.primary)


def of_first_words(keys: Keys, parts: tuple[str, ...]) -> Iterator[Option]:
    """team_id_loser, user_no_from: a part after the name of a key, or after a table's name and the mark of one."""
    for end in range(2, len(parts)):
        if parts[end - 1] in MARKS | CODES and not parts[end].isdecimal():
            near = [*few(keys.by_name.get("".join(parts[:end]))), *few(keys.by_table.get("".join(parts[: end - 1])))]
            yield from (Option(key, ENDS) for key in near if key.primary and key.home)


def of_first_noun(keys: Keys, base: tuple[str, ...]) -> Iterator[Option]:
    """partner_invoice_id: partner, where the last word names no table."""
    first, last = "".join(base[:1]), "".join(base[-1:])
    if len(base) == 1 or set(base[1:]) & UNTELLING or last in keys.by_table or last in keys.by_ending:
        return
    near = few(keys.by_table.get(first)) or few(keys.by_ending.get(first))
    found = [key for key in near if key.primary and not is_child(key, base[:1])]
    if len({key.table.name for key in found}) == 1:
        yield from (Option(key, LIKE) for key in found)


def of_last_words(keys: Keys, word: str) -> Iterator[Key]:
    """categ: product_category, the one table whose last word begins so."""
    long = len(word) >= SHORTEST - 1
    begun = keys.beginning_as(word) if long else []
    near = [key for key in begun if "".join(stems(key.table.name.name)[-1:]).startswith(word)]
    if len({key.table.name for key in near}) == 1:
        yield from near


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
        yield from persons(keys, ("by",), wanted)
    if name.endswith("id") and name.removesuffix("id") in ROLES:  # modifierid
        yield from persons(keys, (name.removesuffix("id"),), wanted)
    for mark in ("id", "fk"):
        near = few(keys.by_table.get(name.removeprefix(mark))) if name.startswith(mark) else ()
        yield from (Option(key, SAME) for key in near)
    mark = next((mark for mark in ("id", "uuid", "guid", "fk") if name.endswith(mark)), "")
    stem = singular(name.removesuffix(mark)) if mark else ""
    stem = SHORT_FORMS.get(stem, stem)  # usrid
    for start in range(max(len(stem) - SHORTEST + 2, 1) if stem else 0):
        for key in few(keys.by_table.get(stem[start:])):
            yield Option(key, ENDS if start else SAME)
    for start in range(len(stem) - LONG_ENDING + 1):  # legendsetid
        yield from (Option(key, LIKE) for key in few(keys.by_ending.get(stem[start:])))


def of_other_keys(keys: Keys, found: list[Option]) -> list[Option]:
    """fk_region: code_region of region too, where its values are none of the primary key."""
    return [
        Option(key, LIKE)
        for option in found if option.key.primary and not option.bare
        for key in keys.of_table.get(option.key.table.name, ()) if _is_code(key, option.key.word)
    ]  # fmt: skip


def _is_code(key: Key, word: str) -> bool:
    parts = stems(key.column.name)
    named = "".join(part for part in parts if part not in CODES)
    return not key.primary and named == word and len(parts) > 1


def of_beginning(keys: Keys, base: tuple[str, ...]) -> Iterator[Option]:
    """item: item_definition, the one table whose name begins so."""
    whole = "".join(base)
    near = [key for key in keys.beginning_as(whole) if stems(key.table.name.name)[: len(base)] == base]
    if len(whole) >= SHORTEST_WORD and len({key.table.name for key in near}) == 1 and whole not in UNTELLING:
        yield from (Option(key, LIKE, bare=True) for key in near)


def of_compound(keys: Keys, word: str) -> Iterator[Option]:
    """hausarzt: arzt, oberkategorie: kategorie; written as one word."""
    for start in range(SHORTEST_WORD, len(word) - SHORTEST + 2):
        tail = word[start:]
        near = few(keys.by_table.get(tail)) if tail not in GENERIC | QUANTITIES else ()
        yield from (Option(key, LIKE, bare=True) for key in near)
