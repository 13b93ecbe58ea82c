"""Choose among candidates: the one that saves most, again and again, until a further one saves too little.

The cost of a query is cached by the candidates that its plan could use, so that a round asks the server only for
queries that a candidate's table has to do with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from pgrefit.changes.create_index import CreateIndex
from pgrefit.model.names import Relation

LEAST_GAIN = 0.02  # a further index must save this share of what the workload costs without it
NEAR_BEST = 0.97  # among candidates that save nearly as much as the best, the smallest is taken


class Oracle(Protocol):
    """Tells what queries would cost if just these candidates existed, and how large each is."""

    def cost(self, query: str, indexes: frozenset[int]) -> float:
        """The planner's cost of a query, weighted."""
        ...

    def bytes(self, index: int) -> int:
        """The size of a candidate as built."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A chosen index: the share of the workload's cost that it saved when it was taken, and its bytes."""

    index: CreateIndex
    saves: float
    bytes: int
    queries: tuple[str, ...]


def choose(
    candidates: tuple[CreateIndex, ...], tables: Mapping[str, frozenset[Relation]], oracle: Oracle, most: int = 12
) -> tuple[Choice, ...]:
    """Choose indexes for queries; `tables` says which tables each query reads."""
    taken: list[int] = []
    choices: list[Choice] = []
    search = _Search(oracle, {query: oracle.cost(query, frozenset()) for query in tables})
    whole = sum(search.costs.values()) or 1.0
    while len(taken) < most:
        left = [n for n in range(len(candidates)) if n not in taken]
        saved = {n: _saved(n, taken, candidates[n].table, tables, search) for n in left}
        gains = {n: sum(by_query.values()) for n, by_query in saved.items()}
        best = max(gains.values(), default=0.0)
        if best < LEAST_GAIN * sum(search.costs.values()):
            break
        near = [n for n, gain in gains.items() if gain >= NEAR_BEST * best]
        chosen = min(near, key=lambda n: (oracle.bytes(n), n))
        search.costs = {query: cost - saved[chosen].get(query, 0.0) for query, cost in search.costs.items()}
        taken.append(chosen)
        helped = tuple(query for query, gain in saved[chosen].items() if gain > 0)
        share = gains[chosen] / whole
        choices.append(Choice(index=candidates[chosen], saves=share, bytes=oracle.bytes(chosen), queries=helped))
    return tuple(choices)


@dataclass(slots=True)
class _Search:
    oracle: Oracle
    costs: dict[str, float]


def _saved(
    number: int, taken: list[int], table: Relation, tables: Mapping[str, frozenset[Relation]], search: _Search
) -> dict[str, float]:
    """What each query that reads the candidate's table would save with it."""
    concerned = [query for query, reads in tables.items() if table in reads]
    together = frozenset((*taken, number))
    return {query: search.costs[query] - search.oracle.cost(query, together) for query in concerned}
