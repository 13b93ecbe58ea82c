"""Keys that other tables may refer to, to be found by what a column is called, in a database of many tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache

from pgrefit.changes._types import STRINGS, bare
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import WHOLE_TYPES
from pgrefit.rules._names import MOST_NAMES, reference_name, singular, stems

from ._types import base_type
from ._vocabulary import ABOVE, FILLER, GENERIC, LISTS, PEOPLE, QUANTITIES, ROLES, SHORT_FORMS, STAFF, STAFF_ROLES, TO

SAME, ENDS, LIKE = 3, 2, 1  # how well a name fits: the same words; words before them; a short form, a person's part
MOST_ALIKE = 30
MOST_TRIED = 300
SHORTEST = 5  # letters of a key's name at the end of another name that is written without separators
SHORTEST_START = 3  # letters of a short form


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A column of a table that alone identifies its rows."""

    table: Table
    column: Column
    primary: bool

    @property
    def home(self) -> bool:
        """Whether its name tells its own table (product.product_id, product.id), and not another one."""
        name, word = flat(self.column.name), table_word(self.table)
        first = stems(self.column.name)[:1] if len(stems(self.table.name.name)) == 1 else ()  # dev_eui of device
        short = any(SHORT_FORMS.get(part) == word or (len(part) > 2 and word.startswith(part)) for part in first)
        return (self.primary and name in GENERIC) or name.startswith(word) or short

    @property
    def telling(self) -> bool:
        """Whether its column or its table has a name that in any schema means the same."""
        return flat(self.column.name) not in GENERIC or table_word(self.table) in PEOPLE


@dataclass(frozen=True, slots=True)
class Option:
    """A key that a column may hold.

    `bare`: the column's name has no mark of a reference (x_id, x_by, the key's own name). `joined`: a query or a view
    compares the two.
    """

    key: Key
    fit: int
    bare: bool = False
    joined: bool = False


@lru_cache(maxsize=MOST_NAMES)
def flat(name: str) -> str:
    """The words of a name in the singular, without what is between them."""
    return "".join(stems(name))


def table_word(table: Table) -> str:
    """The same of a table's name, without tbl_ and the like before it."""
    return _table_word(table.name.name)


@lru_cache(maxsize=MOST_NAMES)
def _table_word(name: str) -> str:
    parts = stems(name)
    return "".join(parts[1:] if len(parts) > 1 and parts[0] in FILLER else parts)


