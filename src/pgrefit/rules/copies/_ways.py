"""How the rows that refer to a row may be counted or summed up: by the names, or by what comes to about as much."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations, takewhile
from math import log

from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import (
    WHOLE_TYPES,
    is_numeric,
    is_text,
    key_columns,
    statistics_of,
)
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import reference_name, stems, words
from pgrefit.rules.copies._through import Through
from pgrefit.rules.data._meanings import ENUMERATIONS

MOST_WAYS = 48
DECIMALS = re.compile(r",(\d+)\)$")  # of a numeric type
FEWEST_UNNAMED, LARGE = 25, 20  # rows, where no name tells; or a mean that chance does not bring about
FEWEST_AVERAGED = 50  # rows: of few a mean may be near to what it is not
MOST_ALIKE = 0.7  # share of one number, where no name tells
NEAR = 0.8  # likeness of averages
STEM, SAME = 4, 0.6  # letters that two words share from the first on, and their share
MOST_VALUES = 6  # of a column that says which rows are counted
COUNTS = {"count", "counter", "number", "num", "nb", "cnt", "total", "quantity", "qty", "no", "qt", "qtd", "qtde",
          "anz", "anzahl", "zahl", "cantidad", "cant", "liczba", "aantal", "numero"}  # fmt: skip
REBATES = {"discount", "rebate", "reduction", "rabatt", "remise", "descuento", "desconto", "sconto", "rabat", "korting",
           "indirim"}  # fmt: skip
DISTINCT = {"distinct", "unique", "different"}
BELOW = {"child", "children", "sub", "subordinate", "subordinates", "report", "reports", "descendant", "kinder",
         "hijos", "enfants", "filhos", "figli", "dzieci", "podwladni", "unterstellte", "replies", "reply",
         "kinderzahl", "cocuk", "alt"}  # fmt: skip
SUMS = {
    "total",
    "sum",
    "amount",
    "balance",
    "spent",
    "points",
    "point",
    "paid",
    "quantity",
    "qty",
    "revenue",
    "duration",
}
SUMMED = {"amount", "total", "price", "subtotal", "quantity", "qty", "value", "point", "cost", "duration", "minute",
          "hour", "second"}  # fmt: skip
FIRST = {"first", "earliest", "oldest", "min", "initial", "erste", "erster", "premier", "primera", "primer", "primeiro"}
LAST = {"last", "latest", "newest", "recent", "max", "ult", "letzte", "letzter", "letztes", "dernier", "derniere",
        "ultima", "ultimo", "laatste", "ostatni"}  # fmt: skip
WRITTEN = {"created", "inserted", "updated", "modified", "deleted", "born", "birth"}
MOST_MOMENTS, MOST_KEYS = 3, 6
SEVERAL = 1.5  # rows that refer, for each row
MOST_FACTORS = 3
SOME_ZERO = 0.01  # share of the rows


@dataclass(frozen=True, slots=True)
class Way:
    """How rows may be counted: an aggregate over alias t, in words, and about what it gives on average.

    `differ`: of a mean, whether its numbers differ; where they are all the same they may be copies of what is stored.
    """

    value: Expression
    words: str
    expected: float | None = None
    differ: Expression | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows: a condition over alias t, in words, and about what share of all they are."""

    test: Expression
    words: str
    share: float
    simple: bool = True  # of one value

    def of(self, way: Way) -> Way:
        """The same of these rows alone."""
        value = expression("{value} FILTER (WHERE {test})", value=raw(way.value), test=raw(self.test))
        return Way(value, f"{way.words} {self.words}", way.expected and way.expected * self.share)


def ways_of(observation: Observation, table: Table, column: Column, through: Through) -> tuple[Way, ...]:
    """By the names; without them what would come to about the same on average."""
    child, rows = through.table, observation.rows(table.name)
    seen = statistics_of(observation, table).column(column.name)
    stored, each = average(seen), observation.rows(child.name) / rows if rows > 0 else 0.0
    far = through.by is not None  # then only what a name tells
    count = Way(Expression("count(*)"), "rows", each)
    counted = _counts_by_name(column, child)
    plain = counted and meanings(column.name) & {"count", "counter", "cnt", "num"}
    within = through.parent == child.name and bool(meanings(column.name) & BELOW)
    named_so = [count] if counted or within else []
    named_so += [] if plain else _sums(column, child)
    named_so += _different(column, child, through)
    filters = _filters(observation, child)
    found = [*named_so, *(p.of(way) for way in named_so for p in filters if p.simple or way.expected)]
    many = rows >= FEWEST_UNNAMED or (stored or 0) > LARGE
    varied = many and max(seen.frequencies, default=0) <= MOST_ALIKE if seen else False
    if stored and varied and not plain and not far:
        sums = [*([count] if column.type in WHOLE_TYPES else ()), *_all_sums(observation, through, each)]
        of_parts = (part.of(way) for way in sums for part in filters)
        found += [way for way in (*sums, *of_parts) if way.expected and _is_near(stored, way.expected)]
        found += _signed(observation, child)
        found += _means(observation, column, child, stored) if rows >= FEWEST_AVERAGED else ()
    near = sorted(dict.fromkeys(found), key=lambda way: _distance(stored, way))
    return tuple(near[:MOST_WAYS])


