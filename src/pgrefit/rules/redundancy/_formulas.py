"""Which formula over other columns gives a column's values: tried on a sample of rows, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from itertools import compress, permutations

from pgrefit.model.ddl import Expression, expression, raw
from pgrefit.rules._names import shared_words, stems

FEWEST_ROWS = 20
FEWEST_VALUES = 3
ENOUGH = Decimal("0.9")  # share of sampled rows that must agree before the whole table is read
FIRST_LOOK = 25
MOST_DECIMALS = 6
MOST_COLUMNS = 12
RESULTS = {
    "total", "subtotal", "sum", "amount", "net", "gross", "balance", "count", "percentage", "percent", "pct", "ratio",
    "rate", "average", "avg", "mean", "share", "score", "difference", "diff", "remaining", "margin", "profit",
    "rest", "remainder", "due", "outstanding",
}  # fmt: skip

Number = Decimal | None
Values = tuple[Number, ...]
Formula = Callable[[Decimal, Decimal], Number]


@dataclass(frozen=True, slots=True)
class Term:
    """A value that the database computes for a row from `reads`, by the expression over alias t."""

    expression: Expression
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """`target` = `expression` (over alias t), which reads other columns of the row; `operator` is '' for a term."""

    target: str
    expression: Expression
    reads: tuple[str, ...]
    operator: str = ""
    agreeing: Decimal = Decimal(0)

    @property
    def rank(self) -> tuple[Decimal, int, int, bool]:
        """Greater is likelier to be what was meant."""
        likeness = sum(shared_words(self.target, column) for column in self.reads)
        named_so = bool(set(stems(self.target)) & RESULTS)
        return (round(self.agreeing, 2), named_so, likeness, self.operator in {"+", "*", ""})


@dataclass(frozen=True, slots=True)
class Sample:
    """Sampled rows by column: of each column its values, in the same order; `terms` likewise."""

    columns: dict[str, Values]
    terms: dict[Term, Values]
    whole: frozenset[str]  # columns of a whole-number type

    def where_stored(self, column: str) -> Sample:
        """The rows in which a column has a value."""
        there = [value is not None for value in self.columns[column]]
        return Sample(
            columns={name: tuple(compress(values, there)) for name, values in self.columns.items()},
            terms={term: tuple(compress(values, there)) for term, values in self.terms.items()},
            whole=self.whole,
        )


def number(text: object) -> Number:
    """A finite number, or None."""
    try:
        value = None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


def hypotheses(sample: Sample, targets: Iterable[str]) -> tuple[Hypothesis, ...]:
    """The likeliest formula of each target that has one, no two of them the same equation turned around."""
    found_of = (list(_candidates(sample.where_stored(target), target)) for target in targets)
    best = [max(found, key=lambda h: h.rank) for found in found_of if found]
    terms = [h for h in best if not h.operator]
    equations: dict[frozenset[str], Hypothesis] = {}
    for found in (h for h in best if h.operator):  # in the order of columns: what follows usually stands behind
        equation = frozenset((found.target, *found.reads))
        if equation not in equations or found.rank >= equations[equation].rank:
            equations[equation] = found
    return (*terms, *equations.values())


def _candidates(sample: Sample, target: str) -> Iterator[Hypothesis]:
    stored = sample.columns[target]
    if len({v for v in stored if v is not None}) < FEWEST_VALUES:
        return
    for term, values in sample.terms.items():
        agreeing = _agreement(stored, values)
        if agreeing >= ENOUGH:
            yield Hypothesis(target, term.expression, term.reads, agreeing=agreeing)
    operands = [name for name, values in sample.columns.items() if name != target and len(set(values)) > 1]
    if len(sample.columns) <= MOST_COLUMNS or set(stems(target)) & RESULTS:
        yield from _arithmetic(sample, target, operands[: 2 * MOST_COLUMNS])


def _arithmetic(sample: Sample, target: str, operands: list[str]) -> Iterator[Hypothesis]:
    stored = sample.columns[target]
    decimals = _decimals(stored)
    own = [name for name in operands if _agreement(stored, sample.columns[name]) < ENOUGH]
    for a, b in permutations(own, 2):
        for operator, sql, formula in _forms(a, b, decimals, whole=target in sample.whole):
            values = _applied(formula, sample.columns[a], sample.columns[b])
            if _agreement(stored[:FIRST_LOOK], values) < Decimal("0.7"):
                continue
            agreeing = _agreement(stored, _applied(formula, sample.columns[a], sample.columns[b], whole=True))
            if agreeing >= ENOUGH:
                yield Hypothesis(target, sql, (a, b), operator, agreeing)


def _forms(a: str, b: str, decimals: int, *, whole: bool) -> Iterator[tuple[str, Expression, Formula]]:
    if a < b:
        yield "+", expression("t.{a} + t.{b}", a=a, b=b), lambda x, y: x + y
        yield "*", expression("t.{a} * t.{b}", a=a, b=b), lambda x, y: x * y
        yield (
            "*",
            _rounded(expression("t.{a} * t.{b}", a=a, b=b), decimals, "round", whole=whole),
            _to(decimals, ROUND_HALF_UP, lambda x, y: x * y),
        )
    yield "-", expression("t.{a} - t.{b}", a=a, b=b), lambda x, y: x - y
    if decimals > MOST_DECIMALS:
        return
    percent = expression("100.0 * t.{a} / nullif(t.{b}, 0)", a=a, b=b)
    ratio = expression("t.{a}::numeric / nullif(t.{b}, 0)", a=a, b=b)
    for name, mode in (("round", ROUND_HALF_UP), ("trunc", ROUND_DOWN)):
        yield "%", _rounded(percent, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: 100 * x / y)
        yield "/", _rounded(ratio, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: x / y)


def _rounded(value: Expression, decimals: int, function: str, *, whole: bool) -> Expression:
    name = Expression(function)
    if whole:
        return expression("{f}(({value})::numeric)::integer", f=raw(name), value=raw(value))
    return expression("{f}(({value})::numeric, {decimals})", f=raw(name), value=raw(value), decimals=decimals)


def _to(decimals: int, mode: str, formula: Formula) -> Formula:
    unit = Decimal(1).scaleb(-min(decimals, MOST_DECIMALS))

    def rounded(x: Decimal, y: Decimal) -> Number:
        value = formula(x, y)
        return None if value is None else value.quantize(unit, rounding=mode)

    return rounded


def _applied(formula: Formula, a: Values, b: Values, *, whole: bool = False) -> Values:
    end = len(a) if whole else FIRST_LOOK
    return tuple(_result(formula, x, y) for x, y in zip(a[:end], b[:end], strict=True))


def _result(formula: Formula, x: Number, y: Number) -> Number:
    if x is None or y is None:
        return None
    try:
        return formula(x, y)
    except (ArithmeticError, InvalidOperation):
        return None


def _decimals(values: Values) -> int:
    exponents = [v.as_tuple().exponent for v in values if v is not None]
    return max((-e for e in exponents if isinstance(e, int) and e < 0), default=0)


def _agreement(stored: Values, values: Values) -> Decimal:
    """Share of the rows in which the other value equals the stored one; 0 where there are few rows."""
    if len(stored) < FEWEST_ROWS:
        return Decimal(0)
    return Decimal(sum(s == v for s, v in zip(stored, values, strict=True))) / len(stored)
