"""Queries that read a whole table to keep a few of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import NotAnExpressionError, columns_after, columns_of
from pgrefit.rules.workload._plans import Node, plan_nodes
from pgrefit.rules.workload._shares import time_of, total_time

KEPT = 0.05  # share of the rows read up to which an index pays
FEWEST_ROWS = 2000
FEWEST_PAGES = 30


@dataclass(slots=True)
class _Need:
    """What queries look for in one table by the same columns."""

    table: Table
    columns: tuple[str, ...]
    queries: dict[str, float] = field(default_factory=dict[str, float])  # name: time
    read: float = 0.0
    kept: float = 0.0
    measured: bool = False


@rule(
    code="WRK001",
    title="Whole table read for a few rows",
    why="The time of such a query grows with the table, not with its answer; an index makes it grow with the answer.",
    workload="""
        -- name: by_owner
        -- weight: 10
        -- parameters: SELECT n::text FROM generate_series(1, 5) AS n
        SELECT id, label FROM gadget WHERE owner = $1::int ORDER BY id;
        -- name: how_many
        SELECT count(*) FROM gadget;
    """,
    example="""
        CREATE TABLE gadget (id int PRIMARY KEY, owner int NOT NULL, label text NOT NULL);
        INSERT INTO gadget SELECT n, n % 500, repeat('x', 40) || n FROM generate_series(1, 12000) AS n;
        ANALYZE gadget;
    """,
    clean="""
        CREATE TABLE gadget (id int PRIMARY KEY, owner int NOT NULL, label text NOT NULL);
        CREATE INDEX ON gadget (owner);
        INSERT INTO gadget SELECT n, n % 500, repeat('x', 40) || n FROM generate_series(1, 12000) AS n;
        ANALYZE gadget;
    """,
)
def missing_index_for_query(observation: Observation) -> Iterator[Finding]:
    """For each table and set of columns: the queries that would be served by an index.

    An index pays where it leaves a twentieth of the rows, by our judgement.
    """
    needs: dict[tuple[Relation, tuple[str, ...]], _Need] = {}
    for query in observation.workload.of("before").queries:
        profile = observation.profile(query.name)
        for node in plan_nodes(profile.plan) if profile else ():
            found = _need(observation, node)
            if found:
                need = needs.setdefault((found.table.name, found.columns), found)
                need.queries[query.name] = time_of(observation, query)
                need.read, need.kept = max(need.read, found.read), max(need.kept, found.kept)
    yield from (_finding(observation, need) for need in needs.values())


def _need(observation: Observation, node: Node) -> _Need | None:
    table = _table(observation, node) if node.kind == "Seq Scan" else None
    if table is None or not _is_big(observation, table):
        return None
    read = node.rows + node.removed if node.measured else float(observation.rows(table.name))
    if node.filter:
        columns, kept = _columns(table, node, (node.filter,)), node.rows
    elif node.kept_above is not None:
        columns, kept = _columns(table, node, node.conditions), node.kept_above
    else:
        return None
    return _Need(table, columns, {}, read, kept, node.measured) if columns and kept < KEPT * read else None


def _columns(table: Table, node: Node, conditions: tuple[str, ...]) -> tuple[str, ...]:
    """The table's columns that the conditions name; a lone table's stand bare, a joined one's after its alias."""
    own = {column.name for column in table.columns}
    found: list[str] = []
    for condition in conditions:
        try:
            bare = columns_of(condition) if condition == node.filter else ()
            found += [*bare, *columns_after(condition, node.alias or node.relation)]
        except NotAnExpressionError:  # such as (hashed SubPlan 1), which only EXPLAIN prints
            continue
    return tuple(sorted(own.intersection(found)))


def _table(observation: Observation, node: Node) -> Table | None:
    named = [t for t in observation.snapshot.own_tables() if t.name.name == node.relation]
    return next((t for t in named if node.schema in {"", t.name.schema}), None)


def _is_big(observation: Observation, table: Table) -> bool:
    statistics = observation.statistics.table(table.name)
    return statistics.rows >= FEWEST_ROWS and statistics.pages >= FEWEST_PAGES


def _finding(observation: Observation, need: _Need) -> Finding:
    names = tuple(sorted(need.queries))
    total = total_time(observation)
    share = round(sum(need.queries.values()) / total, 4) if total else 0.0
    pages = observation.statistics.table(need.table.name).pages
    return Finding(
        object=f"{need.table.name} ({', '.join(need.columns)})",
        message=f"{len(names)} {'query reads' if len(names) == 1 else 'queries read'} the whole table to keep few rows",
        severity=Severity.ERROR if share >= 0.1 else Severity.WARNING,
        evidence=(
            Evidence(measure="queries", value=names, source="workload"),
            Evidence(measure="share of time", value=share, source="workload"),
            Evidence(measure="rows read", value=round(need.read), source="workload"),
            Evidence(measure="rows kept", value=round(need.kept), source="workload"),
            Evidence(measure="pages", value=pages, source="statistics"),
        ),
        advice="let the advisor choose an index among these columns and those that the queries sort by",
        cost=Cost(queries_affected=len(names), share_of_time=share),
    )
