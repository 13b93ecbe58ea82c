"""An index that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import product

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable, tables_and_columns
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._indexes import needed_by_constraint, prefix_of, serves_lookup
from pgrefit.rules.workload._plans import plan_nodes

FEWEST_ROWS = 100  # of a smaller table no index is worth a word
LONG = timedelta(days=7)  # until then what was not scanned may just not have been due


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
    clean="""
        CREATE TABLE studio (id int PRIMARY KEY);
        CREATE TABLE film (id int PRIMARY KEY, title text NOT NULL UNIQUE, studio_id int REFERENCES studio);
        CREATE INDEX film_studio ON film (studio_id);
        CREATE TABLE scene (id int PRIMARY KEY, name text);
        CREATE INDEX scene_name ON scene (name);
    """,
)
def unused_index(observation: Observation) -> Iterator[Finding]:
    """Indexes of filled tables that were never scanned and that no query of the workload uses."""
    scans, rows = _scans(observation), _rows(observation)
    used = {node.index for p in observation.profiles for node in plan_nodes(p.plan) if node.index}
    searched = _searched_by_writes(observation)
    for table in observation.snapshot.own_tables():
        for index in table.indexes if rows.get(table.name, -1) >= FEWEST_ROWS else ():
            idle = scans.get(index.name) == 0 and index.name.name not in used
            if idle and not _needed(table, index, scans) and (table.name.name, _first_column(index)) not in searched:
                yield _finding(observation, table, index)


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


def _scans(observation: Observation) -> dict[Relation, int]:
    """Scans of each index; of a partitioned index, of all its parts."""
    scans = {i.index: i.scans for i in observation.statistics.indexes}
    above = {i.name: i.partition_of for t in observation.snapshot.tables for i in t.indexes if i.partition_of}
    for part in above:
        whole = above.get(part)
        while whole is not None:
            scans[whole] = scans.get(whole, 0) + scans.get(part, 0)
            whole = above.get(whole)
    return scans


def _needed(table: Table, index: Index, scans: dict[Relation, int]) -> bool:
    """Whether it is there for more than to be scanned, or not the index to be judged.

    It is needed where it can take the place of one that is scanned, and that may go as redundant.
    """
    if needed_by_constraint(index) or index.clustered or index.partition_of is not None or not index.valid:
        return True
    others = [other for other in table.indexes if other is not index]
    lasting = [other for other in others if needed_by_constraint(other)]
    serves_key = any(
        serves_lookup(index, key.columns) and not any(serves_lookup(other, key.columns) for other in lasting)
        for key in table.foreign_keys
    )
    return serves_key or any(
        scans.get(other.name, 0) > 0 and other.method == index.method and other.predicate == index.predicate
        and prefix_of(other, index)
        for other in others
    )  # fmt: skip


def _finding(observation: Observation, table: Table, index: Index) -> Finding:
    planned, telling = any(profile.plan for profile in observation.profiles), _counted_for_long(observation)
    sure = planned or telling
    return Finding(
        object=str(index.name),
        message="was never scanned" + (", and no query of the workload uses it" if planned else ""),
        severity=Severity.WARNING if sure else Severity.INFO,
        evidence=tuple(_evidence(observation, index)),
        remedy=(DropIndex(index=index, table=table.name),) if sure else (),
        advice="look at the replicas too: each server counts for itself" if sure else
        "let the server count for some days of work, or give the audit the workload: so far, this says little",
    )  # fmt: skip


def _counted_for_long(observation: Observation) -> bool:
    since, until = observation.statistics.reset_at, observation.statistics.taken_at
    return since is not None and until is not None and until - since >= LONG


def _evidence(observation: Observation, index: Index) -> Iterator[Evidence]:
    measured, since = observation.statistics.index(index.name), observation.statistics.reset_at
    yield catalog("definition", str(index.definition))
    yield statistic("bytes", measured.bytes if measured else None)
    yield statistic("scans", 0)
    yield statistic("counted since", since.isoformat(timespec="minutes") if since else "unknown")
    if observation.profiles:
        planned = sum(bool(p.plan) for p in observation.profiles)
        yield Evidence(measure="queries whose plans were read", value=planned, source="workload")