def _distance(stored: float | None, way: Way) -> float:
    """How far an average is from what is stored; nothing where it is not known."""
    return abs(log(way.expected / stored)) if stored and way.expected and stored * way.expected > 0 else 0.0


def _all_sums(observation: Observation, through: Through, each: float) -> Iterator[Way]:
    """Of the numbers of the rows, and of the rows that these refer to by another way."""
    child = through.table
    for value, name, number in _summable(observation, child):
        yield Way(expression("sum({v})", v=raw(value)), f"sum of {name}", each * number)
    yield from _products(observation, child, each)
    for key in child.foreign_keys:
        parent = observation.snapshot.find_table(key.parent) if key.parent and key.parent != through.parent else None
        for value, name, number in _summable(observation, parent) if parent and len(key.columns) == 1 else ():
            inner = expression("(SELECT {v} FROM {parent} AS q WHERE q.{k} = t.{f})", k=key.parent_columns[0],
                               v=raw(Expression(value.replace("t.", "q.", 1))), f=key.columns[0],
                               parent=parent.name if parent else child.name)  # fmt: skip
            yield Way(expression("sum({v})", v=raw(inner)), f"sum of {key.columns[0]}’s {name}", each * number)


def _products(observation: Observation, child: Table, each: float) -> Iterator[Way]:
    """Sums of what one costs, with decimals, times how many, a whole number: whatever the two are called."""
    numbers = list(_summable(observation, child))
    whole = [number for number in numbers if child.column(number[1]).type in WHOLE_TYPES]
    for price, a, one in [number for number in numbers if number not in whole][:MOST_FACTORS]:
        for quantity, b, many in whole[:MOST_FACTORS]:
            product = expression("sum({p} * {q})", p=raw(price), q=raw(quantity))
            yield Way(product, f"sum of {a} * {b}", each * one * many)
            yield from _less(numbers, (price, a), (quantity, b), each * one * many)


def _less(
    numbers: list[tuple[Expression, str, float]], price: tuple[Expression, str], quantity: tuple[Expression, str],
    expected: float,
) -> Iterator[Way]:  # fmt: skip
    """The same less a discount of each row, in per cent or as a share."""
    for rebate, name, mean in numbers:
        if meanings(name) & REBATES and name not in {price[1], quantity[1]}:
            words = f"sum of {price[1]} * {quantity[1]} less {name}"
            parts = {"p": raw(price[0]), "q": raw(quantity[0]), "r": raw(rebate)}
            percent = expression("sum(round({p} * {q} * (100 - {r}) / 100, 2))", **parts)
            yield Way(percent, f"{words} %", expected * (1 - mean / 100))
            yield Way(expression("sum(round({p} * {q} * (1 - {r}), 2))", **parts), words, expected * (1 - mean))


def _signed(observation: Observation, child: Table) -> Iterator[Way]:
    """Sums of what came in less what went out, where a text of two values says which it is."""
    numbers = [number for number in _summable(observation, child) if number[2] > 0][:MOST_FACTORS]
    for column in child.columns:
        seen = statistics_of(observation, child).column(column.name) if is_text(column) else None
        ways = seen.values if seen and seen.distinct == 2 == len(seen.values) and not seen.null_fraction else ()
        for value in ways:
            for number, name, _ in numbers:
                test, v = _one_of(column, (value,)), raw(number)
                signed = expression("sum(CASE WHEN {test} THEN {v} ELSE - {v} END)", test=raw(test), v=v)
                yield Way(signed, f"sum of {name}, with {column.name} {value}, less that of the others")


def _summable(observation: Observation, table: Table) -> Iterator[tuple[Expression, str, float]]:
    """Numbers over alias t, their names, and their means."""
    keys, statistics = key_columns(table), statistics_of(observation, table)
    for column in table.columns:
        if is_numeric(column) and column.name not in keys and not column.identity:
            mean = average(statistics.column(column.name))
            if mean:
                yield expression("t.{c}", c=column.name), column.name, mean


