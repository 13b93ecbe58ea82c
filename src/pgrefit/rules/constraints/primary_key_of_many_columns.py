"""A primary key that every reference must carry in many columns."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules._grouped import by_schema

MOST = 4
FEW = 10  # of a schema that are told one by one


@rule(
    code="CON040",
    title="Primary key of many columns",
    why="Every reference, join and address of a row repeats all of them, and an index on them is as wide as the table.",
    example="CREATE TABLE fare (line int, zone int, age int, day int, at int, PRIMARY KEY (line, zone, age, day, at))",
    clean="CREATE TABLE fare (line int, zone int, age int, day int, price int, PRIMARY KEY (line, zone, age, day))",
    by_default=False,
)
def primary_key_of_many_columns(observation: Observation) -> Iterator[Finding]:
    """Primary keys of more than four columns."""
    wide = (table for table in tables(observation) if len(table.primary_key) > MOST)
    return by_schema(
        ((table.name.schema, _finding(table)) for table in wide),
        f"tables have a primary key of more than {MOST} columns",
        few=FEW,
    )


def _finding(table: Table) -> Finding:
    return Finding(
        object=str(table.name),
        message=f"has a primary key of {len(table.primary_key)} columns",
        severity=Severity.INFO,
        evidence=(catalog("key", table.primary_key),),
        advice="make a number the primary key, and what is the key now a unique constraint",
    )
