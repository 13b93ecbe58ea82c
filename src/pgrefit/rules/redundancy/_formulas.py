"""Which formula over other columns gives a column's values: tried on a sample of rows, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import partial
from itertools import compress, permutations

from pgrefit.model.ddl import Expression, expression, raw
from pgrefit.rules._languages import english
from pgrefit.rules._names import shared_words

FEWEST_ROWS = 20
FEWEST_VALUES = 3
ENOUGH = Decimal("0.9")  # share of sampled rows that must agree before the whole table is read
NEARLY_ALL = Decimal("0.95")
FIRST_LOOK = 25
MOST_OFF = Decimal("0.3")  # share of these that may disagree
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
Written = Callable[[], Expression]  # the formula in SQL, which few need


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
        return (round(self.agreeing, 2), *self.rank_of_target[1:])

    @property
    def rank_of_target(self) -> tuple[bool, bool, int, bool]:
        """The same among the columns of one equation; a rounded quotient hides what a product shows."""
        likeness = sum(shared_words(self.target, column) for column in self.reads)
        named_so = bool(set(english(self.target)) & RESULTS)
        return (self.agreeing >= NEARLY_ALL, named_so, likeness, self.operator in {"+", "*", ""})


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
        if equation not in equations or found.rank_of_target >= equations[equation].rank_of_target:
            equations[equation] = found
    return (*terms, *equations.values())


def _candidates(sample: Sample, target: str) -> Iterator[Hypothesis]:
    stored = sample.columns[target]
    if len(stored) < FEWEST_ROWS or len({v for v in stored if v is not None}) < FEWEST_VALUES:
        return
    for term, values in sample.terms.items():
        agreeing = _agreement(stored, values)
        if agreeing >= ENOUGH:
            yield Hypothesis(target, term.expression, term.reads, agreeing=agreeing)
    operands = [name for name, values in sample.columns.items() if name != target and len(set(values)) > 1]
    if len(sample.columns) <= MOST_COLUMNS or set(english(target)) & RESULTS:
        yield from _arithmetic(sample, target, operands[: 2 * MOST_COLUMNS])


def _arithmetic(sample: Sample, target: str, operands: list[str]) -> Iterator[Hypothesis]:
    stored = sample.columns[target]
    decimals = _decimals(stored)
    own = [name for name in operands if _agreement(stored, sample.columns[name]) < ENOUGH]
    for a, b in permutations(own, 2):
        for operator, sql, formula in _forms(a, b, decimals, whole=target in sample.whole):
            if not _may_agree(stored, formula, sample.columns[a], sample.columns[b]):
                continue
            agreeing = _agreement(stored, _applied(formula, sample.columns[a], sample.columns[b]))
            if agreeing >= ENOUGH:
                yield Hypothesis(target, sql(), (a, b), operator, agreeing)


def _forms(a: str, b: str, decimals: int, *, whole: bool) -> Iterator[tuple[str, Written, Formula]]:
    if a < b:
        yield "+", partial(expression, "t.{a} + t.{b}", a=a, b=b), lambda x, y: x + y
        yield "*", partial(expression, "t.{a} * t.{b}", a=a, b=b), lambda x, y: x * y
        yield (
            "*",
            _rounded(partial(expression, "t.{a} * t.{b}", a=a, b=b), decimals, "round", whole=whole),
            _to(decimals, ROUND_HALF_UP, lambda x, y: x * y),
        )
    yield "-", partial(expression, "t.{a} - t.{b}", a=a, b=b), lambda x, y: x - y
    if decimals > MOST_DECIMALS:
        return
    yield from _with_rate(a, b, decimals, whole=whole)
    percent = partial(expression, "100.0 * t.{a} / nullif(t.{b}, 0)", a=a, b=b)
    ratio = partial(expression, "t.{a}::numeric / nullif(t.{b}, 0)", a=a, b=b)
    for name, mode in (("round", ROUND_HALF_UP), ("trunc", ROUND_DOWN)):
        yield "%", _rounded(percent, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: 100 * x / y)
        yield "/", _rounded(ratio, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: x / y)


def _with_rate(a: str, b: str, decimals: int, *, whole: bool) -> Iterator[tuple[str, Written, Formula]]:
    """A value and so much of it more, or less: a share, or per cent."""
    more = partial(expression, "t.{a} * (1 + t.{b})", a=a, b=b)
    less = partial(expression, "t.{a} * (1 - t.{b})", a=a, b=b)
    percent_more = partial(expression, "t.{a} * (100 + t.{b}) / 100.0", a=a, b=b)
    percent_less = partial(expression, "t.{a} * (100 - t.{b}) / 100.0", a=a, b=b)
    formulas: tuple[tuple[Written, Formula], ...] = (
        (more, lambda x, y: x * (1 + y)), (less, lambda x, y: x * (1 - y)),
        (percent_more, lambda x, y: x * (100 + y) / 100), (percent_less, lambda x, y: x * (100 - y) / 100),
    )  # fmt: skip
    for value, formula in formulas:
        yield "%", _rounded(value, decimals, "round", whole=whole), _to(decimals, ROUND_HALF_UP, formula)


def _rounded(value: Written, decimals: int, function: str, *, whole: bool) -> Written:
    def written() -> Expression:
        name, inner = raw(Expression(function)), raw(value())
        if whole:
            return expression("{f}(({value})::numeric)::integer", f=name, value=inner)
        return expression("{f}(({value})::numeric, {decimals})", f=name, value=inner, decimals=decimals)

    return written


def _to(decimals: int, mode: str, formula: Formula) -> Formula:
    unit = Decimal(1).scaleb(-min(decimals, MOST_DECIMALS))

    def rounded(x: Decimal, y: Decimal) -> Number:
        value = formula(x, y)
        return None if value is None else value.quantize(unit, rounding=mode)

    return rounded


def _may_agree(stored: Values, formula: Formula, a: Values, b: Values) -> bool:
    """Whether of the first rows enough agree to look at all of them; most formulas fail at once."""
    left = MOST_OFF * min(len(stored), FIRST_LOOK)
    for value, x, y in zip(stored[:FIRST_LOOK], a, b, strict=False):
        left -= value != _result(formula, x, y)
        if left < 0:
            return False
    return True


def _applied(formula: Formula, a: Values, b: Values) -> Values:
    return tuple(_result(formula, x, y) for x, y in zip(a, b, strict=True))


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
