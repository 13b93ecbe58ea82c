"""How a table is cut into partitions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal as OneOf

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation, fit

from ._proof import oid_of
from ._types import bare

Method = OneOf["range", "list", "hash"]
MONTHS = {"month": 1, "quarter": 3, "year": 12}
DAYS = {"day": 1, "week": 7}
MIDNIGHT = {"date": "", "timestamp without time zone": " 00:00:00", "timestamp with time zone": " 00:00:00+00"}
DEFAULT_SUFFIX = "_default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """One partition, its values as texts; with none of these it is the default partition.

    Of a range: from `low`, inclusive, to `high`, exclusive, a value for each column of the key; () is without bound.
    Of a list: `values`, and NULL where `null`. Of a hash: `remainder` of `modulus`.
    """

    name: str
    low: tuple[str, ...] = ()
    high: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    null: bool = False
    modulus: int = 0
    remainder: int = 0

    @property
    def is_default(self) -> bool:
        """Whether it takes what no other partition does."""
        return not (self.low or self.high or self.values or self.null or self.modulus)

    def bound(self, width: int) -> Expression:
        """FOR VALUES … or DEFAULT; `width` is the number of columns of the key."""
        if self.is_default:
            return Expression("DEFAULT")
        if self.modulus:
            return expression(
                "FOR VALUES WITH (MODULUS {m}, REMAINDER {r})", m=self.modulus, r=self.remainder
            )  # fmt: skip
        if self.values or self.null:
            listed = [expression("{v}", v=Literal(v)) for v in self.values] + [Expression("NULL")] * self.null
            return expression("FOR VALUES IN ({values})", values=raw(joined(listed)))
        low, high = _edge(self.low, "MINVALUE", width), _edge(self.high, "MAXVALUE", width)
        return expression("FOR VALUES FROM ({low}) TO ({high})", low=raw(low), high=raw(high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The columns that decide, and the partitions."""

    method: Method
    by: tuple[str, ...]
    partitions: tuple[Partition, ...]

    @property
    def clause(self) -> Expression:
        """PARTITION BY …"""
        return expression("PARTITION BY {m} ({by})", m=raw(Expression(self.method.upper())), by=self.by)

    def create(self, table: Relation) -> Iterator[Statement]:
        """CREATE TABLE … PARTITION OF, beside the table."""
        for partition in self.partitions:
            yield ddl("CREATE TABLE {name} PARTITION OF {table} {bound}", name=table.beside(partition.name),
                      table=table, bound=raw(partition.bound(len(self.by))))  # fmt: skip


def ranges(table: str, type_: str, start: str, end: str, every: str) -> tuple[Partition, ...]:
    """Ranges of equal width from `start`, inclusive, to at least `end`, named after where they begin.

    `every` is day, week, month, quarter or year over ISO dates, else a whole number over whole numbers. ValueError
    where these do not fit together.
    """
    if every in MONTHS or every in DAYS:
        return tuple(_of_dates(table, type_, date.fromisoformat(start), date.fromisoformat(end), every))
    return tuple(_of_numbers(table, int(start), int(end), int(every)))


def _of_dates(table: str, type_: str, start: date, end: date, every: str) -> Iterator[Partition]:
    if bare(type_) not in MIDNIGHT:
        raise ValueError(f"{type_} is neither a date nor a timestamp")
    midnight = MIDNIGHT[bare(type_)]
    while start < end:
        after = _next(start, every)
        low, high = (f"{start}{midnight}",), (f"{after}{midnight}",)
        yield Partition(name=fit(table, _suffix(start, every)), low=low, high=high)
        start = after


def _next(day: date, every: str) -> date:
    if every in DAYS:
        return day + timedelta(days=DAYS[every])
    months = day.year * 12 + day.month - 1 + MONTHS[every]
    return date(months // 12, months % 12 + 1, day.day)


def _suffix(day: date, every: str) -> str:
    if every == "year":
        return f"_{day:%Y}"
    if every == "quarter":
        return f"_{day:%Y}_q{(day.month + 2) // 3}"
    return f"_{day:%Y_%m}" if every == "month" else f"_{day:%Y_%m_%d}"


def _of_numbers(table: str, start: int, end: int, every: int) -> Iterator[Partition]:
    if every <= 0:
        raise ValueError(f"a range of {every} is none")
    for low in range(start, end, every):
        suffix = f"_{low}" if low >= 0 else f"_minus_{-low}"
        yield Partition(name=fit(table, suffix), low=(str(low),), high=(str(low + every),))


def _edge(values: tuple[str, ...], without: str, width: int) -> Expression:
    if not values:
        return Expression(", ".join([without] * width))
    return joined([expression("{v}", v=Literal(value)) for value in values])


def is_partition(parent: Relation, child: Relation) -> Statement:
    """A proof: whether `child` is a partition of `parent`, and not one that is being detached."""
    return ddl(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = {parent} AND inhrelid = {child}"
        " AND NOT inhdetachpending)",
        parent=raw(oid_of(parent)), child=raw(oid_of(child)),
    )  # fmt: skip
