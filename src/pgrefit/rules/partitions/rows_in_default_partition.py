"""Rows in the default partition of a table that is cut into ranges."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import date, timedelta

from pgrefit.changes._partitioning import ranges
from pgrefit.changes.drain_default import DrainDefault
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import Row, catalog, is_empty, row_of, scan
from pgrefit.rules._families import users_tables
from pgrefit.rules._together import told_once
from pgrefit.rules.partitions._ranges import custom, default_of, key_column, ranges_of

COUNTED = 100_000  # rows; more are not counted
MOST = 60  # partitions that a remedy makes
CUT = {"day": 10, "month": 7, "year": 4}  # letters of a date that name the period


def _candidates(observation: Observation) -> Iterator[tuple[Table, Table, str]]:
    """Partitioned tables, their default partitions, and the column."""
    for whole in users_tables(observation.snapshot):
        column = key_column(whole)
        default = default_of(observation.snapshot, whole) if column else None
        if column and default and default.kind == "table" and not is_empty(observation, default):
            yield whole, default, column


def _asks(observation: Observation) -> Iterator[Question]:
    yield from (_question(default, column) for _, default, column in _candidates(observation))


def _question(default: Table, column: str) -> Question:
    select = ddl(
        "SELECT pg_catalog.count(*) AS rows, pg_catalog.min(k)::text AS lowest, pg_catalog.max(k)::text AS highest"
        " FROM (SELECT {column} AS k FROM ONLY {table} WHERE {column} IS NOT NULL LIMIT {most}) AS counted",
        column=column, table=default.name, most=COUNTED,
    )  # fmt: skip
    return Question(default.name, select)


@rule(
    code="PAR002",
    title="Rows in the default partition",
    why=(
        "They belong to a range that nobody made. The partition for that range cannot be made while they are there, and"
        " every other one that is made reads them all first, under a lock that stops reads and writes."
    ),
    asks=_asks,
    example="""
        CREATE TABLE visit (id bigint, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE visit_2025_01 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE visit_2025_02 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
        CREATE TABLE visit_default PARTITION OF visit DEFAULT;
        INSERT INTO visit SELECT n, date '2025-01-01' + n FROM generate_series(1, 80) AS n;
    """,
    clean="""
        CREATE TABLE visit (id bigint, at date) PARTITION BY RANGE (at);
        CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE visit_default PARTITION OF visit DEFAULT;
        INSERT INTO visit SELECT n, date '2025-01-01' + n FROM generate_series(1, 80) AS n;
        INSERT INTO visit VALUES (81, NULL);
        CREATE TABLE sale (country text) PARTITION BY LIST (country);
        CREATE TABLE sale_de PARTITION OF sale FOR VALUES IN ('de');
        CREATE TABLE sale_elsewhere PARTITION OF sale DEFAULT;
        INSERT INTO sale VALUES ('fr');
    """,
)
def rows_in_default_partition(observation: Observation) -> Iterator[Finding]:
    """Ranges over one column whose default partition holds rows with a value; NULL has no other place.

    Source: https://www.postgresql.org/docs/current/sql-altertable.html (ATTACH PARTITION).
    """
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    for whole, default, column in _candidates(observation):
        row = row_of(observation, _question(default, column))
        if row and row.count("rows"):
            yield whole, column, _finding(observation, whole, default, column, row)


def _finding(observation: Observation, whole: Table, default: Table, column: str, row: Row) -> Finding:
    rows = row.count("rows")
    counted = f"{rows:,}" if rows < COUNTED else f"{COUNTED:,} and more"
    return Finding(
        object=str(whole.name),
        message=f"{counted} rows are in {default.name}, which no range takes",
        severity=Severity.WARNING,
        evidence=(
            scan("rows", rows),
            scan(f"lowest {column}", row.text("lowest")),
            scan(f"highest {column}", row.text("highest")),
            catalog("ranges", len(ranges_of(observation.snapshot, whole))),
        ),
        remedy=_remedy(observation, whole, column, row) if rows < COUNTED else (),
        advice="make the ranges that they belong to, and move them there (the change drain_default does it in batches)",
        cost=Cost(rows=rows),
    )


def _remedy(observation: Observation, whole: Table, column: str, row: Row) -> tuple[DrainDefault, ...]:
    """The ranges from the first of these rows to the last, where the others tell how long they should be."""
    known = ranges_of(observation.snapshot, whole)
    every = custom(whole, known) if known else ""
    if every not in CUT:
        return ()
    first, last = (_begin(row.text(name), every) for name in ("lowest", "highest"))
    try:
        after = (date.fromisoformat(last) + timedelta(days=366)).isoformat()
        name, type_ = whole.name.name, whole.column(column).type
        parts = (*ranges(name, type_, first, last, every), *ranges(name, type_, last, after, every)[:1])
    except (ValueError, OverflowError):  # a row of the year 9999, or of infinity
        return ()
    there = {each.table.name.name for each in known}
    change = DrainDefault(table=whole.name, partitions=tuple(part for part in parts if part.name not in there))
    return () if len(parts) > MOST or any(change.obstacles(observation.snapshot)) else (change,)


def _begin(moment: str, every: str) -> str:
    """The first day of its day, month or year."""
    return moment[: CUT[every]] + "-01-01"[CUT[every] - 4 :]
