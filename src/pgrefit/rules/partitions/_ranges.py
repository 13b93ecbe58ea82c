"""The ranges of a partitioned table, as values that can be compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from pgrefit.changes._bounds import observed, partition_key
from pgrefit.changes._partitioning import DAYS, MIDNIGHT, MONTHS, ranges
from pgrefit.changes._types import bare
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._families import partitions

Edge = Decimal | datetime
EVERY = (*DAYS, *MONTHS)


@dataclass(frozen=True, slots=True)
class Range:
    """A partition of a range over one column; None is without bound. Times are in UTC, or without a zone."""

    table: Table
    low: Edge | None
    high: Edge | None


def key_column(whole: Table) -> str | None:
    """The only column by whose ranges a table is partitioned; None where it is cut in another way."""
    key = partition_key(whole) if whole.kind == "partitioned table" else None
    return key[1][0] if key and key[0] == "range" and len(key[1]) == 1 else None


def ranges_of(db: Snapshot, whole: Table) -> tuple[Range, ...]:
    """The ranges in order, without the default; () where they are not over one column, or no numbers or times."""
    if key_column(whole) is None:
        return ()
    try:
        found = [_range(part) for part in partitions(db).get(whole.name, ()) if part.partition_bound != "DEFAULT"]
    except ValueError:
        return ()
    if len({type(edge) for each in found for edge in (each.low, each.high) if edge is not None}) > 1:
        return ()
    return tuple(sorted(found, key=lambda each: (each.low is not None, each.low or 0, each.high is None)))


def _range(part: Table) -> Range:
    bound = observed(part)
    return Range(part, _edge(bound.low), _edge(bound.high))


def _edge(values: tuple[str, ...]) -> Edge | None:
    """ValueError where it is neither a finite number nor a time."""
    if not values:
        return None
    try:
        number = Decimal(values[0])
    except InvalidOperation:
        moment = datetime.fromisoformat(values[0])
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    if not number.is_finite():
        raise ValueError(f"{values[0]} is no place on a line")
    return number


def default_of(db: Snapshot, whole: Table) -> Table | None:
    """The default partition, where there is one."""
    return next((part for part in partitions(db).get(whole.name, ()) if part.partition_bound == "DEFAULT"), None)


def width(known: tuple[Range, ...]) -> timedelta | None:
    """How long the last range is; None where it is no time, or without a bound on either side."""
    low, high = known[-1].low, known[-1].high
    return high - low if isinstance(low, datetime) and isinstance(high, datetime) else None


def custom(whole: Table, known: tuple[Range, ...]) -> str:
    """The period (day, week, month …) of which each of the last ranges is one, named as ours are; else ''."""
    column = key_column(whole)
    type_ = whole.column(column).type if column else ""
    if bare(type_) not in MIDNIGHT:
        return ""
    return next((every for every in EVERY if all(_is_one(whole.name, type_, each, every) for each in known[-2:])), "")


def _is_one(whole: Relation, type_: str, each: Range, every: str) -> bool:
    if not isinstance(each.low, datetime) or not isinstance(each.high, datetime):
        return False
    try:
        first, *more = ranges(whole.name, type_, day(each.low), day(each.high), every) or (None,)
    except ValueError:  # a month from the 31st on
        return False
    return first is not None and not more and first.name == each.table.name.name and _edge(first.high) == each.high


def day(moment: datetime) -> str:
    """Its date, as ISO has it."""
    return date(moment.year, moment.month, moment.day).isoformat()
