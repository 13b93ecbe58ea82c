"""A table that does not begin with its key."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


@rule(
    code="CON016",
    title="Primary key that does not come first",
    why="Who looks at the table or its rows looks for the key at the beginning, and takes what stands there for it.",
    example="CREATE TABLE remark (body text, id int PRIMARY KEY);",
    clean="CREATE TABLE score (player int, game int, points int, PRIMARY KEY (game, player));",
    by_default=False,
)
def primary_key_not_first(observation: Observation) -> Iterator[Finding]:
    """Tables whose first columns are not those of their primary key."""
    for table in tables(observation):
        key = table.primary_key
        first = tuple(column.name for column in table.columns[: len(key)])
        if set(first) != set(key):
            yield Finding(
                object=str(table.name),
                message=f"begins with {', '.join(first)}, not with its key",
                severity=Severity.INFO,
                evidence=(catalog("key", key), catalog("first columns", first)),
                advice="put the key first when the table is next written anew; it is not worth a change of its own",
            )
