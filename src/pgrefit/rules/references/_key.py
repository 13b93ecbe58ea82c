"""Keys of one column, and what the names of their tables say."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import lru_cache

from pgrefit.changes._types import STRINGS, bare
from pgrefit.model.lookup import remembered
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import WHOLE_TYPES
from pgrefit.rules._names import MOST_NAMES, stems, words

from ._vocabulary import FILLER, GENERIC, PEOPLE, SHORT_FORMS

SAME, ENDS, LIKE = 3, 2, 1  # how well a name fits: the same words; words before them; a short form, a person's part
FEWEST_SHARED = 4  # tables, or columns, whose first word tells nothing if nearly all have it
NEARLY_ALL = 0.6
SHORTEST_STEM = 3  # letters of a word without its plural ending
PLURALS = {
    "es": ("",),
    "en": ("", "e"),
    "i": ("o", "e"),
    "e": ("a",),
    "aux": ("al", "au"),
    "x": ("",),
    "lar": ("",),
    "ler": ("",),
    "oes": ("ao",),
    "ns": ("m",),
}
ENDINGS = tuple(PLURALS)
LONGEST_PREFIX = 4  # letters of what stands before each column of a table


@dataclass(frozen=True, slots=True, eq=False)
class Key:
    """A column of a table that alone identifies its rows.

    `word` is the table's name without what all tables of the schema begin with; `home`: the column's name tells its own
    table (product.product_id, product.id), and not another one.
    """

    table: Table
    column: Column
    primary: bool
    word: str
    home: bool

    @property
    def kind(self) -> str:
        """The table's name in full: employee of emp, user of userinfo."""
        return SHORT_FORMS.get(self.word, self.word).removesuffix("info")

    @property
    def telling(self) -> bool:
        """Whether its column or its table has a name that in any schema means the same."""
        return flat(self.column.name) not in GENERIC or self.word in PEOPLE


def is_home(table: Table, column: Column, called: set[str], *, primary: bool) -> bool:
    """Whether the name of a key tells the table that is called so."""
    name, parts = flat(column.name), stems(column.name)
    if (primary and name in GENERIC) or any(
        text.startswith(tuple(called)) for text in (name, plain_name(table, column))
    ):
        return True
    first = parts[0] if parts and len(stems(table.name.name)) == 1 else ""  # dev_eui of device
    return SHORT_FORMS.get(first) in called or (len(first) > 2 and any(word.startswith(first) for word in called))


@dataclass(frozen=True, slots=True)
class Option:
    """A key that a column may hold.

    `bare`: the column's name has no mark of a reference (x_id, x_by, the key's own name). `joined`: a query or a view
    compares the two. `by_values`: nothing but the values says so. `part`: it is the part that a person plays.
    """

    key: Key
    fit: int
    bare: bool = False
    joined: bool = False
    by_values: bool = False
    part: bool = False


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


@remembered
def shared_words(db: Snapshot) -> dict[str, str]:
    """By schema the word that nearly all its tables begin with: wp, oc."""
    firsts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for table in db.own_tables():
        parts = stems(table.name.name)
        firsts[table.name.schema][parts[0] if len(parts) > 1 else ""] += 1
    found: dict[str, str] = {}
    for schema, counted in firsts.items():
        word, tables = counted.most_common(1)[0]
        if word and tables >= FEWEST_SHARED and tables >= NEARLY_ALL * counted.total():
            found[schema] = word
    return found


def same_name(column: Column, key: Column) -> bool:
    """Whether two columns have one name, and not that of very many."""
    return flat(column.name) == flat(key.name) and flat(key.name) not in GENERIC


def column_prefix(table: Table) -> str:
    """What the names of all columns of a table begin with (l_, ps_); '' where that is a word."""
    first, mark, _ = table.columns[0].name.lower().partition("_") if table.columns else ("", "", "")
    start = first + mark
    alike = len(table.columns) >= FEWEST_SHARED and all(c.name.lower().startswith(start) for c in table.columns)
    return start if mark and alike and len(first) <= LONGEST_PREFIX else ""


def plain_name(table: Table, column: Column) -> str:
    """The words of a column's name without what all columns of the table begin with."""
    return flat(column.name[len(column_prefix(table)) :])


def is_plural(name: str) -> bool:
    """Whether a name's last word is a plural."""
    return words(name)[-1:] != stems(name)[-1:]


@lru_cache(maxsize=MOST_NAMES)
def singulars(word: str) -> tuple[str, ...]:
    """What a word may be the plural of in other languages: paises pais, clienti cliente, kunden kunde."""
    if not word.endswith(ENDINGS):
        return ()
    found = {
        word.removesuffix(plural) + ending
        for plural, endings in PLURALS.items() if word.endswith(plural)
        for ending in endings if len(word) - len(plural) >= SHORTEST_STEM
    }  # fmt: skip
    return tuple(sorted(found))
