"""Queries that read a whole table to keep a few of its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import NotAnExpressionError, columns_after, columns_of
from pgrefit.rules.workload._counted import WholeRead, whole_reads
from pgrefit.rules.workload._plans import Node, plan_nodes
from pgrefit.rules.workload._shares import time_of, total_time

KEPT = 0.05  # share of the rows read up to which an index pays
FEWEST_ROWS = 2000
FEWEST_PAGES = 16
SKIPS_FROM = 180000  # the version from which on a scan skips from one value of the first column to the next


@dataclass(slots=True)
class _Need:
    """What queries look for in one table by the same columns."""

    table: Table
    columns: tuple[str, ...]
    queries: dict[str, float] = field(default_factory=dict[str, float])  # name: share of the time
    read: float = 0.0
    kept: float = 0.0
    measured: bool = False
    either: bool = False


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

    Of the workload's queries by their plans, of statements that the server has counted by the pages that they read. An
    index pays where it leaves a twentieth of the rows, by our judgement.
    """
    needs: dict[tuple[Relation, tuple[str, ...]], _Need] = {}
    for name, share, found in (*_planned(observation), *_counted(observation)):
        need = needs.setdefault((found.table.name, found.columns), found)
        need.queries[name] = share
        need.read, need.kept = max(need.read, found.read), max(need.kept, found.kept)
    yield from (_finding(observation, need) for need in needs.values())


def _planned(observation: Observation) -> Iterator[tuple[str, float, _Need]]:
    total = total_time(observation)
    for query in observation.workload.of("before").queries:
        profile = observation.profile(query.name)
        for node in plan_nodes(profile.plan) if profile else ():
            found = _need(observation, node)
            if found:
                yield query.name, time_of(observation, query) / total if total else 0.0, found


def _counted(observation: Observation) -> Iterator[tuple[str, float, _Need]]:
    known = {query.sql for query in observation.workload.queries}
    for one in whole_reads(observation):
        told = one.text.sql in known or one.by_pattern
        need = None if told else _counted_need(observation, one)
        if need:
            yield one.text.name, one.text.share, need


def _counted_need(observation: Observation, one: WholeRead) -> _Need | None:
    read = float(observation.rows(one.table.name))
    pays = _is_big(observation, one.table) and one.rows < KEPT * read
    return _Need(one.table, one.columns, {}, read, one.rows, measured=True, either=one.either) if pays else None


def _need(observation: Observation, node: Node) -> _Need | None:
    if node.index:
        return _whole_index(observation, node)
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


def _whole_index(observation: Observation, node: Node) -> _Need | None:
    """An index whose first column the condition does not name: it is read from end to end, up to version 17."""
    if not node.index_condition or observation.snapshot.server_version >= SKIPS_FROM:
        return None
    named = ((t, i) for t in observation.snapshot.own_tables() for i in t.indexes if i.name.name == node.index)
    table, index = next(named, (None, None))
    if table is None or index is None or index.method != "btree" or not _is_big(observation, table):
        return None
    own = {column.name for column in table.columns}
    try:
        qualified = columns_after(node.index_condition, node.alias or table.name.name)
        columns = tuple(sorted(own.intersection((*columns_of(node.index_condition), *qualified))))
    except NotAnExpressionError:
        return None
    first, read = index.keys[0].column, float(observation.rows(table.name))
    if not columns or first is None or first in columns or node.rows >= KEPT * read:
        return None
    return _Need(table, columns, {}, read, node.rows, node.measured)


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
    share = round(min(1.0, sum(need.queries.values())), 4)
    pages = observation.statistics.table(need.table.name).pages
    return Finding(
        object=f"{need.table.name} ({', '.join(need.columns)})",
        message=f"{len(names)} {'query reads' if len(names) == 1 else 'queries read'} the whole table to keep few rows"
        + (": an OR over these columns" if need.either else ""),
        severity=Severity.ERROR if share >= 0.1 else Severity.WARNING,
        evidence=(
            Evidence(measure="queries", value=names, source="workload"),
            Evidence(measure="share of time", value=share, source="workload"),
            Evidence(measure="rows read", value=round(need.read), source="workload"),
            Evidence(measure="rows kept", value=round(need.kept), source="workload"),
            Evidence(measure="pages", value=pages, source="statistics"),
        ),
        advice=_advice(need),
        cost=Cost(queries_affected=len(names), share_of_time=share),
    )


def _advice(need: _Need) -> str:
    """Why the indexes that have these columns do not serve, where there are some."""
    if need.either:
        return "an index for each of these columns: the server puts together what they find; or ask by UNION"
    first = [i.name.name for i in need.table.indexes if i.valid and i.columns[0] in need.columns]
    later = [i.name.name for i in need.table.indexes if i.valid and {*i.columns[1:]} & {*need.columns}]
    if first:
        said = "compare the column itself, not what a function, a cast or an OR makes of it, or index that expression"
        return f"{first[0]} begins with one of these columns: {said}"
    if later:
        return f"{later[0]} has them in another order, after a column that these queries do not compare: lead with them"
    return "let the advisor choose an index among these columns and those that the queries sort by"