def _means(observation: Observation, column: Column, child: Table, stored: float) -> Iterator[Way]:
    """Means of the rows' numbers, rounded as it is stored; of those that are about as great."""
    decimals = DECIMALS.search(column.type)
    for value, name, mean in _summable(observation, child) if column.type not in WHOLE_TYPES else ():
        if _is_near(stored, mean):
            rounded = expression("round(avg({v}), {n})", v=raw(value), n=int(decimals[1]) if decimals else 2)
            differ = expression("min({v}) < max({v})", v=raw(value))
            yield Way(rounded, f"mean of {name}", mean, differ)


def _is_near(stored: float, expected: float) -> bool:
    return 0 < NEAR * expected <= stored <= expected / NEAR


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of the rows that refer, and of the rows that these refer to, of which the first or the last is kept."""

    observation: Observation
    column: Column
    through: Through

    def ways(self) -> Iterator[Way]:
        """The last and the first of each, of all rows and of some."""
        said, child = meanings(self.column.name), self.through.table
        orders = [("max", "last")] * (not said & FIRST) + [("min", "first")] * (not said & LAST)
        moments = list(self._moments())[:MOST_MOMENTS]
        found = [self._way(*order, *moment) for moment in moments for order in orders]
        yield from found
        parts = _filters(self.observation, child)[: MOST_WAYS // max(1, len(found))]
        yield from (part.of(way) for part in parts for way in found)

    def _way(self, function: str, word: str, value: Expression, name: str) -> Way:
        written = expression("{f}({value})", f=raw(Expression(function)), value=raw(value))
        return Way(written, f"{word} {name}")

    def _moments(self) -> Iterator[tuple[Expression, str]]:
        child = self.through.table
        for column in child.columns:
            if self._fits(column):
                yield self._cast(expression("t.{c}", c=column.name), column), column.name
        for key in child.foreign_keys if len(child.foreign_keys) <= MOST_KEYS else ():
            other = key.parent != self.through.parent and len(key.columns) == 1 and key.columns != self.through.columns
            parent = self.observation.snapshot.find_table(key.parent) if key.parent and other else None
            for column in parent.columns if parent else ():
                if parent and self._fits(column):
                    inner = expression("(SELECT q.{c} FROM {parent} AS q WHERE q.{k} = t.{f})", c=column.name,
                                       parent=parent.name, k=key.parent_columns[0], f=key.columns[0])  # fmt: skip
                    yield self._cast(inner, column), f"{key.columns[0]}’s {column.name}"

    def _fits(self, column: Column) -> bool:
        return is_moment(column) and (is_day(self.column) or not is_day(column)) and not column.generated

    def _cast(self, value: Expression, column: Column) -> Expression:
        return expression("{v}::date", v=raw(value)) if is_day(self.column) and not is_day(column) else value


def is_moment(column: Column) -> bool:
    """A date, or a date with a time."""
    return column.type.startswith("timestamp") or column.type == "date"


def is_day(column: Column) -> bool:
    """A date alone."""
    return column.type == "date"


def keeps_one_of(observation: Observation, column: Column, through: Through) -> bool:
    """Whether a moment may be the first or the last of those of the rows: it says so, or there are several of each."""
    said = meanings(column.name)
    if not is_moment(column) or said & WRITTEN:
        return False
    return bool(said & (FIRST | LAST)) or (
        through.by is None and observation.rows(through.table.name) >= SEVERAL * observation.rows(through.parent) > 0
    )


def average(seen: ColumnStatistics | None) -> float | None:
    """About the mean of a numeric column, by what ANALYZE kept."""
    if seen is None or not (seen.values or seen.bounds):
        return None
    common = sum(float(value) * share for value, share in zip(seen.values, seen.frequencies, strict=False))
    rest = max(0.0, 1 - seen.null_fraction - sum(seen.frequencies))
    bounds = [float(value) for value in seen.bounds]
    return common + (rest * sum(bounds) / len(bounds) if bounds else 0.0)


def _different(column: Column, child: Table, through: Through) -> Iterator[Way]:
    """How many different ones the rows refer to, where the number is called after them: customers, by customer_id."""
    parts = {*stems(column.name)} - COUNTS - DISTINCT
    if column.type not in WHOLE_TYPES or not parts:
        return
    for other in child.columns:
        base = {*reference_name(other.name).base} - COUNTS
        own = other.name in through.columns or child.primary_key == (other.name,)
        if not own and base and base <= parts and reference_name(other.name).marked:
            yield Way(expression("count(DISTINCT t.{c})", c=other.name), f"number of different {other.name}")


def _counts_by_name(column: Column, child: Table) -> bool:
    """comment_count, num_comments, comments, published_comments: the child's name, or its end, and what is counted."""
    parts, name = english(column.name), english(child.name.name)
    rest = tuple(part for part in parts if part not in COUNTS)
    marked = rest != parts
    plural = not marked and words(column.name)[-1:] != stems(column.name)[-1:]
    whole = column.type in {"smallint", "integer", "bigint", "numeric"}
    return whole and bool(rest) and (marked or plural) and (_ends(name, rest) or _within(rest, name))


