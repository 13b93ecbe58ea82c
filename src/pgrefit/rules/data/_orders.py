"""Columns of which one is hardly ever above the other, by the data: an end and its beginning, a part and its whole.

An order counts where chance does not bring it about (the rows of one column set beside other rows of the other), and
where what breaks it stands apart: a payment after its due day is the tail of a distribution, a landing before the
take-off is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations, islice

from pgrefit.model import lookup
from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, is_numeric, key_columns, row_of, sample_of
from pgrefit.rules._languages import english, meanings
from pgrefit.rules.data._exact import is_checked
from pgrefit.rules.data._sample import MOMENTS, Values, bare_type, sampled_tables

ROWS = 3000
FEWEST_ROWS = 100
MOST_COLUMNS, MOST_PAIRS = 8, 15
ORDERED = (*MOMENTS, "time without time zone")
SELDOM = 0.01  # share of the rows that may break it
OFTEN = 0.5  # share of the rows in which the two differ
BY_CHANCE, TIMES = 0.02, 10  # share of the rows that would break it, were the columns independent; times as many
STRICTLY = (0.2, 50)  # the same, where no word that they share tells that both are of one kind
NEVER_BY_CHANCE = 0.001
SOFT = {
    "due", "deadline", "plan", "planned", "expected", "estimated", "estimate", "scheduled", "schedule", "target",
    "promised", "requested", "required", "forecast", "eta", "etd", "preferred", "budget", "goal", "reminder", "next",
    "previous", "old", "new", "current", "last", "latest", "home", "away", "seen", "login",
    "visit", "contact", "sync", "synced", "check", "checked", "created", "updated", "modified", "inserted", "changed",
    "deleted", "balance", "delta", "change", "limit", "credit", "debit", "latitude", "longitude", "lat", "lon", "x",
    "y", "left", "right", "review", "viewed", "call", "fallig", "frist", "soll", "geplant", "previsto", "prevista",
    "prevu", "planowany", "termin", "vencimiento", "vencimento", "echeance", "scadenza",
}  # fmt: skip
NUMBER = "pgrefit number"  # a name that no column has
STATES = {"before", "after", "actual", "real", "predicted", "cost", "price"}  # of one number
PLAIN = {"id", "number", "date", "time", "day", "at", "on"}


@dataclass(frozen=True, slots=True)
class Order:
    """Two columns of a table, the first of which is at most the second, nearly always."""

    table: Table
    low: str
    high: str


def questions(observation: Observation) -> Iterator[Question]:
    """How the columns of each table compare, on a sample."""
    yield from (_sampled(observation, table, pairs) for table, pairs in _tables(observation))


@lookup.remembered
def orders(observation: Observation) -> tuple[Order, ...]:
    """Those that the sample bears out."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Order]:
    for table, pairs in _tables(observation):
        row = row_of(observation, _sampled(observation, table, pairs))
        for n, (one, other) in enumerate(pairs if row else ()):
            told = not is_numeric(one) or _share_a_word(one, other)
            if row and _holds(row, n, "above", "below", told=told):
                yield Order(table, one.name, other.name)
            elif row and _holds(row, n, "below", "above", told=told):
                yield Order(table, other.name, one.name)


def _holds(row: Row, pair: int, wrong: str, right: str, *, told: bool) -> bool:
    """Whether hardly a row is wrong, most are right, and chance would have made many wrong, or none.

    Very many, where no word that they share tells that both are of one kind.
    """
    both = row.count(f"both_{pair}")
    if (
        both < FEWEST_ROWS
        or row.count(f"{wrong}_{pair}") > SELDOM * both
        or row.count(f"{right}_{pair}") < OFTEN * both
    ):
        return False
    chance = row.count(f"{wrong}_by_chance_{pair}")
    by_chance, times = (BY_CHANCE, TIMES) if told else STRICTLY
    many = chance >= max(by_chance * both, times * row.count(f"{wrong}_{pair}"))
    return many or (told and chance <= NEVER_BY_CHANCE * both)


