"""Sums of columns that stand side by side: twelve months and their year, parts of which some are empty."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from pgrefit.model.ddl import Expression, expression, joined

ENOUGH = Decimal("0.9")
FEWEST, MOST = 2, 31  # columns
ALL_FILLED = 4  # from so many on also where none is empty
LOOK, MOST_OFF = 12, 4

Values = Sequence[Decimal | None]


def totals(target: str, columns: Mapping[str, Values]) -> Iterator[tuple[tuple[str, ...], Expression, Decimal]]:
    """Which columns, their sum over alias t, and in which share of the rows the target is that.

    What is empty counts as 0.
    """
    stored = columns[target]
    names = [name for name in columns if name != target]
    for first in range(len(names)):
        for last in range(first + FEWEST, min(len(names), first + MOST) + 1):
            run = names[first:last]
            some_empty = any(value is None for name in run for value in columns[name])
            if len(run) >= ALL_FILLED or some_empty:
                agreeing = _agreement(stored, [columns[name] for name in run])
                if agreeing >= ENOUGH:
                    yield tuple(run), _written(run, columns), agreeing


def _agreement(stored: Values, parts: Sequence[Values]) -> Decimal:
    off = agreeing = 0
    for place, row in enumerate(zip(stored, *parts, strict=True)):
        there = [value for value in row[1:] if value is not None]
        agrees = bool(there) and row[0] == sum(there)
        agreeing, off = agreeing + agrees, off + (not agrees)
        if place < LOOK and off > MOST_OFF:
            return Decimal(0)
    return Decimal(agreeing) / len(stored) if stored else Decimal(0)


def _written(run: Sequence[str], columns: Mapping[str, Values]) -> Expression:
    return joined([
        expression("coalesce(t.{c}, 0)" if any(v is None for v in columns[name]) else "t.{c}", c=name) for name in run
    ], " + ")  # fmt: skip
