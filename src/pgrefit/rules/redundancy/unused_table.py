"""A table that nobody reads or writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.sql_tree import tables_and_columns
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import statistic, statistics_of
from pgrefit.rules._columns import stored_tables

LONG = timedelta(days=30)  # so that whatever is done once a month was done


def _given(observation: Observation) -> Observation:
    """With counters of two months in which nothing happened."""
    statistics = observation.statistics
    idle = (replace(t, sequential_scans=0, index_scans=0, inserted=0) for t in statistics.tables)
    since = statistics.taken_at - 2 * LONG if statistics.taken_at else None
    return replace(observation, statistics=replace(statistics, tables=tuple(idle), reset_at=since))


@rule(
    code="RED014",
    title="Table that nobody uses",
    why="It is backed up, vacuumed, migrated and read about by every newcomer, and serves nothing.",
    example="""
        CREATE TABLE survey (id int PRIMARY KEY, answer text);
        INSERT INTO survey SELECT n, 'yes' FROM generate_series(1, 10) AS n;
    """,
    clean="""
        CREATE TABLE survey (id int PRIMARY KEY, answer text);
        INSERT INTO survey SELECT n, 'yes' FROM generate_series(1, 10) AS n;
        CREATE TABLE not_yet (id int PRIMARY KEY);
    """,
    given=_given,
)
def unused_table(observation: Observation) -> Iterator[Finding]:
    """Filled tables without a scan or a write in more than thirty days of counting."""
    since, until = observation.statistics.reset_at, observation.statistics.taken_at
    if since is None or until is None or until - since < LONG:
        return
    named = {name for query in observation.workload.of("before").queries for name in tables_and_columns(query.sql)[0]}
    for table in stored_tables(observation):
        seen = statistics_of(observation, table)
        if _is_idle(table, seen) and table.name.name not in named:
            yield Finding(
                object=str(table.name),
                message=f"was neither read nor written in {(until - since).days} days",
                severity=Severity.INFO,
                evidence=(
                    statistic("bytes", seen.total_bytes), statistic("rows", seen.rows), statistic("scans", 0),
                    statistic("counted since", since.isoformat(timespec="minutes")),
                ),
                advice="look at the replicas too, for each server counts for itself; then archive and drop it",
                cost=Cost(bytes=seen.total_bytes),
            )  # fmt: skip


def _is_idle(table: Table, seen: TableStatistics) -> bool:
    """Of partitions each one counts for itself, so that a whole is not judged."""
    done = (seen.sequential_scans, seen.index_scans, seen.inserted, seen.updated, seen.deleted)
    return table.kind == "table" and seen.heap_bytes > 0 and not any(done)
