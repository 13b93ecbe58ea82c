"""What names say: words, singular forms, which table a column seems to refer to."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Table

UPPER, LOWER = "[A-ZÀ-ÖØ-ÞΑ-ΩЀ-Я]", "[a-zß-öø-ÿα-ωа-џ]"
WORD = re.compile(rf"[^\W\d_]+?(?={UPPER}{LOWER})|[^\W\d_]*?{LOWER}(?={UPPER})|[^\W\d_]+|\d+")
MOST_NAMES = 100_000  # that are remembered
MARKS = {"id", "uuid", "guid", "fk", "ref", "key", "ид"}
UNITS = {
    "s", "sec", "secs", "second", "seconds", "ms", "millis", "milliseconds", "min", "mins", "minutes", "hours", "days",
    "bytes", "kb", "mb", "gb", "m", "km", "cm", "mm", "kg", "g", "percent", "pct", "cents",
}  # fmt: skip
IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "bases": "basis",
             "analyses": "analysis", "indices": "index", "vertices": "vertex", "matrices": "matrix"}  # fmt: skip
BY = {"by", "von", "durch", "por", "par", "door", "przez", "av"}  # created_by, erstellt_von, creado_por, cree_par
OWN_TABLE = {"parent", "ancestor", "root", "child", "previous", "next", "reply"}


@dataclass(frozen=True, slots=True)
class ReferenceName:
    """A column's name read as a reference: the words without the mark, and whether there was one (x_id, idX, …)."""

    base: tuple[str, ...]
    marked: bool


@lru_cache(maxsize=MOST_NAMES)
def words(name: str) -> tuple[str, ...]:
    """Words of a name in snake case, camel case or with blanks, in lower case."""
    return tuple(word.lower() for word in WORD.findall(name))


def singular(word: str) -> str:
    """A plain guess at the singular of an English word."""
    if word in IRREGULAR:
        return IRREGULAR[word]
    if len(word) > 3 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes", "zes", "tuses", "ruses", "puses", "nuses")):
        return word[:-2]
    if len(word) > 2 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


@lru_cache(maxsize=MOST_NAMES)
def stems(name: str) -> tuple[str, ...]:
    """Words of a name in the singular."""
    return tuple(map(singular, words(name)))


@lru_cache(maxsize=MOST_NAMES)
def reference_name(column: str) -> ReferenceName:
    """Read a column's name as that of a reference."""
    parts = stems(column)
    if len(parts) > 1 and parts[-1] in MARKS:
        return ReferenceName(parts[:-1], marked=True)
    if len(parts) > 1 and parts[0] in {"id", "fk"}:
        return ReferenceName(parts[1:], marked=True)
    return ReferenceName(parts, marked=len(parts) > 1 and parts[-1] in BY)


def affinity(reference: ReferenceName, table: Relation, *, owner: Relation) -> int:
    """How well a reference's name fits a table's, for a column of the table `owner`.

    3: the same words; 2: the table's name ends the reference's; 1: the reverse, or the reference names a place in a
    hierarchy (parent) and the table is the column's own; 0: not at all.
    """
    named, base = stems(table.name), reference.base
    if not base or not named:
        return 0
    if base == named or "".join(base) == "".join(named):
        return 3
    if base[-len(named) :] == named:
        return 2
    if named[-len(base) :] == base or (table == owner and base[-1] in OWN_TABLE):
        return 1
    return 0


def best_named(reference: ReferenceName, parents: Iterable[Table], *, owner: Relation) -> Table | None:
    """The table that the reference's name fits best; None where none fits, or two fit equally well."""
    ranked = sorted(
        ((affinity(reference, p.name, owner=owner), p.name.schema == owner.schema, p) for p in parents),
        key=lambda entry: entry[:2], reverse=True,
    )  # fmt: skip
    if not ranked or ranked[0][0] == 0:
        return None
    tied = len(ranked) > 1 and ranked[1][:2] == ranked[0][:2]
    return None if tied else ranked[0][2]


def same_quantity(label: str, column: str) -> bool:
    """Whether a label and a column name the same thing, but for a unit: Duration and duration_seconds."""
    mine, theirs = stems(label), stems(column)
    units = {singular(unit) for unit in UNITS}
    return bool(mine) and mine == theirs[: len(mine)] and all(word in units for word in theirs[len(mine) :])


def shared_words(one: str, other: str) -> int:
    """How many words two names have in common."""
    return len(set(stems(one)) & set(stems(other)))
