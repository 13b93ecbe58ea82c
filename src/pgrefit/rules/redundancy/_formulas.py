"""Which formula over other columns gives a column's values: tried on a sample of rows, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal, InvalidOperation
from functools import partial
from itertools import compress, permutations
from math import log2

from pgrefit.model.ddl import Expression, expression, raw
from pgrefit.rules._languages import english
from pgrefit.rules._names import shared_words
from pgrefit.rules.redundancy._shapes import stored
from pgrefit.rules.redundancy._totals import totals

FEWEST_ROWS = 20
FEWEST_VALUES = 3
ENOUGH = Decimal("0.9")  # share of sampled rows that must agree before the whole table is read
STEPS = 50  # of agreement that count
FIRST_LOOK = 25
MOST_OFF = Decimal("0.3")  # share of these that may disagree
MOST_DECIMALS = 6
MOST_COLUMNS, MOST_TARGETS = 12, 16
MOST_KEPT = 6  # formulas of one target
RESULTS = {
    "total", "subtotal", "sum", "amount", "net", "gross", "balance", "count", "percentage", "percent", "pct", "ratio",
    "rate", "average", "avg", "mean", "share", "score", "difference", "diff", "remaining", "margin", "profit",
    "rest", "remainder", "due", "outstanding", "speed", "pace", "velocity", "kmh", "mph", "throughput", "density",
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
    exact: bool = False  # without being rounded
    different: int = 0  # values of the target
    elsewhere: tuple[str, ...] = ()  # columns of another table that it reads too

    @property
    def rank(self) -> tuple[object, ...]:
        """Greater is likelier to be what was meant."""
        return (round(self.agreeing, 2), *self.rank_of_target[1:])

    @property
    def rank_of_target(self) -> tuple[int, int, bool, int, bool, int, bool]:
        """The same among the columns of one equation: what was computed is rounded, takes the most values unless it is
        a sum, and is named so; a quotient hides what a product shows.
        """
        likeness = sum(shared_words(self.target, column) for column in self.reads)
        named_so = bool(set(english(self.target)) & RESULTS)
        simple = -len(self.reads) - 2 * len(self.elsewhere)
        varied = 0 if self.operator in {"+", "-"} else round(log2(max(1, self.different)))  # about as many are as many
        plain = self.operator in {"+", "-", "*", ""}
        return (round(self.agreeing * STEPS), simple, self.exact, varied, named_so, likeness, plain)


@dataclass(frozen=True, slots=True)
class Borrowed:
    """A column of the row that a row refers to: its value over alias t, the table, and the column that refers."""

    expression: Expression
    table: str
    through: str


@dataclass(frozen=True, slots=True)
class Sample:
    """Sampled rows by column: of each column its values, in the same order; `terms` likewise."""

    columns: dict[str, Values]
    terms: dict[Term, Values]
    whole: frozenset[str]  # columns of a whole-number type
    borrowed: dict[str, Borrowed] = field(default_factory=dict[str, "Borrowed"])  # of `columns`, those of other tables
    spans: dict[str, Term] = field(default_factory=dict[str, Term])  # of `columns`, hours between two moments

    def where_stored(self, column: str) -> Sample:
        """The rows in which a column has a value."""
        there = [value is not None for value in self.columns[column]]
        return Sample(
            columns={name: tuple(compress(values, there)) for name, values in self.columns.items()},
            terms={term: tuple(compress(values, there)) for term, values in self.terms.items()},
            whole=self.whole,
            borrowed=self.borrowed,
            spans=self.spans,
        )

    @property
    def own(self) -> list[str]:
        """Columns of the table itself."""
        return [name for name in self.columns if name not in self.borrowed and name not in self.spans]


def number(text: object) -> Number:
    """A finite number, or None."""
    try:
        value = None if text is None else Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() else None


def hypotheses(sample: Sample, targets: Iterable[str]) -> tuple[Hypothesis, ...]:
    """The likeliest formulas of the targets that have one: none the same equation turned around, none in a circle."""
    found = [(h, place) for place, target in enumerate(targets) for h in _ranked(sample, target)]
    terms = {h.target: h for h, _ in found if not h.operator}
    chosen: dict[str, Hypothesis] = {}
    equations: set[frozenset[str]] = set()
    # What follows usually stands behind what it follows from.
    for h, _ in sorted(found, key=lambda entry: (entry[0].rank_of_target, entry[1]), reverse=True):
        equation = frozenset((h.target, *h.reads, *h.elsewhere))
        if h.operator and h.target not in {*terms, *chosen} and equation not in equations:
            if not _leads_to(h.target, h.reads, chosen):
                chosen[h.target] = h
            equations.add(equation)
    return (*terms.values(), *chosen.values())


def _leads_to(target: str, reads: Iterable[str], chosen: dict[str, Hypothesis]) -> bool:
    return any(r == target or (r in chosen and _leads_to(target, chosen[r].reads, chosen)) for r in reads)


def _ranked(sample: Sample, target: str) -> list[Hypothesis]:
    """The best few; only a term where that is the best."""
    found = sorted(_candidates(sample.where_stored(target), target), key=lambda h: h.rank, reverse=True)
    return found[:1] if found and not found[0].operator else [h for h in found if h.operator][:MOST_KEPT]


def _candidates(sample: Sample, target: str) -> Iterator[Hypothesis]:
    values = sample.columns[target]
    different = len({v for v in values if v is not None})
    if len(values) < FEWEST_ROWS or different < FEWEST_VALUES:
        return
    for term, computed in sample.terms.items():
        agreeing = _agreement(values, computed)
        if agreeing >= ENOUGH:
            yield Hypothesis(target, term.expression, term.reads, agreeing=agreeing, exact=True)
    for reads, written, agreeing in totals(target, {name: sample.columns[name] for name in sample.own}):
        yield Hypothesis(target, written, reads, "+", agreeing, exact=True, different=different)
    operands = [name for name in sample.own if name != target and len(set(sample.columns[name])) > 1]
    if len(sample.own) <= MOST_TARGETS or set(english(target)) & RESULTS:
        for found in _arithmetic(sample, target, operands[: 2 * MOST_COLUMNS]):
            yield replace(found, different=different)
        yield from _shaped(sample, target, [*operands[:MOST_COLUMNS], *sample.spans], different)


def _shaped(sample: Sample, target: str, operands: list[str], different: int) -> Iterator[Hypothesis]:
    """With constants, of three columns, or with those of a row that is referred to."""
    borrowed = {name: of.table for name, of in sample.borrowed.items()}
    written = {name: expression("t.{c}", c=name) for name in sample.own}
    written |= {name: of.expression for name, of in sample.borrowed.items()}
    written |= {name: of.expression for name, of in sample.spans.items()}
    floats = {name: tuple(map(_float, sample.columns[name])) for name in (*operands, *borrowed)}
    values = stored(target, tuple(map(_float, sample.columns[target])), floats, written,
                    decimals=_decimals(sample.columns[target]), whole=target in sample.whole)  # fmt: skip
    for found in values.shapes((*operands, *borrowed), borrowed) if values else ():
        places = [name for name in found.reads if name not in borrowed]
        if all(name in sample.spans for name in places):
            continue
        own = tuple(c for name in places for c in (sample.spans[name].reads if name in sample.spans else (name,)))
        ways = tuple(dict.fromkeys(sample.borrowed[name].through for name in found.reads if name in borrowed))
        yield Hypothesis(
            target, found.expression, (*own, *ways), found.operator, found.agreeing, found.exact,
            different, tuple(name for name in found.reads if name in borrowed),
        )  # fmt: skip


def _float(value: Number) -> float | None:
    return None if value is None else float(value)


def _arithmetic(sample: Sample, target: str, operands: list[str]) -> Iterator[Hypothesis]:
    stored = sample.columns[target]
    decimals = _decimals(stored)
    own = [name for name in operands if _agreement(stored, sample.columns[name]) < ENOUGH]
    for a, b in permutations(own, 2):
        wide = {a, b} <= sample.whole  # whose product may need more room than they do
        for operator, sql, formula, exact in _forms(a, b, decimals, whole=target in sample.whole, wide=wide):
            if not _may_agree(stored, formula, sample.columns[a], sample.columns[b]):
                continue
            agreeing = _agreement(stored, _applied(formula, sample.columns[a], sample.columns[b]))
            if agreeing >= ENOUGH:
                yield Hypothesis(target, sql(), (a, b), operator, agreeing, exact)


def _forms(a: str, b: str, decimals: int, *, whole: bool, wide: bool) -> Iterator[tuple[str, Written, Formula, bool]]:
    """Operator, SQL, formula, and whether nothing is rounded."""
    if a < b:
        product = partial(expression, "t.{a}::bigint * t.{b}" if wide else "t.{a} * t.{b}", a=a, b=b)
        yield "+", partial(expression, "t.{a} + t.{b}", a=a, b=b), lambda x, y: x + y, True
        yield "*", product, lambda x, y: x * y, True
        yield (
            "*",
            _rounded(product, decimals, "round", whole=whole),
            _to(decimals, ROUND_HALF_UP, lambda x, y: x * y),
            False,
        )
    yield "-", partial(expression, "t.{a} - t.{b}", a=a, b=b), lambda x, y: x - y, True
    if decimals > MOST_DECIMALS:
        return
    yield from ((*form, False) for form in _with_rate(a, b, decimals, whole=whole))
    percent = partial(expression, "100.0 * t.{a} / nullif(t.{b}, 0)", a=a, b=b)
    ratio = partial(expression, "t.{a}::numeric / nullif(t.{b}, 0)", a=a, b=b)
    for name, mode in (("round", ROUND_HALF_UP), ("trunc", ROUND_DOWN)):
        yield "%", _rounded(percent, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: 100 * x / y), False
        yield "/", _rounded(ratio, decimals, name, whole=whole), _to(decimals, mode, lambda x, y: x / y), False


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
