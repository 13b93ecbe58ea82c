"""A cost oracle on a clone: every candidate is built for real, and hidden or shown by pg_index.indisvalid.

The planner looks at valid indexes alone, so hiding one is as good as dropping it. This writes to the catalog of a
disposable database: never of one that matters. It needs a superuser there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import psycopg

from pgrefit.changes.create_index import CreateIndex
from pgrefit.model.change import Batches
from pgrefit.model.ddl import Literal, Statement, ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot
from pgrefit.model.workload import Query, Workload

from .candidates import candidates


class CloneOracle:
    """Costs of queries on a clone under any subset of candidates."""

    def __init__(
        self, conn: psycopg.Connection[Any], workload: Workload, parameters: Mapping[str, list[tuple[Any, ...]]]
    ) -> None:
        self._conn = conn
        self._queries = {query.name: query for query in workload.queries}
        self._parameters = parameters
        self._oids: list[int] = []
        self._sizes: list[int] = []
        self._shown: frozenset[int] | None = None
        self._cache: dict[tuple[str, frozenset[int]], float] = {}
        self._tables: list[Relation] = []
        self._plans = {name: self._generic_plan(query) for name, query in self._queries.items()}
        self._reads = {name: frozenset(_tables(plan)) for name, plan in self._plans.items()}

    def find_candidates(self, columns: Mapping[Relation, tuple[str, ...]]) -> tuple[CreateIndex, ...]:
        """Distinct candidates of all queries, over the tables in `columns`."""
        found = (index for plan in self._plans.values() for index in candidates(plan, columns))
        return tuple(dict.fromkeys(found))

    def tables(self) -> dict[str, frozenset[Relation]]:
        """The tables that each query reads."""
        return dict(self._reads)

    def build(self, indexes: tuple[CreateIndex, ...], db: Snapshot) -> None:
        """Build every candidate, and hide it. Needs a session in autocommit."""
        for number, index in enumerate(indexes):
            named = replace(index, name=f"pgrefit_candidate_{number}")
            (step,) = named.steps(db)
            assert not isinstance(step.do, Batches)
            self._conn.execute(step.do[0].encode())
            row = self._conn.execute(_size(named.index).encode()).fetchone()
            assert row is not None
            self._oids.append(row[0])
            self._sizes.append(row[1])
            self._tables.append(index.table)
        self._show(frozenset())

    def cost(self, query: str, indexes: frozenset[int]) -> float:
        """The mean cost over a few of the query's parameters, times its weight."""
        relevant = frozenset(n for n in indexes if self._tables[n] in self._reads[query])
        if (query, relevant) not in self._cache:
            self._show(relevant)
            self._cache[query, relevant] = self._explained(self._queries[query])
        return self._cache[query, relevant]

    def bytes(self, index: int) -> int:
        """The size of a candidate as built."""
        return self._sizes[index]

    def _show(self, indexes: frozenset[int]) -> None:
        if indexes == self._shown:
            return
        shown = [self._oids[n] for n in indexes]
        self._conn.execute(
            "UPDATE pg_catalog.pg_index SET indisvalid = (indexrelid = ANY(%s)) WHERE indexrelid = ANY(%s)"
            " AND indisvalid <> (indexrelid = ANY(%s))",
            (shown, self._oids, shown),
        )
        self._shown = indexes

    def _explained(self, query: Query) -> float:
        rows = self._parameters.get(query.name) or [()]
        chosen = rows[:: max(1, len(rows) // 5)][:5]
        costs = [float(self._plan(query.sql, row)["Total Cost"]) for row in chosen]
        return query.weight * sum(costs) / len(costs)

    def _generic_plan(self, query: Query) -> dict[str, Any]:
        """The plan with $1, $2, … in its conditions, as a prepared statement comes to have it."""
        count = len((self._parameters.get(query.name) or [()])[0])
        arguments = f"({', '.join(['NULL'] * count)})" if count else ""
        with self._conn.transaction():
            self._conn.execute(f"PREPARE pgrefit_generic AS {query.sql}".encode())
            self._conn.execute("SET LOCAL plan_cache_mode = force_generic_plan")
            plan = self._plan(f"EXECUTE pgrefit_generic {arguments}", ())
            self._conn.execute("DEALLOCATE pgrefit_generic")
        return plan

    def _plan(self, sql: str, values: tuple[Any, ...]) -> dict[str, Any]:
        row = psycopg.RawCursor(self._conn).execute(f"EXPLAIN (VERBOSE, FORMAT JSON) {sql}".encode(), values).fetchone()
        assert row is not None
        return dict(row[0][0]["Plan"])


def _size(relation: Relation) -> Statement:
    name = ddl("{r}", r=relation)
    return ddl("SELECT c.oid, pg_relation_size(c.oid) FROM pg_class AS c WHERE c.oid = {r}::regclass", r=Literal(name))


def _tables(plan: Mapping[str, Any]) -> Iterator[Relation]:
    if "Relation Name" in plan:
        yield Relation(str(plan["Schema"]), str(plan["Relation Name"]))
    for child in plan.get("Plans", ()):
        yield from _tables(child)
