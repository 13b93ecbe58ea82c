"""Days that are counted from another day of the row: so many days, months or years later, as a constant or a column."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from itertools import combinations
from typing import LiteralString

from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, key_columns, rows_of, sample_of
from pgrefit.rules.redundancy._formulas import FEWEST_ROWS, FEWEST_VALUES, Hypothesis

ROWS = 300
ENOUGH = 0.9
MOST_DAYS, MOST_NUMBERS = 6, 6
LONGEST = 1200  # months
FEWEST = 4 * FEWEST_VALUES  # different days

Day = date | None
Later = Callable[[date, int], date]


def _months(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


# How much later a column says it is, in SQL and in memory.
UNITS: tuple[tuple[LiteralString, Later], ...] = (
    ("t.{a} + 7 * t.{n}", lambda day, n: day + timedelta(weeks=n)),
    ("(t.{a} + t.{n} * interval '1 month')::date", _months),
    ("(t.{a} + t.{n} * interval '1 year')::date", lambda day, n: _months(day, 12 * n)),
)


def days(table: Table) -> list[Column]:
    """The first few dates of a table, where there are two."""
    found = [c for c in table.columns if c.type == "date" and not c.generated and c.name not in table.primary_key]
    return found[:MOST_DAYS] if len(found) > 1 else []


def _numbers(table: Table) -> list[Column]:
    keys = key_columns(table)
    return [c for c in table.columns if c.type in WHOLE_TYPES and c.name not in keys][:MOST_NUMBERS]


def sampled_days(observation: Observation, table: Table) -> Question | None:
    """Some rows of the dates and the whole numbers; None where there are no two dates."""
    columns = [*days(table), *_numbers(table)]
    values = [expression("t.{c}::text AS {name}", c=c.name, name=f"c{n}") for n, c in enumerate(columns)]
    sample = sample_of(observation, table, ROWS)
    select = ddl("SELECT {values} FROM {sample} AS t", values=raw(joined(values)), sample=raw(sample))
    return Question(table.name, select, sampled=True) if days(table) else None


def later_days(observation: Observation, table: Table) -> Iterator[Hypothesis]:
    """Of two dates the one that stands behind, where it is as much later or earlier in nearly all sampled rows."""
    question = sampled_days(observation, table)
    rows = (rows_of(observation, question) if question else None) or []
    dates = days(table)
    read = {c.name: [_day(row.text(f"c{n}")) for row in rows] for n, c in enumerate(dates)}
    numbers = {
        c.name: [None if row.cells[f"c{n}"] is None else row.count(f"c{n}") for row in rows]
        for n, c in enumerate(_numbers(table), start=len(dates))
    }
    told: set[str] = set()
    for one, other in combinations([c.name for c in dates], 2):
        pairs = [(a, b) for a, b in zip(read[one], read[other], strict=True) if a and b]
        enough = len(pairs) >= FEWEST_ROWS and min(len({a for a, _ in pairs}), len({b for _, b in pairs})) >= FEWEST
        if enough and other not in told:
            found = _by_constant(one, other, pairs) or _by_column(one, other, read, numbers)
            if found:
                told.add(other)
                yield found


def _day(text: str) -> Day:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:  # infinite, or before our era
        return None


def _by_constant(one: str, other: str, pairs: Sequence[tuple[date, date]]) -> Hypothesis | None:
    many = ENOUGH * len(pairs)
    ((apart, rows),) = Counter((b - a).days for a, b in pairs).most_common(1)
    if apart and rows >= many:
        return Hypothesis(other, expression("t.{a} + ({n})", a=one, n=apart), (one,))
    ((months, _),) = Counter((b.year - a.year) * 12 + b.month - a.month for a, b in pairs).most_common(1)
    if months and abs(months) <= LONGEST and sum(_fits(_months, a, months, b) for a, b in pairs) >= many:
        return Hypothesis(other, expression("(t.{a} + {n} * interval '1 month')::date", a=one, n=months), (one,))
    return None


def _by_column(
    one: str, other: str, read: dict[str, list[Day]], numbers: dict[str, list[int | None]]
) -> Hypothesis | None:
    """By months and years; by days the number is what follows, which is found elsewhere."""
    for name, values in numbers.items():
        rows = [(a, n, b) for a, n, b in zip(read[one], values, read[other], strict=True) if a and b and n is not None]
        varied = len({n for _, n, _ in rows}) > 1 and len(rows) >= FEWEST_ROWS
        for template, later in UNITS if varied else ():
            if sum(_fits(later, a, n, b) for a, n, b in rows) >= ENOUGH * len(rows):
                return Hypothesis(other, expression(template, a=one, n=name), (one, name))
    return None


def _fits(later: Later, day: date, number: int, other: date) -> bool:
    try:
        return later(day, number) == other
    except (ValueError, OverflowError):
        return False
