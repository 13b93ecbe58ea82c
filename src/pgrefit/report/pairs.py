"""Timings of two measurements, each beside what it is to be compared with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from pgrefit.model.measure import Comparison, GroupTiming, QueryTiming
from pgrefit.model.workload import Workload

T = TypeVar("T", bound=QueryTiming | GroupTiming)


@dataclass(frozen=True, slots=True)
class Pair(Generic[T]):
    """A query (or a group) before and after; None on the side that does not issue it. `name` is the older one's."""

    name: str
    group: str
    before: T | None
    after: T | None


AnyPair = Pair[QueryTiming] | Pair[GroupTiming]


def query_pairs(comparison: Comparison, workload: Workload | None = None) -> tuple[Pair[QueryTiming], ...]:
    """Every query of both sides once, in the order of the measurement before."""
    successor = {query.replaces: query.name for query in workload.queries if query.replaces} if workload else {}
    pairs: list[Pair[QueryTiming]] = []
    taken: set[str] = set()
    for before in comparison.before.queries:
        after = comparison.after.query(before.name) or comparison.after.query(successor.get(before.name, ""))
        pairs.append(Pair(before.name, before.group, before, after))
        taken |= {after.name} if after else set()
    new = (query for query in comparison.after.queries if query.name not in taken)
    return (*pairs, *(Pair(query.name, query.group, None, query) for query in new))


def group_pairs(comparison: Comparison) -> tuple[Pair[GroupTiming], ...]:
    """Every group of both sides once."""
    names = dict.fromkeys(g.group for g in (*comparison.before.groups, *comparison.after.groups))
    return tuple(Pair(name, name, comparison.before.group(name), comparison.after.group(name)) for name in names)