def family(type_name: str) -> str:
    """What values of a type can equal: whole numbers those of any width; '' of a type that no key has."""
    name = bare(type_name)
    if name in WHOLE_TYPES:
        return "whole"
    if name in STRINGS or name.endswith("citext"):
        return "text"
    return name if name in {"uuid", "numeric", "bytea"} else ""


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """All keys of one column, by the names under which columns refer to them."""

    db: Snapshot
    of_table: defaultdict[Relation, list[Key]] = field(default_factory=lambda: defaultdict(list))
    by_name: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # product_id
    by_table: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # product
    by_ending: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # of power_user: user
    by_start: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # of product: pro
    people: list[Key] = field(default_factory=list[Key])

    def family(self, column: Column) -> str:
        """What the values of a column can equal."""
        return family(base_type(self.db, column.type))

    def add(self, key: Key) -> None:
        """Enter a key under all its names."""
        self.of_table[key.table.name].append(key)
        word, name = table_word(key.table), flat(key.column.name)
        refers = not key.primary and reference_name(key.column.name).marked and not name.startswith(word)
        if name not in GENERIC and name != word and not refers:
            self.by_name[name].append(key)
        if not name.startswith(word) and not refers:
            self.by_name[word + name].append(key)
        if not key.primary and (key.table.primary_key or self.family(key.column) == "text"):
            return
        self.by_table[word].append(key)
        plain = word.removesuffix("info")
        if plain != word:
            self.by_table[plain].append(key)
        self.by_start[word[:SHORTEST_START]].append(key)
        parts = stems(key.table.name.name)
        for start in range(1, len(parts)):
            self.by_ending["".join(parts[start:])].append(key)
        for start in range(1, len(word) - SHORTEST if len(parts) == 1 else 0):  # maplegendset
            self.by_ending[word[start:]].append(key)
        if {plain, *parts[-1:]} & PEOPLE:
            self.people.append(key)

    def options(self, table: Table, column: Column) -> tuple[Option, ...]:
        """The keys that the column may refer to by its name, the likeliest first."""
        wanted = self.family(column)
        found: dict[Key, Option] = {}
        for option in self._by_name(table, column) if wanted else ():
            key, known = option.key, found.get(option.key)
            own = key.table.name == table.name
            itself = own and (key.column.name == column.name or (option.fit == SAME and not option.bare))
            itself |= option.fit < SAME and _names_itself(table, column)
            natural = not key.primary and wanted == "text" and self._unique(table, column)
            better = known is None or (option.fit, not option.bare) > (known.fit, not known.bare)
            if better and not itself and not natural and self.family(key.column) == wanted:
                found[key] = option
        return ranked(table, found.values())

    def _unique(self, table: Table, column: Column) -> bool:
        return any(key.column.name == column.name for key in self.of_table.get(table.name, ()))

    def _by_name(self, table: Table, column: Column) -> Iterator[Option]:
        """Names with separators, without; where these fail short forms, parts that people play."""
        reference, parts = reference_name(column.name), stems(column.name)
        whole = [*self._ending_in_key(parts), *self._ending_in_table(reference.base, marked=reference.marked)]
        whole += self._run_together(parts[0]) if len(parts) == 1 else ()
        yield from whole
        parts_played = ROLES - {"by", "to", "user", "person"}
        named = reference.marked or (parts[-1:] == ("to",) and parts[0] in TO) or parts[-1:] == ("via",)
        if whole and self.family(column) == "uuid" and reference.base[-1:] == ("user",):
            yield from self._person(reference.base)  # their profiles may be meant
        if named and not any(option.fit >= ENDS for option in whole):
            yield from self._partly(table, reference.base)
            yield from self._short_form(tuple(part for part in reference.base if part != "via"))
            yield from self._person(reference.base)
        elif not reference.marked and parts[-1:] and parts[-1] in parts_played and not whole:
            yield from (replace(option, bare=True) for option in self._person(parts))
        yield from self._above(table, reference.base, marked=reference.marked)

    def _ending_in_key(self, parts: tuple[str, ...]) -> Iterator[Option]:
        numbered = parts[:-1] if parts and parts[-1].isdecimal() else parts  # concept_id_1
        for start in range(len(numbered)):
            for key in few(self.by_name.get("".join(numbered[start:]))):
                plain = start == 0 and key.primary and numbered == parts
                yield Option(key, SAME if plain else ENDS)

    def _ending_in_table(self, base: tuple[str, ...], *, marked: bool) -> Iterator[Option]:
        if not marked and "".join(base) in GENERIC | QUANTITIES:
            return
        for start in range(len(base) if marked else 1):
            for key in few(self.by_table.get("".join(base[start:]))):
                yield Option(key, ENDS if start else SAME, bare=not marked)

    def _partly(self, table: Table, base: tuple[str, ...]) -> Iterator[Option]:
        """user_id, first_user_id: power_users; and where the own table's name goes on from it, run_id: run_of_tests."""
        for start in range(len(base)):
            near = few(self.by_ending.get("".join(base[start:]))) if start == 0 or len(base[start]) >= SHORTEST else ()
            yield from (Option(key, LIKE) for key in near if key.table.name != table.name)
        mine, parts = table_word(table), stems(table.name.name)
        for end in range(len(base) + 1, len(parts)):
            near = few(self.by_table.get("".join(parts[:end]))) if parts[: len(base)] == base else ()
            yield from (Option(key, LIKE) for key in near if table_word(key.table) != mine)

    def _run_together(self, name: str) -> Iterator[Option]:
        """billtoaddressid: some key's name at its end, or a table's name before the mark."""
        for start in range(1, len(name) - SHORTEST):
            for key in few(self.by_name.get(name[start:])):
                yield Option(key, ENDS)
        if name.endswith("edby"):  # lastupdatedby
            yield from self._person(("by",))
        mark = next((mark for mark in ("id", "uuid", "guid", "fk") if name.endswith(mark)), "")
        stem = singular(name.removesuffix(mark)) if mark else ""
        for start in range(max(len(stem) - SHORTEST + 2, 1) if stem else 0):
            for key in few(self.by_table.get(stem[start:])):
                yield Option(key, ENDS if start else SAME)
        yield from (Option(key, LIKE) for key in few(self.by_ending.get(stem)))

    def _short_form(self, base: tuple[str, ...]) -> Iterator[Option]:
        """cust_id, emp_id, ship_via: the beginning of one table's name only, or a form in common use."""
        word = base[-1] if base else ""
        long = SHORT_FORMS.get(word, "")
        near = few(self.by_table.get(long)) if long else ()
        if not near and len(word) >= SHORTEST_START and word not in GENERIC:
            near = tuple(
                k for k in self.by_start.get(word[:SHORTEST_START], ()) if table_word(k.table).startswith(word)
            )
        first = min((table_word(key.table) for key in near), key=len, default="")
        one = {key.table.name for key in near if table_word(key.table) == first}
        if len(one) == 1 and all(table_word(key.table).startswith(first) for key in near):
            yield from (Option(key, LIKE) for key in near if key.table.name in one)

    def _person(self, parts: tuple[str, ...]) -> Iterator[Option]:
        """support_rep_id, created_by, reports_to: employees or users, whichever there are."""
        last = parts[-1] if parts else ""
        if last not in ROLES or len(self.people) > MOST_ALIKE:
            return
        staff = [key for key in self.people if stems(key.table.name.name)[-1] in STAFF]
        near = staff if staff and last in STAFF_ROLES else self.people
        plain = [key for key in near if table_word(key.table).removesuffix("info") in PEOPLE]
        yield from (Option(key, LIKE) for key in plain or near)

    def _above(self, table: Table, base: tuple[str, ...], *, marked: bool) -> Iterator[Option]:
        """parent_id, reply_to: a row of the same table."""
        above = bool(base) and (base[-1] in ABOVE or (base[0] in ABOVE and base[-1] == "to"))
        for key in self.of_table.get(table.name, ()) if above else ():
            if key.primary:
                yield Option(key, ENDS if marked else LIKE, bare=not marked)


def _names_itself(table: Table, column: Column) -> bool:
    """Whether the column is a part of the key that is named after its own table: email_address.email_address_id."""
    return column.name in table.primary_key and flat(column.name).startswith(table_word(table))


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


@remembered
def keys_of(db: Snapshot) -> Keys:
    """All keys of one column of a database; of partitioned tables those of the whole."""
    keys = Keys(db)
    for table in db.own_tables():
        if table.partition_of is None and not set(stems(table.name.name)) & LISTS:
            for column, primary in _single(table).items():
                if keys.family(table.column(column)):
                    keys.add(Key(table, table.column(column), primary))
    return keys


def _single(table: Table) -> dict[str, bool]:
    """Columns that alone are a key, and whether the primary one."""
    deferrable = {c.name for c in table.constraints if c.deferrable}
    found = {
        index.columns[0]: index.primary
        for index in sorted(table.indexes, key=lambda index: index.primary)
        if index.unique and index.valid and index.predicate is None and len(index.columns) == 1
        and index.constraint not in deferrable
    }  # fmt: skip
    return {name: primary for name, primary in found.items() if name is not None}
