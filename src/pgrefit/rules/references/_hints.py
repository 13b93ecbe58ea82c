"""Keys that a column may hold though its name tells no table: what tells it is said elsewhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._names import reference_name, stems, words

from ._directory import keys_of
from ._key import Key, flat, table_word
from ._keys import Keys
from ._ranking import few
from ._vocabulary import ABOVE, ELSEWHERE, GENERIC, NODES, OPPOSED, OPPOSITES, PEOPLE, QUANTITIES, RELATED

Place = tuple[Relation, str]
Pairs = Mapping[Place, frozenset[Place]]
MOST_MEANT = 3  # keys that columns of one name refer to, lest the name tell none


def namesakes(db: Snapshot, joins: Pairs) -> dict[str, tuple[Key, ...]]:
    """By column name the keys that columns of that name refer to elsewhere, by foreign keys or by queries."""
    keys, found = keys_of(db), defaultdict[str, dict[Key, None]](dict)
    for name, key in (*_declared(db), *_joined(keys, joins)):
        found[name][key] = None
    return {name: tuple(near) for name, near in found.items() if len(near) <= MOST_MEANT}


@remembered
def _declared(db: Snapshot) -> tuple[tuple[str, Key], ...]:
    keys = keys_of(db)
    found: list[tuple[str, Key]] = []
    for table in db.own_tables():
        for foreign in table.foreign_keys:
            if len(foreign.columns) == 1 and foreign.parent not in {None, table.name} and _tells(foreign.columns[0]):
                near = keys.of_table.get(foreign.parent, ()) if foreign.parent else ()
                found += [(flat(foreign.columns[0]), k) for k in near if k.column.name == foreign.parent_columns[0]]
    return tuple(found)


def _joined(keys: Keys, joins: Pairs) -> Iterator[tuple[str, Key]]:
    for (table, column), others in joins.items():
        own = any(key.column.name == column for key in keys.of_table.get(table, ()))
        for other, name in others if not own and _tells(column) else ():
            if other != table:
                yield from ((flat(column), key) for key in keys.of_table.get(other, ()) if key.column.name == name)


def _tells(column: str) -> bool:
    """Whether a name says more than that something is meant: entity0, source_id and parent do not."""
    parts = {word for word in stems(column) if not word.isdecimal()}
    return flat(column) not in GENERIC and not parts & ABOVE and not parts <= NODES | OPPOSED


def of_own_words(keys: Keys, table: Table, column: Column) -> tuple[Key, ...]:
    """Keys of the tables that the own table is named after: both ends of user_follow, user_a of friend_of_user."""
    parts, base = stems(table.name.name), reference_name(column.name)
    other = partner(table, column)
    generic = "".join(base.base) in GENERIC | QUANTITIES
    told = base.marked and (keys.family(column) != "whole" or set(base.base) <= OPPOSED | RELATED)
    if generic or set(base.base) & ELSEWHERE or not (told or other):
        return ()
    named = _named_within(keys, parts)
    if other and keys.family(column) == "whole":
        named = named[:1] if _comes_first(table, column.name, other.name) else named[-1:]
    return tuple(key for word in dict.fromkeys(named) for key in few(keys.by_table.get(word)) if key.primary)


def wider_kinds(keys: Keys, table: Table) -> tuple[Key, ...]:
    """Keys of the tables that the own one's rows may be rows of too: app of app_store, user of profile."""
    parts = stems(table.name.name)
    found = {key: None for end in range(1, len(parts)) for key in few(keys.by_table.get("".join(parts[:end])))}
    if not {table_word(table)} & PEOPLE - {"profile", "member"}:
        found |= dict.fromkeys(keys.by_table.get("user", ()))
    return tuple(key for key in found if key.primary and key.table.name != table.name)


def _named_within(keys: Keys, parts: tuple[str, ...]) -> list[str]:
    """The names of tables in a table's name, in order; the longest, from the last word on."""
    found, end = list[str](), len(parts)
    while end:
        runs = (("".join(parts[start:end]), start) for start in range(end) if (start, end) != (0, len(parts)))
        word, end = next(((word, start) for word, start in runs if word in keys.by_table), ("", end - 1))
        found += [word] if word else []
    return found[::-1]


def partner(table: Table, column: Column) -> Column | None:
    """The other end: entity1 beside entity0, B beside A, target beside source; what else they are called is a node."""
    if not any(word.isdecimal() or word in OPPOSED for word in words(column.name)):
        return None
    return next((c for c in table.columns if c.type == column.type and _ends(column.name, c.name)), None)


def _comes_first(table: Table, one: str, other: str) -> bool:
    """By number or letter, else by place."""
    ends = {words(one)[-1], words(other)[-1]}
    lettered = all(len(end) == 1 for end in ends) and len(ends) > 1
    places = [column.name for column in table.columns]
    return one < other if lettered else places.index(one) < places.index(other)


def _ends(one: str, other: str) -> bool:
    mine, theirs = words(one), words(other)
    if len(mine) != len(theirs) or not set(mine) & set(theirs) <= NODES:
        return False
    differing = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
    return len(differing) == 1 and _opposite(*differing[0])


def _opposite(one: str, other: str) -> bool:
    return (one.isdecimal() and other.isdecimal()) or frozenset((one, other)) in OPPOSITES