def _ends(name: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    return len(rest) <= len(name) and all(map(_alike, name[-len(rest) :], rest))


def _within(rest: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether the child's name, or its last word, is in it: what else is said tells which rows are counted."""
    return bool(name) and len(rest) > 1 and any(_alike(name[-1], part) for part in rest)


def _alike(one: str, other: str) -> bool:
    """The same word, or singular and plural of it in a language of which we know no plurals."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return one == other or (alike >= STEM and alike >= SAME * max(len(one), len(other)))


def _sums(column: Column, child: Table) -> list[Way]:
    """Sums of a column that is named alike, or of quantity times price."""
    parts = meanings(column.name)
    keys = key_columns(child)
    numbers = [c.name for c in child.columns if is_numeric(c) and c.name not in keys and not c.identity]
    if not parts & SUMS:
        return []
    alike = [name for name in numbers if meanings(name) & (SUMMED | parts)]
    found = [Way(expression("sum(t.{c})", c=name), f"sum of {name}") for name in alike[:4]]
    quantities = [name for name in numbers if meanings(name) & {"quantity", "qty"}]
    prices = [name for name in numbers if meanings(name) & {"price", "cost"}]
    return found + [
        Way(expression("sum(t.{a} * t.{b})", a=a, b=b), f"sum of {a} * {b}")
        for a in quantities[:1] for b in prices[:2]
    ]  # fmt: skip


def _filters(observation: Observation, child: Table) -> list[Part]:
    """Conditions by which some rows may be left out: flags, what is gone, one of a few states."""
    found: list[Part] = []
    for column in child.columns:
        seen = statistics_of(observation, child).column(column.name)
        shares = dict(zip(seen.values, seen.frequencies, strict=False)) if seen else {}
        if column.type == "boolean":
            true = shares.get("t", 0.0)
            found.append(Part(expression("t.{c}", c=column.name), f"with {column.name}", true))
            found.append(Part(expression("t.{c} IS NOT TRUE", c=column.name), f"without {column.name}", 1 - true))
        elif column.type.startswith(("timestamp", "date")) and (empty := seen.null_fraction if seen else 0.0):
            found.append(Part(expression("t.{c} IS NULL", c=column.name), f"without {column.name}", empty))
            found.append(Part(expression("t.{c} IS NOT NULL", c=column.name), f"with {column.name}", 1 - empty))
        elif is_numeric(column) and SOME_ZERO <= (none := shares.get("0", 0.0)) < 1:
            found.append(Part(expression("t.{c} > 0", c=column.name), f"with {column.name} above 0", 1 - none))
        named_so = is_text(column) or (column.type in WHOLE_TYPES and bool(meanings(column.name) & ENUMERATIONS))
        if named_so and seen and 1 < len(shares) <= MOST_VALUES and seen.distinct == len(shares):
            found += _of_values(column, shares)
    return found


def _of_values(column: Column, shares: Mapping[str, float]) -> Iterator[Part]:
    """Rows of one state, of all but one, and of several: what is open is new or begun."""
    for value, share in shares.items():
        yield Part(_one_of(column, (value,)), f"with {column.name} {value}", share)
    for value, share in shares.items() if len(shares) > 2 else ():
        other = expression("t.{c}::text <> {v}", c=column.name, v=Literal(value))
        yield Part(other, f"with {column.name} not {value}", 1 - share)
    for size in range(2, len(shares) - 1):
        for some in combinations(shares, size):
            words = f"with {column.name} {' or '.join(some)}"
            yield Part(_one_of(column, some), words, sum(shares[value] for value in some), simple=False)


def _one_of(column: Column, values: Iterable[str]) -> Expression:
    tests = [expression("t.{c}::text = {v}", c=column.name, v=Literal(value)) for value in values]
    return Expression(f"({joined(tests, ' OR ')})") if len(tests) > 1 else tests[0]
