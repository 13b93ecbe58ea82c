"""An index that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable, tables_and_columns
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import counting_for
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules.indexes._drops import drop_of, why_not
from pgrefit.rules.indexes._usage import counted, needed, scans_of_all, window
from pgrefit.rules.indexes._young import YOUNG, Asked, asked_about, is_worked_on, so_far
from pgrefit.rules.workload._plans import plan_nodes

FEWEST_ROWS = 100  # of a smaller table no index is worth a word


@rule(
    code="IDX005",
    title="Index that nothing reads",
    why="Each row that is written is written to it as well; it takes room on disk and in memory, and answers no query.",
    example="""
        CREATE TABLE film (id int PRIMARY KEY, title text NOT NULL);
        CREATE INDEX film_title ON film (title);
        INSERT INTO film SELECT n, 'film ' || n FROM generate_series(1, 100) AS n;
        ANALYZE film;
    """,
    given=lambda observation: counting_for(observation, 2),
    clean="""
        CREATE TABLE studio (id int PRIMARY KEY);
        CREATE TABLE film (id int PRIMARY KEY, title text NOT NULL UNIQUE, studio_id int REFERENCES studio);
        CREATE INDEX film_studio ON film (studio_id);
        CREATE TABLE scene (id int PRIMARY KEY, name text);
        CREATE INDEX scene_name ON scene (name);
    """,
)
def unused_index(observation: Observation) -> Iterator[Finding]:
    """Indexes of filled tables that were never scanned and that no query of the workload uses.

    On a server that has counted for less than a day, unless there is a workload, only of tables that statements ask
    about again and again, and provisionally; nor those that another index makes needless, for that is said already.
    """
    length = window(observation).length
    young = not _planned(observation) and length is not None and length < YOUNG
    asked = asked_about(observation) if young else {}
    scans, rows = scans_of_all(observation), _rows(observation)
    used = {node.index for p in observation.profiles for node in plan_nodes(p.plan) if node.index}
    searched = _searched_by_writes(observation)
    for table in users_tables(observation.snapshot):
        if young and not is_worked_on(table, asked):
            continue
        for index in table.indexes if rows.get(table.name, -1) >= (1 if young else FEWEST_ROWS) else ():
            idle = scans.get(index.name) == 0 and index.name.name not in used
            told = needed(table, index, scans) or _is_needless(table, index)
            told = told or (young and _first_column(index) in asked.get(table.name, Asked()).columns)
            if idle and not told and (table.name.name, _first_column(index)) not in searched:
                yield _finding(observation, table, index)


def _planned(observation: Observation) -> bool:
    return any(profile.plan for profile in observation.profiles)


def _is_needless(table: Table, index: Index) -> bool:
    """Whether another index has the same keys, or begins with them."""
    return any(
        other is not index and other.valid and other.method == index.method and other.predicate == index.predicate
        and prefix_of(index, other) and set(index.include) <= {*other.columns, *other.include}
        for other in table.indexes
    )  # fmt: skip


def _rows(observation: Observation) -> dict[Relation, int]:
    """Rows of each table; of a partitioned table, those of all its parts."""
    rows = {t.table: t.rows for t in observation.statistics.tables}
    above = {t.name: t.partition_of for t in observation.snapshot.tables if t.partition_of}
    parts = [t.name for t in observation.snapshot.tables if t.kind != "partitioned table"]
    rows |= dict.fromkeys(above.values(), 0)
    for part in parts:
        whole = above.get(part)
        while whole is not None:
            rows[whole] = rows.get(whole, 0) + max(rows.get(part, 0), 0)
            whole = above.get(whole)
    return rows


def _searched_by_writes(observation: Observation) -> set[tuple[str, str | None]]:
    """Tables and columns by which statements that were not planned, for they write, may look rows up."""
    planned = {profile.name for profile in observation.profiles if profile.plan}
    found: set[tuple[str, str | None]] = set()
    for query in observation.workload.of("before").queries:
        if query.name not in planned:
            found |= set(product(*tables_and_columns(query.sql)))
    return found


def _first_column(index: Index) -> str | None:
    key = index.keys[0]
    readable = key.column is None and is_readable(key.expression)
    return next(iter(columns_of(key.expression)), None) if readable else key.column


def _finding(observation: Observation, table: Table, index: Index) -> Finding:
    planned, counts = _planned(observation), window(observation)
    measured = observation.statistics.index(index.name)
    sure = planned or (counts.long and counts.sees_all)
    return Finding(
        object=str(index.name),
        message="was never scanned" + (", and no query of the workload uses it" if planned else so_far(observation)),
        severity=Severity.WARNING if sure else Severity.INFO,
        evidence=tuple(_evidence(observation, index)),
        remedy=drop_of(observation.snapshot, table, index) if sure else (),
        advice="; ".join(filter(None, (why_not(observation.snapshot, table, index), counts.advice))),
        cost=Cost(bytes=measured.bytes) if measured else None,
    )


def _evidence(observation: Observation, index: Index) -> Iterator[Evidence]:
    measured = observation.statistics.index(index.name)
    yield catalog("definition", str(index.definition))
    yield statistic("bytes", measured.bytes if measured else None)
    yield statistic("scans", 0)
    yield from counted(observation)
    if observation.profiles:
        planned = sum(bool(p.plan) for p in observation.profiles)
        yield Evidence(measure="queries whose plans were read", value=planned, source="workload")
