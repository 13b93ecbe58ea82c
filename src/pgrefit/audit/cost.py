"""What a defect costs the workload: the queries that touch its table or column, and their share of the time."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.audit.objects import longest_known
from pgrefit.model.finding import Cost
from pgrefit.model.observation import Observation
from pgrefit.model.sql_tree import UnreadableError, nodes, parse_sql, tables_and_columns
from pgrefit.model.workload import Query


@dataclass(frozen=True, slots=True)
class _Touched:
    """What one query reads and writes: tables by their bare name, columns by name (None: all of them)."""

    tables: frozenset[str]
    columns: frozenset[str] | None
    time: float


@dataclass(frozen=True, slots=True)
class Costs:
    """The present application's queries, and which columns each table has."""

    queries: tuple[_Touched, ...]
    tables: dict[str, tuple[str, frozenset[str]]]  # of schema.table: the bare name and the columns

    @classmethod
    def of(cls, observation: Observation) -> Costs:
        """Read the workload once."""
        queries = observation.workload.of("before").queries
        touched = [t for query in queries if (t := _touched(observation, query))]
        tables = {str(t.name): (t.name.name, frozenset(c.name for c in t.columns)) for t in observation.snapshot.tables}
        return cls(tuple(touched), tables if touched else {})

    def of_object(self, name: str) -> Cost | None:
        """The cost of a finding about a table (`schema.table…`) or a column of it; None without a workload."""
        table = longest_known(name, self.tables)
        if not table:
            return None
        bare, columns = self.tables[table]
        part = name.removeprefix(table).removeprefix(".")
        column = part if part in columns else None
        affected = [
            query
            for query in self.queries
            if bare in query.tables and (column is None or query.columns is None or column in query.columns)
        ]
        total = sum(query.time for query in self.queries)
        share = sum(query.time for query in affected) / total if total else 0.0
        return Cost(queries_affected=len(affected), share_of_time=round(share, 4))


def _touched(observation: Observation, query: Query) -> _Touched | None:
    try:
        found = list(nodes(parse_sql(query.sql)))
    except UnreadableError:
        return None
    profile = observation.profile(query.name)
    time = query.weight * profile.median_ms if profile and not profile.error else 0.0
    stars = any(node.HasField("a_star") for node in found)
    tables, read = tables_and_columns(query.sql)
    written = {node.res_target.name for node in found if node.HasField("res_target")}
    return _Touched(tables, None if stars else read | written, time)
