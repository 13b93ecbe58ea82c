"""What the names of tables and columns say of each other."""

from __future__ import annotations

from collections.abc import Sequence

from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._languages import english
from pgrefit.rules._names import BY, reference_name, singular, stems, words

from ._key import Key, flat, same_name, singulars, table_word
from ._vocabulary import ADDED, PERSONAL, QUANTITIES, ROLES

Words = tuple[str, ...]
UNTIL = {"bis", "hasta", "ate", "tot", "do", "til", "to", "au"}  # the other end of von, de, van
LAST_PERSONAL = {(word,) for word in PERSONAL}
FEWEST_REPEATED, MOST_REPEATED = 4, 0.5  # columns, and share of them, that two tables of one kind have
LONGEST_ENDING = 3  # letters in which two forms of a word differ


def table_names(table: Table, called: set[str]) -> set[str]:
    """What a reference may call a table: airports_data airport, clienti cliente."""
    last, whole = words(table.name.name)[-1:], flat(table.name.name)
    cut = {name.removesuffix("info") for name in called}
    cut |= {name[:-1] for name in called if name.endswith("is")}  # wikis
    if last != (whole,) and ADDED.issuperset(last):
        cut |= {name.removesuffix("".join(last)) for name in called}
    plurals = {
        name.removesuffix(singular(word)) + other for word in last for name in called for other in singulars(word)
    }
    twice = set(stems(table.name.name)) if len(set(stems(table.name.name))) == 1 else set[str]()  # uom_uom
    return {*called, *cut, *plurals, *twice, whole} - {""}


def is_beside(table: Table, column: Column, key: Key) -> bool:
    """Whether the key's table is named longer, and refers to the same by a column of its own: movie_info.movie_id."""
    reference = reference_name(column.name)
    tails = {reference.base[start:] for start in range(len(reference.base))} if reference.marked else set[Words]()
    longer = {tail for tail in tails if begins(key.table, tail)}
    own = (reference_name(c.name) for c in key.table.columns if c.name != key.column.name)
    return any(name.marked and name.base in longer for name in own)


def is_sibling(table: Table, other: Table) -> bool:
    """Whether a table repeats most columns of another one: rows of the same kind, that are numbered apart."""
    theirs = {flat(c.name) for c in other.columns if c.name not in other.primary_key}
    shared = theirs & {flat(c.name) for c in table.columns if c.name not in table.primary_key}
    return len(shared) >= max(FEWEST_REPEATED, MOST_REPEATED * len(theirs))


def begins(table: Table, base: Words) -> bool:
    """Whether a table's name has these words, and goes on."""
    parts = stems(table.name.name)
    return len(parts) > len(base) and parts[: len(base)] == base


def ends_some(keys: Sequence[Key], base: Words, name: str) -> bool:
    """Whether a table is called so with words before, and is no child of what is: partner_id and res_partner."""
    called = (key.table for key in keys if stems(key.table.name.name)[-len(base) :] == base)
    return any(all(flat(column.name) != name for column in table.columns) for table in called)


def is_child(key: Key, base: Words) -> bool:
    """Whether the key's table refers to what is called so by a column of its own: person_info.person_id."""
    own = (reference_name(c.name) for c in key.table.columns if c.name != key.column.name)
    return any(name.marked and name.base == base for name in own)


def begins_range(table: Table, column: Column) -> bool:
    """Whether it is from where on something counts: preis_von beside preis_bis, alter_von."""
    *before, last = stems(column.name) or ("",)
    if last not in BY:
        return False
    ends = {(*before, word) for word in UNTIL}
    of_quantity = set(english("_".join(before))) & QUANTITIES
    return bool(of_quantity) or any(stems(other.name) in ends for other in table.columns)


def has_people(table: Table) -> bool:
    """Whether columns say that its rows are persons."""
    return any(flat(c.name) in PERSONAL or stems(c.name)[-1:] in LAST_PERSONAL for c in table.columns)


def is_link(key: Key, others: list[Key]) -> bool:
    """Whether a row only says that another one of these persons belongs to something: members.user_id."""
    persons = {other.kind for other in others} - {key.kind}
    own = {index.columns[0] for index in key.table.indexes if index.unique and len(index.columns) == 1}
    named = (reference_name(c.name) for c in key.table.columns if c.name not in own)
    return any(name.marked and "".join(name.base) in persons for name in named)


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


def is_typed_key(column: Column, keys: Sequence[Key]) -> bool:
    """Whether a text is called as the main one of a table's keys, and that is the number it holds as text."""
    return any(key.primary and same_name(column, key.column) for key in keys)


def is_own_kind(table: Table, column: Column, key: Key, own: Sequence[Key]) -> bool:
    """presence_stream.stream_id, and a key of another stream: each has its own; `own` are the keys of the table."""
    base, mine = "".join(reference_name(column.name).base), own[0].word if own else table_word(table)
    if _links(table, base) and table.primary_key != (column.name,):
        return False
    if base in ROLES and column.name in table.primary_key and len(table.primary_key) > 1:  # event_attendee.attendee_id
        return False
    return 0 < len(base) < len(mine) and mine.endswith(base) and base not in {table_word(key.table), key.word}


def _links(table: Table, base: str) -> bool:
    """Whether the table is named after two that it refers to: movie_company of movie_id and company_id."""
    others = ("".join(name.base) for name in map(reference_name, (c.name for c in table.columns)) if name.marked)
    return any(other != base and flat(table.name.name).endswith(other + base) for other in others)


def is_about(key: Key) -> bool:
    """Whether the key's table only tells of what a column of its own refers to: person_info.person_id."""
    named = (reference_name(c.name) for c in key.table.columns if c.name != key.column.name)
    return key.kind != key.word and any(name.marked and "".join(name.base) == key.kind for name in named)


def says_key_of_own(column: Column) -> bool:
    """fk_user of user, that may be empty: what is marked as a foreign key is not the row's own number."""
    return not column.not_null and says_key(column)


def says_key(column: Column) -> bool:
    """Whether the name says that there is, or should be, a foreign key."""
    return "fk" in words(column.name)
