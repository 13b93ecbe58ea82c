"""What can be counted between two moments of a row: seconds, minutes, hours, days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, permutations

from pgrefit.model.ddl import Expression, expression, joined, raw
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import MOMENTS, bare_type
from pgrefit.rules.redundancy._formulas import Term

MOST = 4
MOST_SPANS = 2
OF_WRITING = {"created", "updated", "modified", "inserted", "deleted"}
PARTS, DAYS = ("year", "month", "quarter", "week"), ("day", "dow", "isodow")
OF_DAYS = {"day", "weekday", "dow", "dayofweek", "wochentag", "tag", "dia", "jour", "dzien", "giorno", "dag", "gun"}
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
LONG = {"hours", "days"}  # of which there may be parts, or one that has begun counts


def moments(table: Table) -> list[Column]:
    """A few moments that each row has, those of its writing last."""
    found = [column for column in table.columns if bare_type(column) in MOMENTS and not column.generated]
    return sorted(found, key=lambda column: means(column, OF_WRITING))[:MOST]


def finite(columns: Iterable[Column]) -> Expression:
    """A condition on alias t: none of the moments is infinite, which nothing can be subtracted from."""
    tests = [expression("pg_catalog.isfinite(t.{c}) IS NOT FALSE", c=c.name) for c in columns]
    return joined([Expression("true"), *tests], " AND ")


def spans(table: Table) -> list[Term]:
    """From each moment to each other one of its type, in whole units, those begun, and with decimals."""
    pairs = permutations(moments(table), 2)
    return [term for one, other in pairs if bare_type(one) == bare_type(other) for term in _between(one, other)]


def hours(table: Table) -> list[Term]:
    """From one moment to the next one of its type, in hours."""
    pairs = [(a, b) for a, b in combinations(sorted(moments(table), key=lambda c: c.position), 2)]
    return [
        Term(expression("extract(epoch FROM t.{b} - t.{a}) / 3600", a=a.name, b=b.name), (a.name, b.name))
        for a, b in pairs if bare_type(a) == bare_type(b) != "date"
    ][:MOST_SPANS]  # fmt: skip


def parts(table: Table) -> list[Term]:
    """Year, month, quarter, week and days of each moment that says the same in every time zone."""
    return [
        Term(expression("extract({part} FROM t.{c})", part=raw(Expression(part)), c=moment.name), (moment.name,))
        for moment in moments(table)
        if not moment.type.endswith("with time zone")
        for part in (*PARTS, *(DAYS if any(means(column, OF_DAYS) for column in table.columns) else ()))
    ]


def _between(one: Column, other: Column) -> Iterator[Term]:
    span, reads = expression("t.{b} - t.{a}", a=one.name, b=other.name), (one.name, other.name)
    if bare_type(one) == "date":
        yield Term(expression("({span})", span=raw(span)), reads)
        yield Term(expression("({span}) + 1", span=raw(span)), reads)
        return
    for unit, seconds in UNITS.items():
        exact = expression("extract(epoch FROM {span}) / {seconds}", span=raw(span), seconds=seconds)
        yield from (Term(value, reads) for value in _written(exact, long=unit in LONG))


def _written(exact: Expression, *, long: bool) -> Iterator[Expression]:
    yield expression("round({exact})", exact=raw(exact))
    yield expression("trunc({exact})", exact=raw(exact))
    yield expression("round({exact}, 2)", exact=raw(exact))
    if long:
        yield expression("round({exact}, 1)", exact=raw(exact))
        yield expression("ceil({exact})", exact=raw(exact))
