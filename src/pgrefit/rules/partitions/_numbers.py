"""Ranges of numbers: those that stand for times, and how far a sequence has come in them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from pgrefit.changes._bounds import observed, partition_key
from pgrefit.model.lookup import remembered
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Sequence, Snapshot, Table
from pgrefit.rules._families import partitions
from pgrefit.rules._sequences import draws

from ._ranges import Edge, Range, key_column

HOUR = 3600
FIRST, LAST = 1990, 2100  # years that a number may stand for
LONGEST = 10  # years of one range
MILLIS = 1000
PERIOD = re.compile(r"[12]\d{3}(?:-?(?:0[1-9]|1[0-2]))?")  # 2025, 2025-01, 202501


def as_times(known: tuple[Range, ...]) -> tuple[Range, ...]:
    """Ranges of 202501 to 202502, 20250101, 2025 or seconds since 1970 as those of times; others as they are."""
    edges = [edge for each in known for edge in (each.low, each.high)]
    numbers = [int(edge) for edge in edges if isinstance(edge, Decimal) and edge == int(edge)]
    if len(numbers) != len(edges) or len(known) < 2:
        return known
    for reading in (_day, _month, _year, _second):
        moments = [reading(number) for number in numbers]
        if all(moments):
            read = {Decimal(number): moment for number, moment in zip(numbers, moments, strict=True)}
            timed = tuple(replace(each, low=_of(read, each.low), high=_of(read, each.high)) for each in known)
            return timed if all(map(_is_short, timed)) else known
    return known


def listed_times(db: Snapshot, whole: Table) -> tuple[Range, ...]:
    """Partitions by a list of months (2025-01, 202501) or years that follow each other, as ranges; () of any other."""
    key = partition_key(whole)
    parts = [part for part in partitions(db).get(whole.name, ()) if part.partition_bound != "DEFAULT"]
    if key is None or key[0] != "list" or len(key[1]) != 1 or len(parts) < 2:
        return ()
    found = [(part, *_period(observed(part).values)) for part in parts]
    ordered = sorted((Range(part, low, high) for part, low, high in found if low and high), key=_start)
    follow = all(one.high == other.low for one, other in pairwise(ordered))
    return tuple(ordered) if len(ordered) == len(found) and follow else ()


def _start(each: Range) -> datetime:
    assert isinstance(each.low, datetime)
    return each.low


def _period(values: tuple[str, ...]) -> tuple[datetime | None, datetime | None]:
    """From the first month or year of a list to the one after its last."""
    numbers = [int(value.replace("-", "", 1)) for value in values if PERIOD.fullmatch(value)]
    if not numbers or len(numbers) < len(values):
        return None, None
    read = _year if max(numbers) <= LAST else _month
    return read(min(numbers)), read(max(numbers) + 1)


def drawn_up_to(observation: Observation, whole: Table) -> int | None:
    """The last number that the sequence of the column gave out by whose ranges a table is cut; None without one."""
    column = key_column(whole)
    sequences = _drawn(observation.snapshot).get((whole.name, column or ""), ())
    up = [one for one in sequences if one.increment > 0 and not one.cycle]
    return observation.statistics.last_value(up[0].name) if len(up) == 1 else None


@remembered
def _drawn(db: Snapshot) -> dict[tuple[Relation, str], tuple[Sequence, ...]]:
    found: defaultdict[tuple[Relation, str], list[Sequence]] = defaultdict(list)
    for draw in draws(db):
        if draw.whole and draw.table.kind == "partitioned table":
            found[draw.table.name, draw.column.name].append(draw.sequence)
    return {place: tuple(sequences) for place, sequences in found.items()}


def _of(read: dict[Decimal, datetime | None], edge: Edge | None) -> Edge | None:
    return read.get(edge) if isinstance(edge, Decimal) else edge


def _is_short(each: Range) -> bool:
    """Whether it is no longer than what stands for a time would be, nor shorter than an hour."""
    if not isinstance(each.low, datetime) or not isinstance(each.high, datetime):
        return False
    return timedelta(hours=1) <= each.high - each.low <= timedelta(days=366 * LONGEST)


def _day(number: int) -> datetime | None:
    return _moment(lambda: datetime(number // 10000, number // 100 % 100, number % 100, tzinfo=UTC))


def _month(number: int) -> datetime | None:
    """13 is the month after the last."""
    year, month = divmod(number, 100)
    return _moment(lambda: datetime(year + month // 13, month % 13 + month // 13, 1, tzinfo=UTC))


def _year(number: int) -> datetime | None:
    return _moment(lambda: datetime(number, 1, 1, tzinfo=UTC))


def _second(number: int) -> datetime | None:
    seconds = number // MILLIS if number > MILLIS**4 else number
    whole = seconds % HOUR == 0
    return _moment(lambda: datetime.fromtimestamp(seconds, UTC)) if whole else None


def _moment(read: Callable[[], datetime]) -> datetime | None:
    try:
        found = read().replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None
    return found if FIRST <= found.year <= LAST else None
