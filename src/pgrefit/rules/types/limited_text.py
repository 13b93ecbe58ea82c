"""Text with a limit to its length in its type."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import columns_of_type


@rule(
    code="TYP026",
    title="varchar with a limit",
    why=(
        "The limit saves nothing, and a smaller one cannot be set without reading the table under an exclusive lock; a"
        " CHECK says the same, has a name, and is added and dropped online."
    ),
    example="CREATE TABLE member (id int PRIMARY KEY, email varchar(255));",
    clean="CREATE TABLE member (id int PRIMARY KEY, email text CHECK (length(email) <= 255), name varchar);",
    by_default=False,
)
def limited_text(observation: Observation) -> Iterator[Finding]:
    """For each table, columns of type varchar(n)."""
    for table, columns in columns_of_type(observation, lambda type_: type_.startswith("character varying(")):
        yield Finding(
            object=str(table.name),
            message=f"limits the length of {len(columns)} column{'s' if len(columns) > 1 else ''} by type",
            severity=Severity.INFO,
            evidence=tuple(catalog(column.name, column.type) for column in columns),
            advice="use text, with a CHECK where the limit is a rule",
        )
