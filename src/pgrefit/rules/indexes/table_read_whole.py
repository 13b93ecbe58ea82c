"""A large table that is read from end to end again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families
from pgrefit.rules._given import counting_for, grown, with_statistics
from pgrefit.rules.indexes._usage import counted, window
from pgrefit.rules.indexes._young import so_far

FEWEST_BYTES = 16 * 2**20
FEWEST_ROWS = 10_000
FEWEST_OF_YOUNG = 5000
SHORTEST = timedelta(days=1)
TIMES_A_DAY = 100  # more than what jobs, dumps and index builds come to
REALLY = 0.5  # share of the pages: a scan that a LIMIT ends is counted as well
A_LOT = 2**40  # bytes a day


def _given(observation: Observation) -> Observation:
    observation = grown(observation, times=20_000)
    tables = tuple(
        replace(each, sequential_scans=9000, blocks_fetched=9000 * each.pages) for each in observation.statistics.tables
    )
    return counting_for(with_statistics(observation, tables=tables), days=10)


@rule(
    code="IDX012",
    title="Large table that is read whole again and again",
    why="The time of such a query, and what it throws out of the cache, grows with the table and not with its answer.",
    example="""
        CREATE TABLE gadget (id int PRIMARY KEY, owner int NOT NULL, label text NOT NULL);
        INSERT INTO gadget SELECT n, n % 50, repeat('x', 40) || n FROM generate_series(1, 500) AS n;
        ANALYZE gadget;
    """,
    clean="""
        CREATE TABLE gadget (id int PRIMARY KEY, owner int NOT NULL, label text NOT NULL);
        INSERT INTO gadget SELECT n, n % 50, repeat('x', 40) || n FROM generate_series(1, 500) AS n;
        ANALYZE gadget;
    """,
    given=_given,
)
def table_read_whole(observation: Observation) -> Iterator[Finding]:
    """Large tables with a hundred whole scans a day and more, by the server's counters of scans and of pages."""
    length = window(observation).length
    if length is None:
        return
    if length < SHORTEST:
        yield from _so_far(observation)
        return
    days = length / timedelta(days=1)
    for family in families(observation):
        large = family.heap_bytes >= FEWEST_BYTES and family.rows >= FEWEST_ROWS
        if large and _whole_scans(family) / days >= TIMES_A_DAY and _read_through(family):
            yield _finding(observation, family, _whole_scans(family) / days)


def _so_far(observation: Observation) -> Iterator[Finding]:
    """Provisionally, where no statement is counted that would tell more."""
    for family in families(observation) if not observation.statements else ():
        if family.rows >= FEWEST_OF_YOUNG and _whole_scans(family) >= TIMES_A_DAY and _read_through(family):
            yield Finding(
                object=str(family.table.name),
                message=f"was read from end to end {_whole_scans(family):,} times{so_far(observation)}",
                severity=Severity.INFO,
                evidence=(
                    statistic("whole scans", _whole_scans(family)),
                    statistic("scans by index", sum(each.index_scans for each in family.members)),
                    statistic("rows", family.rows), *counted(observation),
                ),
                advice="count the statements (pg_stat_statements), or give the audit the workload:"
                " missing-index-for-query then names the columns that an index should have",
            )  # fmt: skip


def _whole_scans(family: Family) -> int:
    """A query that reads a partitioned table whole scans each partition."""
    return max(each.sequential_scans for each in family.members)


def _read_through(family: Family) -> bool:
    fetched = sum(each.blocks_fetched for each in family.members)
    return fetched >= REALLY * sum(each.sequential_scans * each.pages for each in family.members)


def _finding(observation: Observation, family: Family, daily: float) -> Finding:
    return Finding(
        object=str(family.table.name),
        message=f"is read from end to end {daily:,.0f} times a day",
        severity=Severity.WARNING if daily * family.heap_bytes >= A_LOT else Severity.INFO,
        evidence=(
            statistic("whole scans", _whole_scans(family)),
            statistic("scans by index", sum(each.index_scans for each in family.members)),
            statistic("rows", family.rows),
            statistic("bytes", family.heap_bytes),
            *counted(observation),
        ),
        advice="give the audit the workload: missing-index-for-query then names the columns that an index should have",
    )
