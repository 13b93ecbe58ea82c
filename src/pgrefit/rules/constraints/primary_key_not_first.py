"""A table that does not begin with its key."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules.partitions._ranges import key_column


@rule(
    code="CON016",
    title="Primary key that does not come first",
    why="Who looks at the table or its rows looks for the key at the beginning, and takes what stands there for it.",
    example="CREATE TABLE remark (body text, id int PRIMARY KEY);",
    clean="""
        CREATE TABLE score (player int, game int, points int, PRIMARY KEY (game, player));
        CREATE TABLE visit (id bigint, page text, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
    """,
    by_default=False,
)
def primary_key_not_first(observation: Observation) -> Iterator[Finding]:
    """Tables whose first columns are not those of their primary key."""
    for table in tables(observation):
        key = table.primary_key
        first = tuple(column.name for column in table.columns[: len(key)])
        divided = {key_column(table)} if len(key) > 1 else set[str | None]()
        own = {*key} - divided  # what a partitioned table is divided by is a part of its key perforce
        if set(first) != set(key) and {*first[: len(own)]} != own:
            yield Finding(
                object=str(table.name),
                message=f"begins with {', '.join(first)}, not with its key",
                severity=Severity.INFO,
                evidence=(catalog("key", key), catalog("first columns", first)),
                advice="put the key first when the table is next written anew; it is not worth a change of its own",
            )
