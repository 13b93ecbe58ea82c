"""An index that nothing reads."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._indexes import needed_by_constraint, serves_lookup
from pgrefit.rules.workload._plans import plan_nodes


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
    scans = _scans(observation)
    used = {node.index for p in observation.profiles for node in plan_nodes(p.plan) if node.index}
    rows = {t.table: t.rows for t in observation.statistics.tables}
    for table in observation.snapshot.own_tables():
        for index in table.indexes if rows.get(table.name, -1) > 0 or table.kind == "partitioned table" else ():
            if scans.get(index.name) == 0 and index.name.name not in used and not _needed(table, index):
                yield _finding(observation, table, index)


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


def _needed(table: Table, index: Index) -> bool:
    """Whether it is there for more than to be scanned, or not the index to be judged."""
    if needed_by_constraint(index) or index.clustered or index.partition_of is not None or not index.valid:
        return True
    others = [other for other in table.indexes if other is not index]
    return any(
        serves_lookup(index, key.columns) and not any(serves_lookup(other, key.columns) for other in others)
        for key in table.foreign_keys
    )


def _finding(observation: Observation, table: Table, index: Index) -> Finding:
    since = observation.statistics.reset_at
    return Finding(
        object=str(index.name),
        message="was never scanned" + (", and no query of the workload uses it" if observation.profiles else ""),
        severity=Severity.WARNING if since or observation.profiles else Severity.INFO,
        evidence=tuple(_evidence(observation, index)),
        remedy=(DropIndex(index=index, table=table.name),),
        advice="look at the replicas too: each server counts for itself",
    )


def _evidence(observation: Observation, index: Index) -> Iterator[Evidence]:
    measured, since = observation.statistics.index(index.name), observation.statistics.reset_at
    yield catalog("definition", str(index.definition))
    yield statistic("bytes", measured.bytes if measured else None)
    yield statistic("scans", 0)
    yield statistic("counted since", since.isoformat(timespec="minutes") if since else "unknown: never reset")
    if observation.profiles:
        planned = sum(bool(p.plan) for p in observation.profiles)
        yield Evidence(measure="queries whose plans were read", value=planned, source="workload")
