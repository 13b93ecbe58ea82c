"""Yes or no told twice: a boolean, and beside it another word for it, or its opposite."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from pgrefit.model.ddl import Expression, Literal, expression
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, is_text
from pgrefit.rules._languages import english
from pgrefit.rules._names import shared_words
from pgrefit.rules.data._sample import Values

FEWEST_ROWS = 50
SELDOM = 0.05  # share of the rarer answer, at least
CLOSE = 0.01  # of the rows
YES = {"y", "yes", "j", "ja", "s", "si", "sim", "sí", "o", "oui", "t", "true", "1", "tak", "e", "evet", "a", "active"}
OPPOSITES = (
    {"active", "inactive"}, {"active", "disabled"}, {"active", "closed"}, {"active", "blocked"}, {"active", "archived"},
    {"active", "deleted"}, {"active", "locked"}, {"enabled", "disabled"}, {"open", "closed"}, {"visible", "hidden"},
    {"public", "private"}, {"valid", "invalid"}, {"paid", "unpaid"}, {"paid", "open"}, {"online", "offline"},
    {"shown", "hidden"}, {"read", "unread"}, {"present", "absent"}, {"internal", "external"}, {"allowed", "denied"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns that may say the same, and a condition on alias t: the row says otherwise."""

    table: Table
    one: Column
    other: Column
    differing: Expression
    opposite: bool = False


def answers(table: Table, columns: tuple[Values, ...]) -> Iterator[Pair]:
    """Booleans beside a column of two values that is named alike, and beside a boolean that is named the opposite."""
    stored = [v for v in columns if v.filled >= FEWEST_ROWS and not v.column.generated and _is_answer(v)]
    for one, other in combinations(stored, 2):
        first, second = (other, one) if other.column.type == "boolean" != one.column.type else (one, other)
        if first.column.type == "boolean" and abs(first.filled - second.filled) <= CLOSE * first.rows:
            yield from (
                _opposite(table, first, second) if second.column.type == "boolean" else _same(table, first, second)
            )


def _is_answer(values: Values) -> bool:
    kind = values.column.type == "boolean" or is_text(values.column) or values.column.type in WHOLE_TYPES
    two = values.complete and values.different == 2
    return kind and two and min(values.common.values()) >= SELDOM * values.rows


def _opposite(table: Table, one: Values, other: Values) -> Iterator[Pair]:
    apart = {*english(one.column.name)} ^ {*english(other.column.name)}
    turned = abs(one.common.get("true", 0) - other.common.get("false", 0)) <= CLOSE * one.rows
    if turned and any(apart - {"is"} == pair for pair in OPPOSITES):
        differing = expression("t.{a} = t.{b}", a=one.column.name, b=other.column.name)
        yield Pair(table, one.column, other.column, differing, opposite=True)


def _same(table: Table, one: Values, other: Values) -> Iterator[Pair]:
    true = one.common.get("true", 0)
    fitting = [value for value, rows in other.common.items() if abs(rows - true) <= CLOSE * one.rows]
    yes = [value for value in fitting if value.strip().lower() in YES] or fitting
    if len(yes) == 1 and shared_words(one.column.name, other.column.name):
        differing = expression(
            "t.{a} IS DISTINCT FROM (t.{b}::text = {yes})", a=one.column.name, b=other.column.name, yes=Literal(yes[0])
        )
        yield Pair(table, one.column, other.column, differing)
