"""Formulas whose constants the values themselves tell, and those of three columns: units, rates, fees, shares, sums.

A constant is fitted to the rows of the largest values and then rounded to as few digits as still agree; it counts only
where rows agree that differ from the most common value, so that zeros on both sides tell nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations, islice, pairwise, permutations, product
from math import ceil, floor, isfinite
from typing import LiteralString

from pgrefit.model.ddl import Expression, Trusted, expression, raw
from pgrefit.rules._names import shared_words
from pgrefit.rules.redundancy._fit import CUT, ROUNDED, allowed, is_near

ENOUGH = 0.9
TELLING = 0.85  # share of the rows with another value than the most common one
LOOK, MOST_OFF = 12, 4
FEWEST_ROWS, FEWEST_VALUES, FEWEST_FITTED = 20, 5, 10
FITTED_ROWS = 7
HARDLY_VARIES = 0.9
DIGITS = (1, 2, 3, 4, 5)
MORE_DIGITS = (1, 2, 3, 4, 5, 6, 7, 8)
CLEAR, CLEARLY = Decimal("0.98"), Decimal("0.005")
MOST_OPERANDS = 8
MOST_DECIMALS = 6
SMALLEST = 1e-12
LARGEST, LARGEST_ALIKE = 2e4, 1e10  # factors
SAME = 1e-9

Numbers = tuple[float | None, ...]
One = Callable[[float], float]
Two = Callable[[float, float], float]
Three = Callable[[float, float, float], float]
Function = Callable[..., float]
# Three columns and what is made of them; the columns that come first may be swapped without a difference.
THREE: tuple[tuple[LiteralString, int, Three], ...] = (
    ("{a} + {b} + {c}", 3, lambda a, b, c: a + b + c),
    ("{a} + {b} - {c}", 2, lambda a, b, c: a + b - c),
    ("{a} - {b} - {c}", 1, lambda a, b, c: a - b - c),
    ("{a} * {b} + {c}", 2, lambda a, b, c: a * b + c),
    ("({a} + {b})::numeric / nullif({c}, 0)", 2, lambda a, b, c: (a + b) / c),
    ("{a} * {b} - {c}", 2, lambda a, b, c: a * b - c),
    ("{a} * {b} * (1 - {c})", 2, lambda a, b, c: a * b * (1 - c)),
    ("{a} * {b} * (100 - {c}) / 100.0", 2, lambda a, b, c: a * b * (100 - c) / 100),
    ("{a} * {b} * (1 + {c})", 2, lambda a, b, c: a * b * (1 + c)),
    ("{a} * {b} * (100 + {c}) / 100.0", 2, lambda a, b, c: a * b * (100 + c) / 100),
    ("{a} * {b} * {c} / 100.0", 3, lambda a, b, c: a * b * c / 100),
    ("{a} * {b} * {c} / 1000.0", 3, lambda a, b, c: a * b * c / 1000),
    ("{a} * {b} * {c} / 1000000.0", 3, lambda a, b, c: a * b * c / 1_000_000),
    ("{a} * {b} * {c}", 3, lambda a, b, c: a * b * c),
    ("{a}::numeric / nullif({a} + {b} + {c}, 0)", 1, lambda a, b, c: a / (a + b + c)),
    ("100.0 * {a} / nullif({a} + {b} + {c}, 0)", 1, lambda a, b, c: 100 * a / (a + b + c)),
)
TWO: tuple[tuple[LiteralString, Two], ...] = (
    ("abs({a} - {b})", lambda a, b: abs(a - b)),
    ("{a}::numeric / nullif({a} + {b}, 0)", lambda a, b: a / (a + b)),
    ("100.0 * {a} / nullif({a} + {b}, 0)", lambda a, b: 100 * a / (a + b)),
    ("({a} - {b})::numeric / nullif({a}, 0)", lambda a, b: (a - b) / a),
    ("100.0 * ({a} - {b}) / nullif({a}, 0)", lambda a, b: 100 * (a - b) / a),
    ("({a} - {b})::numeric / nullif({b}, 0)", lambda a, b: (a - b) / b),
    ("100.0 * ({a} - {b}) / nullif({b}, 0)", lambda a, b: 100 * (a - b) / b),
)
# Of which a constant may make the value.
SCALED: tuple[tuple[LiteralString, int, Two], ...] = (
    ("({a} * {b}){scale}", 2, lambda a, b: a * b),
    ("({a}::numeric / nullif({b}, 0)){scale}", 1, lambda a, b: a / b),
    ("({a}::numeric / nullif({b} * {b}, 0)){scale}", 1, lambda a, b: a / b / b),
    ("({a} + {b}){scale}", 2, lambda a, b: a + b),
    ("({a} - {b}){scale}", 1, lambda a, b: a - b),
)


@dataclass(frozen=True, slots=True)
class Found:
    """A formula over columns, which of them it reads, in which share of the rows it agrees, and whether unrounded."""

    expression: Expression
    reads: tuple[str, ...]
    agreeing: Decimal
    exact: bool
    operator: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The values of a column where it has one, and those of the others in the same rows."""

    name: str
    values: Sequence[float]
    columns: Mapping[str, Numbers]
    written: Mapping[str, Expression]  # the columns in SQL
    decimals: int
    whole: bool
    usual: float
    look: tuple[int, ...]  # a few rows with another value
    different: int

    def shapes(self, operands: Sequence[str], borrowed: Mapping[str, str]) -> Iterator[Found]:
        """What agrees; `borrowed` are columns of another table, and which: a formula reads but one of these tables."""
        if len(self.values) < FEWEST_ROWS or self.different < FEWEST_VALUES or len(self.look) < LOOK:
            return
        near = [name for name in operands if self._agreement(_itself, (name,), None)[0] < ENOUGH]
        for name in (name for name in near if name not in borrowed):
            yield from self._fitted("{a}{scale}", (name,), _itself)
            yield from self._affine(name)
        near = [name for name in near if self._varies(name)]
        for pair in permutations(near, 2):
            if _joins_one(pair, borrowed):
                yield from self._of_two(pair)
        own = [name for name in near if name not in borrowed][:MOST_OPERANDS]
        others = [name for name in near if name in borrowed]
        for names in (*permutations(own, 3), *_mixed(own, others)):
            if _joins_one(names, borrowed):
                yield from self._of_three(names)

    def _varies(self, name: str) -> bool:
        """Whether not nearly all rows have the same: what hardly varies is in no formula of several columns."""
        values = self.columns[name]
        return Counter(values).most_common(1)[0][1] <= HARDLY_VARIES * len(values)

    def _of_two(self, names: tuple[str, ...]) -> Iterator[Found]:
        for template, function in TWO:
            yield from self._if_agreeing(template, names, function)
        for template, symmetric, function in SCALED:
            if symmetric < 2 or names[0] < names[1]:
                yield from self._fitted(template, names, function)
        if names[0] < names[1]:
            yield from self._weighted(names)

    def _of_three(self, names: tuple[str, ...]) -> Iterator[Found]:
        a, b, c = names
        for template, symmetric, function in THREE:
            ordered = a < b < c if symmetric == 3 else a < b if symmetric == 2 else b < c
            if ordered:
                yield from self._if_agreeing(template, names, function)

    def _if_agreeing(self, template: LiteralString, names: tuple[str, ...], function: Function) -> Iterator[Found]:
        agreeing, exact = self._agreement(function, names, None)
        if agreeing >= ENOUGH:
            yield self._found(template, names, {}, (agreeing, exact), "round")

    def _fitted(self, template: LiteralString, names: tuple[str, ...], function: Function) -> Iterator[Found]:
        """The value times a constant: the simplest with which rows agree."""
        if self.different < FEWEST_FITTED:
            return
        scale = self._ratio(names, function)
        best = None
        if scale is None or not self._comes_near(scale, names, function):
            return
        for factor, sql in self._factors(names, function, scale):
            trivial = abs(factor) == 1 and (factor < 0 or "*" not in template)
            if trivial or not (1 / self._largest_factor(names) <= abs(factor) <= self._largest_factor(names)):
                continue
            for rounding, mode in (("round", None), ("ceil", ceil), ("trunc", floor)):
                scaled = _times(function, factor)
                agreeing, exact = self._agreement(scaled, names, mode) if mode is None or self.whole else (0.0, 0.0)
                if agreeing >= ENOUGH and (best is None or Decimal(agreeing) > best.agreeing + CLEARLY):
                    best = self._found(template, names, {"scale": sql}, (agreeing, exact), rounding)
            if best and best.agreeing >= CLEAR:
                break
        if best:
            yield best

    def _comes_near(self, scale: float, names: tuple[str, ...], function: Function) -> bool:
        """Whether in most of the first rows the constant comes near what is stored, which tells at once."""
        columns = [self.columns[name] for name in names]
        values = [(_value(function, [column[i] for column in columns]), self.values[i]) for i in self.look]
        told = [(value, stored) for value, stored in values if value is not None]
        return is_near(told, scale, 10.0**-self.decimals, (len(self.look) - MOST_OFF) / len(self.look))

    def _factors(self, names: tuple[str, ...], function: Function, scale: float) -> Iterator[tuple[float, str]]:
        """The constant in ever more digits; then, where it comes near, the simplest one that the most rows allow."""
        yield from _simple(scale)
        values = zip(self._values(function, names), self.values, strict=True)
        pairs, unit = [(value, stored) for value, stored in values if value is not None], 10.0**-self.decimals
        if is_near(pairs, scale, unit):
            for rounding in (ROUNDED, CUT) if self.whole else (ROUNDED,):
                low, high = allowed(pairs, unit, rounding)
                middle = (low + high) / 2
                near = _simple(middle, MORE_DIGITS) if low <= high and abs(middle) > SMALLEST else ()
                yield from islice((found for found in near if low <= found[0] <= high), 2)

    def _affine(self, name: str) -> Iterator[Found]:
        """The value times a constant, and a constant more."""
        pairs = [(x, s) for x, s in zip(self.columns[name], self.values, strict=True) if x is not None]
        if self.different < FEWEST_FITTED or len(pairs) < FEWEST_ROWS:
            return
        (low, of_low), (high, of_high) = min(pairs), max(pairs)
        slope = (of_high - of_low) / (high - low) if high > low else 0.0
        for factor, sql in _simple(slope) if isfinite(slope) and abs(slope) > SMALLEST else ():
            rest = sorted(s - factor * x for x, s in pairs)[len(pairs) // 2]
            more = round(rest, min(self.decimals, 2))
            if abs(more) < SMALLEST or abs(factor) > self._largest_factor((name,)):
                continue
            agreeing, exact = self._agreement(_line(factor, more), (name,), None)
            if agreeing >= ENOUGH:
                parts = {"scale": sql, "more": _signed(more)}
                yield self._found("{a}{scale} {more}", (name,), parts, (agreeing, exact), "round")
                return

    def _largest_factor(self, names: tuple[str, ...]) -> float:
        """Of a unit or a rate: any between quantities that are called alike, else no such as from seconds to bytes."""
        alike = any(shared_words(self.name, name) for name in names)
        return LARGEST_ALIKE if alike else LARGEST

    def _weighted(self, names: tuple[str, ...]) -> Iterator[Found]:
        """So much of the one and so much of the other."""
        rows = [i for i in self.look if all(self.columns[name][i] is not None for name in names)]
        for i, j in list(pairwise(rows))[:3] if self.different >= FEWEST_FITTED else ():
            weights = self._weights(names, i, j)
            if weights is None or 0 in weights or {abs(weight) for weight in weights} == {1.0}:
                continue
            one, other = weights
            agreeing, exact = self._agreement(_sum(one, other), names, None)
            if agreeing >= ENOUGH:
                parts = {"one": f"{one:g}", "other": _signed(other)}
                yield self._found("{one} * {a} {other} * {b}", names, parts, (agreeing, exact), "round")
                return

    def _weights(self, names: tuple[str, ...], i: int, j: int) -> tuple[float, float] | None:
        a, b = (self.columns[name] for name in names)
        p, q, r, s = a[i], b[i], a[j], b[j]
        if p is None or q is None or r is None or s is None or abs(p * s - q * r) < SMALLEST:
            return None
        base = p * s - q * r
        one = (self.values[i] * s - q * self.values[j]) / base
        other = (p * self.values[j] - self.values[i] * r) / base
        return round(one, 2), round(other, 2)

    def _ratio(self, names: tuple[str, ...], function: Function) -> float | None:
        """The constant that the rows of the largest values tell."""
        found = [(abs(v), s / v) for v, s in zip(self._values(function, names), self.values, strict=True) if v and s]
        largest = sorted(ratio for _, ratio in sorted(found)[-FITTED_ROWS:])
        ratio = largest[len(largest) // 2] if len(found) >= FEWEST_ROWS else 0.0
        return ratio if isfinite(ratio) and abs(ratio) > SMALLEST else None

    def _values(self, function: Function, names: tuple[str, ...]) -> Iterator[float | None]:
        return (_value(function, row) for row in zip(*(self.columns[name] for name in names), strict=True))

    def _agreement(
        self, function: Function, names: tuple[str, ...], mode: Callable[[float], int] | None
    ) -> tuple[float, float]:
        """Shares of the rows that agree once it is rounded, and as it is; (0, 0) where the first rows say no."""
        columns = [self.columns[name] for name in names]
        off = 0
        for i in self.look:
            off += not self._agrees(self.values[i], _value(function, [column[i] for column in columns]), mode)
            if off > MOST_OFF:
                return 0.0, 0.0
        agreeing = exact = rare = rare_agreeing = 0
        for stored, value in zip(self.values, self._values(function, names), strict=True):
            agrees = self._agrees(stored, value, mode)
            agreeing += agrees
            exact += value is not None and abs(stored - value) <= SAME * max(1.0, abs(stored))
            rare += stored != self.usual
            rare_agreeing += agrees and stored != self.usual
        if rare_agreeing < TELLING * rare:
            return 0.0, 0.0
        return agreeing / len(self.values), exact / len(self.values)

    def _agrees(self, stored: float, value: float | None, mode: Callable[[float], int] | None) -> bool:
        if value is None:
            return False
        near = SAME * max(1.0, abs(stored))
        if mode is not None:
            return abs(stored - mode(value - near if mode is ceil else value + near)) <= near
        return abs(stored - value) <= 0.5 * 10.0**-self.decimals + near

    def _found(
        self, template: LiteralString, names: tuple[str, ...], constants: Mapping[str, str],
        shares: tuple[float, float], rounding: str,
    ) -> Found:  # fmt: skip
        parts: dict[str, Trusted] = {p: raw(self.written[n]) for p, n in zip("abc", names, strict=False)}
        parts |= {part: raw(Expression(sql)) for part, sql in constants.items()}
        value, exact = expression(template, **parts), shares[1] >= ENOUGH
        operator = "/" if "/ nullif" in template else "*" if constants or "*" in template else "+"
        written = value if operator == "+" and exact else self._rounded(value, rounding)
        return Found(written, names, Decimal(round(shares[0], 4)), exact, operator)

    def _rounded(self, value: Expression, rounding: str) -> Expression:
        name = raw(Expression(rounding))
        if self.whole or rounding == "ceil":
            return expression("{f}(({value})::numeric)::integer", f=name, value=raw(value))
        return expression("{f}(({value})::numeric, {decimals})", f=name, value=raw(value), decimals=self.decimals)


def stored(
    name: str,
    values: Numbers,
    columns: Mapping[str, Numbers],
    written: Mapping[str, Expression],
    *,
    decimals: int,
    whole: bool,
) -> Stored | None:
    """The rows in which there is a value; None where numbers have more decimals than are looked at."""
    rows = [i for i, value in enumerate(values) if value is not None]
    there = [value for value in values if value is not None]
    if not there or decimals > MOST_DECIMALS:
        return None
    counts = Counter(there)
    usual = counts.most_common(1)[0][0]
    look = tuple(i for i, value in enumerate(there) if value != usual)[:LOOK]
    kept = {name: tuple(column[i] for i in rows) for name, column in columns.items()}
    return Stored(name, there, kept, written, decimals, whole, usual, look, len(counts))


def _mixed(own: Sequence[str], others: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Three columns in each order, one or two of them of another table."""
    for some in (*product(own, combinations(others, 2)), *product(others, combinations(own, 2))):
        yield from permutations((some[0], *some[1]))


def _joins_one(names: tuple[str, ...], borrowed: Mapping[str, str]) -> bool:
    """Whether it reads a column of its own, and of one other table at most."""
    others = [borrowed[name] for name in names if name in borrowed]
    return len(others) < len(names) and len(set(others)) <= 1


def _value(function: Function, row: Sequence[float | None]) -> float | None:
    if None in row:
        return None
    try:
        return function(*row)
    except ArithmeticError:
        return None


def _times(function: Function, factor: float) -> Function:
    def scaled(*row: float) -> float:
        return factor * function(*row)

    return scaled


def _itself(value: float) -> float:
    return value


def _sum(one: float, other: float) -> Two:
    return lambda x, y: one * x + other * y


def _signed(value: float) -> str:
    return f"{'+' if value > 0 else '-'} {abs(value):g}"


def _line(factor: float, more: float) -> One:
    return lambda x: factor * x + more


def _simple(value: float, most: Sequence[int] = DIGITS) -> Iterator[tuple[float, str]]:
    """The number in ever more digits, and one through it: 0.2, 12, 1/60; with what it is in SQL behind a factor."""
    seen: set[float] = set()
    for digits in most:
        for factor, sql in (_factor(value, digits), *([_divisor(value, digits)] if abs(value) < 1 else [])):
            if factor not in seen and factor:
                seen.add(factor)
                yield factor, sql


def _factor(value: float, digits: int) -> tuple[float, str]:
    text = format(Decimal(f"{value:.{digits}g}"), "f")
    return float(text), "" if float(text) == 1 else f" * {text}"


def _divisor(value: float, digits: int) -> tuple[float, str]:
    text = format(Decimal(f"{1 / value:.{digits}g}"), "f")
    return (1 / float(text), f"::numeric / {text}") if float(text) else (0.0, "")
