"""Keys that other tables may refer to, to be found by what a column is called, in a database of many tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._languages import english
from pgrefit.rules._names import reference_name, stems

from ._key import (
    ENDS,
    LIKE,
    SAME,
    Key,
    Option,
    family,
    flat,
    is_home,
    is_plural,
    plain_name,
    same_name,
    shared_words,
    table_word,
)
from ._people import persons
from ._ranking import MOST_ALIKE, SHORTEST, few, ranked
from ._readings import (
    begins_range,
    ends_some,
    has_people,
    is_about,
    is_beside,
    is_own_kind,
    is_typed_key,
    names_itself,
    same_stem,
    says_key_of_own,
    shortens,
    table_names,
)
from ._spelled import (
    ENDINGS,
    FIRST_MARKS,
    UNTELLING,
    of_beginning,
    of_compound,
    of_first_noun,
    of_first_words,
    of_head,
    of_last_words,
    of_one_end,
    of_other_keys,
    otherwise_written,
    run_together,
)
from ._types import base_type
from ._vocabulary import (
    ABOVE,
    ADDED,
    AMBIGUOUS,
    CODES,
    COUNTED,
    ELSEWHERE,
    GENERIC,
    INSTEAD,
    INVARIABLE,
    NODES,
    OF,
    PEOPLE,
    QUANTITIES,
    ROLES,
    SHORT_FORMS,
    TO,
    UPWARDS,
)

TITLES = {"name", "title", "label"}  # what nobody calls an id
MOST_TRIED = 300
SHORTEST_START = 3  # letters of a short form
LAST_ABOVE = {(word,) for word in ABOVE}
UNSETTLED = ELSEWHERE | NODES | ABOVE  # words of what may be of any table, or of none
UNSURE = {(word,) for word in AMBIGUOUS - {"by", "to", "user", "person"}}
Told = dict[tuple[str, str], tuple[Option, ...]]  # by a column's name and what its values can equal


@dataclass(frozen=True, slots=True, eq=False)
class Keys:
    """All keys of one column, by the names under which columns refer to them."""

    db: Snapshot
    of_table: defaultdict[Relation, list[Key]] = field(default_factory=lambda: defaultdict(list))
    by_name: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # product_id
    by_table: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # product
    by_ending: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # of power_user: user
    by_words: defaultdict[frozenset[str], list[Key]] = field(default_factory=lambda: defaultdict(list))  # in any order
    by_start: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # of product: pro
    unsure: defaultdict[str, list[Key]] = field(default_factory=lambda: defaultdict(list))  # keys, or references
    people: list[Key] = field(default_factory=list[Key])
    actors: list[Key] = field(default_factory=list[Key])  # editor, customer: people where there are no others
    # What depends on a name or a type alone, and many columns have the same, is told once.
    families: dict[str, str] = field(default_factory=dict[str, str])
    plainly: Told = field(default_factory=dict[tuple[str, str], tuple[Option, ...]])
    loosely: Told = field(default_factory=dict[tuple[str, str], tuple[Option, ...]])

    def family(self, column: Column) -> str:
        """What the values of a column can equal."""
        known = self.families.get(column.type)
        if known is None:
            known = self.families[column.type] = family(base_type(self.db, column.type))
        return known

    def add(self, table: Table, column: Column, *, primary: bool) -> None:
        """Make a key, and enter it."""
        parts, word = stems(table.name.name), table_word(table)
        shared = shared_words(self.db).get(table.name.schema)
        first = 0 if len(parts) < 2 or parts[0] != shared else 2 if len(parts) > 2 and len(parts[1]) == 1 else 1
        short = "".join(parts[first:]) if first else word
        self.enter(Key(table, column, primary, short, is_home(table, column, {word, short}, primary=primary)))

    def enter(self, key: Key) -> None:
        """Enter a key under all its names."""
        table, column, primary, short = key.table, key.column, key.primary, key.word
        parts, word, name = stems(table.name.name), table_word(table), flat(column.name)
        self.of_table[table.name].append(key)
        refers = not primary and reference_name(column.name).marked and not name.startswith((word, short))
        if refers:
            self.unsure[name].append(key)
        for own in {name, plain_name(table, column)} if not refers else ():
            if own not in GENERIC and own not in {word, short}:
                self.by_name[own].append(key)
        for called in {word, short} if not refers else ():
            if not name.startswith(called):
                self.by_name[called + name].append(key)
        if primary or (self.family(column) == "text" and not refers):
            self._add_table(key, parts, table_names(table, {word, short, SHORT_FORMS.get(word, word)}))

    def settle(self) -> None:
        """Enter unique columns named after no table, of which there is one: nothing else can they refer to."""
        for name, near in self.unsure.items():
            base = reference_name(near[0].column.name).base
            tails = [base[start:] for start in range(len(base))]
            others = (
                "".join(t) in self.by_table or ends_some(self.by_ending.get("".join(t), ()), t, name) for t in tails
            )
            persons = bool(set(base) & (ROLES | PEOPLE)) and near[0] not in (*self.people, *self.actors)
            unsure = bool(set(base) & UNSETTLED) or (persons and not has_people(near[0].table))
            plain = name.endswith(("id", "guid")) and len(near) == 1 and name not in self.by_name  # not an api_key
            if plain and not any(others) and not unsure:
                self.by_name[name].append(near[0])

    def _add_table(self, key: Key, parts: tuple[str, ...], called: set[str]) -> None:
        for name in called:
            self.by_table[name].append(key)
        if len(parts) > 1:
            self.by_words[frozenset(parts)].append(key)
        for first in {name[:SHORTEST_START] for name in (key.word, table_word(key.table), *parts[-1:])}:
            self.by_start[first].append(key)
        for start in range(1, len(parts)):
            self.by_ending["".join(parts[start:])].append(key)
        for start in range(1, len(parts) - 1 if ADDED.issuperset(parts[-1:]) else 0):  # catalog_product_entity
            self.by_ending["".join(parts[start:-1])].append(key)
        for start in range(1, len(key.word) - SHORTEST if len(parts) == 1 else 0):  # maplegendset
            self.by_ending[key.word[start:]].append(key)
        if {key.kind, "".join(english(key.kind)), *parts[-1:]} & PEOPLE and not is_about(key):
            self.people.append(key)
        elif key.word in ROLES or has_people(key.table):
            self.actors.append(key)

    def options(self, table: Table, column: Column) -> tuple[Option, ...]:
        """The keys that the column may refer to by its name, the likeliest first."""
        wanted = self.family(column)
        found: dict[Key, Option] = {}
        for option in self._by_name(table, column, wanted) if wanted else ():
            known = found.get(option.key)
            better = known is None or (option.fit, not option.bare) > (known.fit, not known.bare)
            if better and self.family(option.key.column) == wanted and not self._another(table, column, option):
                found[option.key] = option
        exact = {k.table.name: k for k in found if same_name(column, k.column) and k.table.name != table.name}
        return ranked(table, (o for key, o in found.items() if exact.get(key.table.name, key) is key))

    def _another(self, table: Table, column: Column, option: Option) -> bool:
        """Whether the name is rather the table's own key, a natural one, or that of something elsewhere."""
        key, own, unique = option.key, option.key.table.name == table.name, self._unique(table, column)
        named = option.fit == SAME and not option.bare and not says_key_of_own(column)
        itself = own and (key.column.name == column.name or named)
        itself |= option.fit < SAME and names_itself(table, column)
        itself |= unique and not (key.primary or key.home) and same_name(column, key.column)  # each has its own
        rootless = own and unique and column.not_null
        text = self.family(column) == "text"
        same = key.home and flat(key.column.name) == flat(column.name) and reference_name(column.name).marked
        natural = not key.primary and not same
        typed = text and not key.primary and is_typed_key(column, self.of_table[key.table.name])
        by_chance = natural if text else option.fit == LIKE and self.family(column) == "whole"  # github_id
        title = text and not key.primary and not option.bare and flat(key.column.name) in TITLES
        elsewhere = option.fit < SAME and bool(set(stems(column.name)) & ELSEWHERE)
        return (
            itself
            or (rootless or typed or title or elsewhere)
            or (by_chance and unique)
            or is_own_kind(table, column, key, self.of_table.get(table.name, ()))
            or is_beside(table, column, key)
        )

    def _unique(self, table: Table, column: Column) -> bool:
        return any(key.column.name == column.name for key in self.of_table.get(table.name, ()))

    def _by_name(self, table: Table, column: Column, wanted: str) -> Iterator[Option]:
        """Names with separators, without; where these fail short forms, parts that people play."""
        if begins_range(table, column):
            return
        reference, parts = reference_name(column.name), stems(column.name)
        whole = [*self._plainly(column.name, wanted)]
        whole += self._of_own_kind(table, reference.base, marked=reference.marked)
        words_alike = few(self.by_words.get(frozenset(reference.base))) if len(reference.base) > 1 else ()
        whole += [Option(key, LIKE, bare=not reference.marked) for key in words_alike]
        whole = [option for option in whole if not is_beside(table, column, option.key)]
        yield from whole
        parts_played = ROLES - {"by", "to", "user", "person"}
        named = reference.marked or (parts[-1:] == ("to",) and parts[0] in TO) or parts[-1:] == ("via",)
        if whole and wanted == "uuid" and reference.base[-1:] == ("user",):
            yield from persons(self, reference.base, wanted)  # their profiles may be meant
        if wanted != "whole":  # whose values tell which of several is meant
            yield from self._goes_on(table, reference.base)
        if named and not any(option.fit >= ENDS for option in whole):
            yield from self._partly(table, reference.base, wanted)
            base = tuple(part for part in reference.base if part != "via")
            yield from self._short_form(base, wanted, but=table.name if len(base) == 1 else None)
            alike = (*self._inflected(reference.base), *of_first_noun(self, reference.base))
            yield from (replace(o, bare=wanted == "whole") for o in alike if o.key.table.name != table.name)
            unsure = wanted == "whole" and reference.base[-1:] in UNSURE
            yield from (replace(option, bare=option.bare or unsure) for option in persons(self, reference.base, wanted))
        elif parts[1:] and parts[-1:] == ("uid",) and wanted == "whole" and not whole:
            yield from (replace(option, bare=True) for option in persons(self, ("by",), wanted))
        elif not reference.marked and parts[-1:] and parts[-1] in parts_played and not whole:
            alone = not is_plural(column.name) and parts[-1] not in AMBIGUOUS
            yield from (
                replace(o, bare=o.bare or not alone, part=alone and not o.bare) for o in persons(self, parts, wanted)
            )
        counts = wanted == "whole" and is_plural(column.name)  # games, of a table game_map
        if not reference.marked and all(option.bare for option in whole) and not counts:
            yield from self._loosely(column.name, wanted)
        yield from self._above(table, reference.base, marked=reference.marked)

    def _plainly(self, name: str, wanted: str) -> tuple[Option, ...]:
        """Keys and tables of the name, or of its end."""
        known = self.plainly.get((name, wanted))
        if known is None:
            reference, parts = reference_name(name), stems(name)
            counted = wanted == "whole" and not reference.marked and is_plural(name)  # errors, of a table errors
            called = self._ending_in_table(reference.base, marked=reference.marked)
            found = [*self.ending_in_key(parts), *(replace(o, fit=LIKE) if counted else o for o in called)]
            found += (*otherwise_written(self, parts), *of_first_words(self, parts)) if len(parts) > 1 else ()
            found += of_one_end(self, reference.base) if reference.marked else ()
            found += of_head(self, reference.base) if parts[:1] in FIRST_MARKS and reference.marked else ()
            found += run_together(self, parts[0], wanted) if len(parts) == 1 else ()
            found += of_other_keys(self, found) if wanted == "whole" else ()
            known = self.plainly[name, wanted] = tuple(found)
        return known

    def _loosely(self, name: str, wanted: str) -> tuple[Option, ...]:
        known = self.loosely.get((name, wanted))
        if known is None:
            known = self.loosely[name, wanted] = tuple(self._unmarked(name, stems(name), wanted))
        return known

    def ending_in_key(self, parts: tuple[str, ...]) -> Iterator[Option]:
        """Keys named as the name ends."""
        numbered = parts[:-1] if parts and parts[-1].isdecimal() else parts  # concept_id_1
        for start in range(len(numbered)):
            name = "".join(numbered[start:])
            for key in few(self.by_name.get(name)):
                satellite = not key.home and (
                    name in self.by_table or not name.endswith(ENDINGS)
                )  # release_date.release
                called = key.primary or name.endswith(ENDINGS[0])  # by a unique column's very name: hadm_id
                plain = start == 0 and called and numbered == parts and not satellite
                yield Option(key, SAME if plain else ENDS, bare=satellite)

    def _ending_in_table(self, base: tuple[str, ...], *, marked: bool) -> Iterator[Option]:
        if not marked and "".join(base) in QUANTITIES:
            return
        generic = not marked and "".join(base) in GENERIC
        for start in range(len(base) if marked else 1):
            for key in few(self.by_table.get("".join(base[start:]))):
                yield Option(key, ENDS if start or generic else SAME, bare=not marked)

    def _of_own_kind(self, table: Table, base: tuple[str, ...], *, marked: bool) -> Iterator[Option]:
        """artist.type_id, artist.type: artist_type; blog_comment.post_id, blog_comment.first_post_id: blog_post."""
        parts = stems(table.name.name)
        base = base[:-1] if len(base) > 1 and not marked and base[-1] in CODES else base  # shipment.status_code
        for start in range(len(base) if marked else min(len(base), 1)):
            tail = "".join(base[start:])
            for end in range(1, len(parts) + 1 if tail else 0):
                for key in few(self.by_table.get("".join(parts[:end]) + tail)):
                    plain = not start and (marked or end == len(parts))
                    if key.home and key.table.name != table.name:
                        yield Option(key, ENDS if plain else LIKE, bare=not marked)

    def _unmarked(self, name: str, parts: tuple[str, ...], wanted: str) -> Iterator[Option]:
        """begin_area, team_1, cust_no, cod_cliente; counts and amounts are none."""
        if not parts or parts[0] in COUNTED:
            return
        *before, last = parts
        numbered = bool(before) and (last.isdecimal() or len(last) == 1)
        base = tuple(before) if numbered else parts
        if not is_plural(name) or last in INVARIABLE:
            yield from self._bare_ending(base, 0 if numbered else 1)
        coded = tuple(before) if last in CODES else parts[1:] if parts[0] in CODES else ()
        for start in range(len(coded)):
            several = few(self.by_ending.get("".join(coded))) if start == 0 and len(coded) > 1 else ()
            near = few(self.by_table.get("".join(coded[start:]))) or several
            yield from (Option(key, ENDS, bare=start > 0 or wanted != "text" or not key.primary) for key in near)
        yield from of_compound(self, base[-1] if base else "")
        yield from of_beginning(self, base)
        short = (*self._short_form(coded, wanted), *self._inflected(coded)) if coded else ()
        yield from (replace(option, bare=True) for option in short)

    def _bare_ending(self, base: tuple[str, ...], first: int) -> Iterator[Option]:
        for start in range(first, len(base)):
            tail = "".join(base[start:])
            called = SHORT_FORMS.get(tail, tail)
            near = few(self.by_table.get(called)) if tail not in GENERIC | QUANTITIES else ()
            yield from (Option(key, ENDS, bare=True) for key in near)
        alike = few(self.by_ending.get("".join(base))) if len(base) > 1 else ()
        yield from (Option(key, LIKE, bare=True) for key in alike)

    def _partly(self, table: Table, base: tuple[str, ...], wanted: str) -> Iterator[Option]:
        """user_id, first_buyer_id: power_users, important_buyers; srcfeature_id: feature."""
        shortest = SHORTEST if wanted == "whole" else SHORTEST - 1
        for start in range(len(base)):
            near = few(self.by_ending.get("".join(base[start:]))) if start == 0 or len(base[start]) >= shortest else ()
            yield from (Option(key, LIKE) for key in near if key.table.name != table.name)
        last = base[-1] if base else ""
        for start in range(1, len(last) - SHORTEST + 1):
            yield from (Option(key, LIKE) for key in few(self.by_table.get(last[start:])))
        if wanted == "whole":
            yield from self._goes_on(table, base)

    def _goes_on(self, table: Table, base: tuple[str, ...]) -> Iterator[Option]:
        """run_id: run_of_tests, where the own table's name goes on from it too."""
        mine, parts = table_word(table), stems(table.name.name)
        for end in range(len(base) + 1, len(parts)):
            near = few(self.by_table.get("".join(parts[:end]))) if base and parts[: len(base)] == base else ()
            yield from (Option(key, LIKE) for key in near if table_word(key.table) != mine)

    def _short_form(self, base: tuple[str, ...], wanted: str, *, but: Relation | None = None) -> Iterator[Option]:
        """cust_id, part_cat_id, ship_via: the beginning of one table's name only, or a form in common use."""
        word = base[-1] if base else ""
        long = SHORT_FORMS.get(word, "")
        near = few(self.by_table.get(long)) if long else ()
        if len(base) > 1:
            near = (*near, *(key for key in self.beginning_as(base[0]) if shortens(base, key)))
        if not near and len(word) >= SHORTEST_START and word not in GENERIC:
            begun = (key for key in self.beginning_as(word) if key.word.startswith(word))
            near = tuple(key for key in begun if key.table.name != but)  # emp_id of employee is another's
            near = near or tuple(of_last_words(self, word))
        first = min((key.word for key in near), key=len, default="")
        one = {key.table.name for key in near if key.word == first}
        if wanted != "whole" and len(near) <= MOST_ALIKE:
            yield from (Option(key, LIKE) for key in near)
        elif len(one) == 1 and all(key.word.startswith(first) for key in near):
            yield from (Option(key, LIKE) for key in near if key.table.name in one)

    def _inflected(self, base: tuple[str, ...]) -> Iterator[Option]:
        """cliente_id: clienti, kunden_id: kunde; the one table whose name differs in a few letters at the end."""
        yield from (Option(key, LIKE) for key in self._of_stem(base[-1] if base else ""))

    def of_word(self, word: str) -> tuple[Key, ...]:
        """Keys of the tables of that name, or of the one whose name differs in a few letters at the end."""
        return few(self.by_table.get(word)) or self._of_stem(word)

    def _of_stem(self, word: str) -> tuple[Key, ...]:
        near = tuple(key for key in self.beginning_as(word) if same_stem(word, key.word))
        return near if len({key.table.name for key in near}) == 1 else ()

    def beginning_as(self, word: str) -> list[Key]:
        """Keys of tables whose names begin with the same letters."""
        near = self.by_start.get(word[:SHORTEST_START], [])
        return near if len(near) <= MOST_TRIED else []

    def _above(self, table: Table, base: tuple[str, ...], *, marked: bool) -> Iterator[Option]:
        """parent_id, reply_to, duplicate_of: a row of the same table."""
        core = english("_".join(base[:-1] if base[-1:] and base[-1] in {"of", "to", "into", "a", "zu", "na"} else base))
        of_another = len(base) > 1 and base[-1] in OF and not set(english("_".join(base))) & UNTELLING
        named = core[-1:] in LAST_ABOVE
        qualified = core[:1] in UPWARDS or (core[:1] in LAST_ABOVE and (marked or base[-1:] == ("to",)))
        above = named or qualified  # parent_station, reply_to
        for key in self.of_table.get(table.name, ()) if above or of_another or "".join(base) in INSTEAD else ():
            if key.primary:
                rest = core[:-1] if core[-1:] in UPWARDS else core[1:] if core[:1] in UPWARDS else ()
                said = "".join(rest) in {key.word, table_word(table)}  # comment_parent, parent_location
                plain = (marked and named) or core in UPWARDS or said
                yield Option(key, ENDS if plain else LIKE, bare=not plain and core[-1:] not in UPWARDS)
