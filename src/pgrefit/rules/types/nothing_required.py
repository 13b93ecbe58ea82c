"""A table that takes rows without a single value."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import required, stored_tables

FEWEST = 4  # columns beside the key


@rule(
    code="TYP023",
    title="Table in which nothing is required",
    why="A row that holds nothing but its key is as welcome as a whole one, so every reader must expect every gap.",
    example="CREATE TABLE address (id int PRIMARY KEY, street text, zip text, city text, country text);",
    clean="""
        CREATE TABLE address (id int PRIMARY KEY, street text, zip text, city text NOT NULL, country text);
        CREATE TABLE profile (id int PRIMARY KEY REFERENCES address, a text, b text, c text, d text);
        CREATE TABLE staged (street text, zip text, city text, country text);
        CREATE TABLE contact (id int PRIMARY KEY, mail text, phone text, fax text, post text,
                              CHECK (num_nonnulls(mail, phone, fax, post) > 0));
        CREATE TABLE cast_of (film int, actor int, role text, PRIMARY KEY (film, actor));
    """,
)
def nothing_required(observation: Observation) -> Iterator[Finding]:
    """Tables with a key of which every other column may be NULL, whatever the combination."""
    for table in stored_tables(observation):
        if _others(table) >= FEWEST and not _is_addition(table) and _requires_nothing(observation, table):
            rows = statistics_of(observation, table).rows
            yield Finding(
                object=str(table.name),
                message=f"takes rows without a value in any of {_others(table)} columns",
                severity=Severity.INFO,
                evidence=(catalog("columns that may be NULL", _others(table)),
                          *((statistic("rows", rows),) if rows >= 0 else ())),
                advice="SET NOT NULL on what every row must say",
            )  # fmt: skip


def _others(table: Table) -> int:
    """How many columns are not of the primary key; 0 where there is none: rows on their way to another place."""
    return len(table.columns) - len(table.primary_key) if table.primary_key else 0


def _is_addition(table: Table) -> bool:
    """Whether its key is that of another table: it holds what that one may lack."""
    return any(set(key.columns) <= set(table.primary_key) for key in table.foreign_keys) or bool(table.inherits)


def _requires_nothing(observation: Observation, table: Table) -> bool:
    together = any(len(check.columns) > 1 for check in table.checks)  # one of several, or all or none
    return not together and required(observation.snapshot, table) <= set(table.primary_key)
