"""A table of very many columns."""

from __future__ import annotations

from collections.abc import Iterator
from string import ascii_lowercase

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import own_columns

MANY = 50
TOO_MANY = 200
HALF, WHOLE = (
    ", ".join(f"{half}{letter} int" for half in halves for letter in ascii_lowercase) for halves in ("x", "xy")
)


@rule(
    code="TYP021",
    title="Table of very many columns",
    why=(
        "Each update writes the whole row anew, whichever column it is about, and each read of one column drags the"
        " others through memory; the server ends at 1,600, dropped ones included."
    ),
    example=f"CREATE TABLE patient (id int PRIMARY KEY, {WHOLE});",
    clean=f"CREATE TABLE patient (id int PRIMARY KEY, {HALF}); CREATE TABLE visit (id int PRIMARY KEY, {HALF});",
)
def many_columns(observation: Observation) -> Iterator[Finding]:
    """Tables of more than fifty columns that are written; of more than two hundred, as a warning."""
    for table, own in own_columns(observation):
        columns = [column for column in table.columns if not column.generated]
        parents = (observation.snapshot.find_table(name) for name in table.inherits)
        told = not own or any(parent and len(parent.columns) > MANY for parent in parents)
        if len(columns) > MANY and not told:
            rows = statistics_of(observation, table).rows
            yield Finding(
                object=str(table.name),
                message=f"has {len(columns)} columns",
                severity=Severity.WARNING if len(columns) > TOO_MANY else Severity.INFO,
                evidence=(catalog("columns", len(columns)), *((statistic("rows", rows),) if rows >= 0 else ())),
                advice="split off, into a table with the same key, what is rarely filled, large, or often updated",
            )
