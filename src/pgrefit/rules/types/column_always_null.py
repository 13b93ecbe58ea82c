"""A column without a value in any row."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import ColumnStatistics, TableStatistics
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import own_columns
from pgrefit.rules._languages import english
from pgrefit.rules._names import words

FEWEST_ROWS = 300
NOTHING = 0.99999  # of the rows, as far as such shares are exact
# Rows written since ANALYZE looked, by what it saw. A load in the session of ANALYZE is counted only after it.
STALE = 1.1
# What many rows may never have: how they ended, what went wrong, what somebody had to say.
RARE = {
    "comment", "comments", "description", "end", "error", "errors", "exception", "expires", "expiry", "failure",
    "message", "note", "notes", "override", "parent", "reason", "remark", "remarks", "until", "warning",
}  # fmt: skip

NAMED = 4  # columns at most, in the message
LEFT_OVER = {"deprecated", "unused", "reserved"}  # what is no event


@rule(
    code="TYP017",
    title="Column that is always NULL",
    why="Whoever reads the schema believes that the data is there; queries on it answer, and answer nothing.",
    example="""
        CREATE TABLE member (id int PRIMARY KEY, email text NOT NULL, fax text, address_2 text);
        INSERT INTO member SELECT n, n || '@example.org', NULL, CASE WHEN n > 4 THEN '' END
        FROM generate_series(1, 1000) AS n;
        ANALYZE member;
    """,
    clean="""
        CREATE TABLE member (id int PRIMARY KEY, email text NOT NULL, fax text, deleted_at timestamptz, error text);
        INSERT INTO member SELECT n, n || '@example.org', CASE n WHEN 7 THEN 'none' END FROM generate_series(1, 1000) n;
        CREATE TABLE guest (id int PRIMARY KEY, fax text);
        INSERT INTO guest SELECT generate_series(1, 20);
        ANALYZE;
    """,
)
def column_always_null(observation: Observation) -> Iterator[Finding]:
    """For each table of some rows, columns in which ANALYZE found no value, but for those of rare events.

    An empty text is no value either, alone or beside NULL.
    """
    for table, columns in own_columns(observation):
        seen = statistics_of(observation, table)
        empty = [column for column in columns if _is_empty(column, seen)] if _telling(table, seen) else []
        if empty:
            which = ", ".join(c.name for c in empty) if len(empty) <= NAMED else f"{len(empty)} columns"
            yield Finding(
                object=str(table.name),
                message=f"no row that was looked at has a value in {which}",
                severity=Severity.INFO,
                evidence=(
                    statistic("rows", seen.rows),
                    catalog("columns", tuple(column.name for column in empty)),
                ),
                advice="if no release is about to fill it, drop it",
            )


def _telling(table: Table, seen: TableStatistics) -> bool:
    return len(table.columns) > 1 and seen.rows >= FEWEST_ROWS and seen.modified_since_analyze <= STALE * seen.rows


def _is_empty(column: Column, seen: TableStatistics) -> bool:
    statistics = None if column.generated else seen.column(column.name)
    return statistics is not None and _blank(statistics) >= NOTHING and not _is_rare(column.name)


def _blank(statistics: ColumnStatistics) -> float:
    """The share of rows in which it is NULL, or an empty text."""
    common = zip(statistics.values, statistics.frequencies, strict=False)
    only = len(statistics.values) == 1 and not statistics.bounds
    empty = sum(frequency for value, frequency in common if only and not value.strip())
    return statistics.null_fraction + empty


def _is_rare(name: str) -> bool:
    said = {*words(name), *english(name)} - LEFT_OVER
    return bool(RARE & said) or any(word.endswith("ed") for word in said)