@lookup.remembered
def _tables(observation: Observation) -> tuple[tuple[Table, tuple[tuple[Column, Column], ...]], ...]:
    found = ((table, tuple(_pairs(table, columns))) for table, columns in sampled_tables(observation))
    return tuple((table, pairs) for table, pairs in found if pairs)


def _pairs(table: Table, columns: tuple[Values, ...]) -> Iterator[tuple[Column, Column]]:
    keys = key_columns(table)
    filled = {v.column.name for v in columns if v.filled >= FEWEST_ROWS and v.different > 2}
    times = {c.name for c in table.columns if c.type.startswith("time without")}  # which are not sampled
    fitting = [c for c in table.columns if c.name in filled | times and c.name not in keys and _is_plain(c)]
    moments = [c for c in fitting if bare_type(c) in ORDERED][:MOST_COLUMNS]
    yield from islice((pair for pair in combinations(moments, 2) if _may_compare(table, *pair)), MOST_PAIRS)
    numbers = [c for c in fitting if is_numeric(c) and not meanings(c.name) & STATES]
    alike = sorted(combinations(numbers, 2), key=_strangeness)
    yield from islice((pair for pair in alike if _may_compare(table, *pair)), MOST_PAIRS)


def _strangeness(pair: tuple[Column, Column]) -> tuple[bool, int]:
    """First those that share a word, then those that stand side by side."""
    return not _share_a_word(*pair), abs(pair[0].position - pair[1].position)


def _is_plain(column: Column) -> bool:
    """Written by the application, as a fact."""
    return column.default is None and not column.generated and not meanings(column.name) & SOFT


def _may_compare(table: Table, one: Column, other: Column) -> bool:
    alike = bare_type(one) == bare_type(other) or (is_numeric(one) and is_numeric(other))
    return alike and not is_checked(table, one.name, other.name)


def _share_a_word(one: Column, other: Column) -> bool:
    """Of one kind: area_total and area_built."""
    return bool({*english(one.name)} & {*english(other.name)} - PLAIN)


def _sampled(observation: Observation, table: Table, pairs: tuple[tuple[Column, Column], ...]) -> Question:
    """For each pair: how often both are filled, which is above, and which is above the other one of another row."""
    counts = [
        expression(
            "count(*) FILTER (WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL) AS {both},"
            " count(*) FILTER (WHERE t.{a} > t.{b}) AS {above}, count(*) FILTER (WHERE t.{a} < t.{b}) AS {below},"
            " count(*) FILTER (WHERE t.{a} > t.{next}) AS {above_by_chance},"
            " count(*) FILTER (WHERE t.{a} < t.{next}) AS {below_by_chance}",
            a=one.name, b=other.name, next=f"next {n}", both=f"both_{n}", above=f"above_{n}", below=f"below_{n}",
            above_by_chance=f"above_by_chance_{n}", below_by_chance=f"below_by_chance_{n}",
        )
        for n, (one, other) in enumerate(pairs)
    ]  # fmt: skip
    shuffled = [
        expression(
            "lead(CASE WHEN s.{a} IS NOT NULL THEN s.{b} END) OVER (PARTITION BY s.{a} IS NULL OR s.{b} IS NULL"
            " ORDER BY md5(s.{number}::text)) AS {next}",
            a=one.name, b=other.name, next=f"next {n}", number=NUMBER,
        )
        for n, (one, other) in enumerate(pairs)
    ]  # fmt: skip
    columns = [expression("s.{c}", c=name) for name in dict.fromkeys(c.name for pair in pairs for c in pair)]
    select = ddl(
        "SELECT {counts} FROM (SELECT {columns}, {shuffled} FROM (SELECT row_number() OVER () AS {number}, r.*"
        " FROM {sample} AS r) AS s) AS t",
        number=NUMBER, counts=raw(joined(counts)), columns=raw(joined(columns)), shuffled=raw(joined(shuffled)),
        sample=raw(sample_of(observation, table, ROWS)),
    )  # fmt: skip
    return Question(table.name, select, sampled=True)
