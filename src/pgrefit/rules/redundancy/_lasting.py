"""What lasted from one time of a row to another one: kept as an interval, or between two times of the day."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pgrefit.model.ddl import expression, raw
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules.data._sample import MOMENTS, bare_type
from pgrefit.rules.redundancy._formulas import Hypothesis, Term

CLOCK = "time without time zone"
MOST = 4
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600}
DAY = 86_400


def lasting(table: Table) -> list[Hypothesis]:
    """Intervals beside two moments, or two times of the day, each as what is between these."""
    targets = [c.name for c in table.columns if bare_type(c) == "interval" and not c.generated]
    return [
        Hypothesis(target, expression("t.{b} - t.{a}", a=a.name, b=b.name), (a.name, b.name))
        for target in targets for a, b in _pairs(table, {*MOMENTS[1:], CLOCK})
    ]  # fmt: skip


def clocks(table: Table) -> list[Term]:
    """From one time of the day to the next one, which may be that of the day after."""
    return [term for a, b in _pairs(table, {CLOCK}) for term in _between(a.name, b.name)]


def _between(a: str, b: str) -> Iterator[Term]:
    span = expression("mod(({day} + extract(epoch FROM t.{b} - t.{a}))::numeric, {day})", a=a, b=b, day=DAY)
    for seconds in UNITS.values():
        exact = expression("{span} / {seconds}", span=raw(span), seconds=seconds)
        yield Term(expression("round({exact})", exact=raw(exact)), (a, b))
        if seconds > 1:
            yield Term(expression("round({exact}, 2)", exact=raw(exact)), (a, b))


def _pairs(table: Table, types: set[str]) -> Iterator[tuple[Column, Column]]:
    found = [c for c in table.columns if bare_type(c) in types and not c.generated][:MOST]
    return ((a, b) for a, b in combinations(found, 2) if bare_type(a) == bare_type(b))
