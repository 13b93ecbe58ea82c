"""A table whose rows do not say when they were written."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, key_columns
from pgrefit.rules._columns import plain_type, stored_tables

MOMENTS = ("timestamp", "date")
FEWEST = 3  # columns beside keys; a table of fewer is a list of values


@rule(
    code="TYP024",
    title="Rows that do not say when they were written",
    why="When data turns out to be wrong, nobody can tell which rows were written before the mistake and which after.",
    example="CREATE TABLE product (id int PRIMARY KEY, name text, price numeric, stock int);",
    clean="""
        CREATE TABLE product (id int PRIMARY KEY, name text, price numeric, stock int, changed_at timestamptz);
        CREATE TABLE color (id int PRIMARY KEY, name text);
    """,
    by_default=False,
)
def table_without_times(observation: Observation) -> Iterator[Finding]:
    """Tables of some columns beside keys, none of which is a moment or a day."""
    for table in stored_tables(observation):
        own = [column for column in table.columns if column.name not in key_columns(table)]
        timed = any(plain_type(observation.snapshot, c.type).startswith(MOMENTS) for c in table.columns)
        if len(own) >= FEWEST and not timed:
            yield Finding(
                object=str(table.name),
                message="has no column that tells when a row was written",
                severity=Severity.INFO,
                evidence=(catalog("columns beside keys", len(own)),),
                advice="add created_at timestamptz NOT NULL DEFAULT now(), and updated_at where rows change",
            )
