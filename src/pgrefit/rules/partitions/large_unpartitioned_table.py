"""A table of a hundred gigabytes that is one file."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import Family, families
from pgrefit.rules._given import grown, with_counters

LARGE = 100 * 2**30
IN_ORDER = 0.9  # correlation of the column with the order on disk
ADDED = 10  # rows that are inserted for each that is updated
TIMES = ("timestamp with time zone", "timestamp without time zone", "date")


def _given(observation: Observation) -> Observation:
    return with_counters(grown(observation, times=3_000_000), inserted=10**9, updated=0)


@rule(
    code="PAR005",
    title="Very large table without partitions",
    why=(
        "Vacuum, index builds and backups work on all of it at once; what is old can only be deleted row by row, where"
        " a partition would be dropped."
    ),
    example="""
        CREATE TABLE measurement (id bigint PRIMARY KEY, at timestamptz NOT NULL, value float8);
        INSERT INTO measurement
        SELECT n, timestamptz '2025-01-01 00:00+00' + n * interval '1 min', n FROM generate_series(1, 2000) AS n;
        ANALYZE measurement;
    """,
    clean="""
        CREATE TABLE measurement (id bigint, at timestamptz NOT NULL, value float8) PARTITION BY RANGE (at);
        CREATE TABLE measurement_1 PARTITION OF measurement FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        INSERT INTO measurement
        SELECT n, timestamptz '2025-01-01 12:00+00' + n * interval '1 min', n FROM generate_series(1, 2000) AS n;
        ANALYZE measurement;
    """,
    given=_given,
)
def large_unpartitioned_table(observation: Observation) -> Iterator[Finding]:
    """Tables of a hundred gigabytes and more; those to which rows are added in the order of time call for it most.

    How large is our judgement; the manual says, larger than the memory:
    https://www.postgresql.org/docs/current/ddl-partitioning.html.
    """
    for family in families(observation):
        if family.table.kind == "table" and family.total_bytes >= LARGE:
            yield _finding(family, _grows_by(family))


def _grows_by(family: Family) -> Column | None:
    """The time by which rows were added one after the other."""
    (seen,) = family.members
    if seen.inserted < ADDED * max(seen.updated, 1):
        return None
    for column in family.table.columns:
        known = seen.column(column.name)
        if column.type.startswith(TIMES) and known and known.correlation and known.correlation >= IN_ORDER:
            return column
    return None


def _finding(family: Family, by: Column | None) -> Finding:
    return Finding(
        object=str(family.table.name),
        message=f"has {family.total_bytes / 2**30:,.0f} GB in one piece"
        + (f", and grows in the order of {by.name}" if by else ""),
        severity=Severity.WARNING if by else Severity.INFO,
        evidence=(
            statistic("bytes", family.total_bytes),
            statistic("rows", family.rows),
            statistic("rows inserted", family.inserted),
            statistic("rows updated", family.updated),
            *((catalog("grows by", by.name),) if by else ()),
        ),
        advice=f"partition it by ranges of {by.name} (the change partition_table does it online)" if by else
        "where most queries ask for a time, a tenant or a range of keys, partition it by that",
    )  # fmt: skip
