"""JSON kept as its text."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named, tables
from pgrefit.rules._columns import plain_type


@rule(
    code="TYP002",
    title="json instead of jsonb",
    why="json keeps the text and parses it anew for every question; it has no equality, and no index serves it.",
    example="CREATE TABLE message (id int PRIMARY KEY, body json NOT NULL);",
    clean="CREATE TABLE message (id int PRIMARY KEY, body jsonb NOT NULL, json text);",
)
def json_instead_of_jsonb(observation: Observation) -> Iterator[Finding]:
    """Columns of type json, of arrays of it, and of domains over it."""
    for table in tables(observation):
        for column in table.columns:
            if plain_type(observation.snapshot, column.type) == "json":
                yield Finding(
                    object=named(table, column.name),
                    message="keeps JSON as text",
                    severity=Severity.INFO,
                    evidence=(catalog("type", column.type),),
                    advice="convert it to jsonb, unless the order or the repetition of keys means something",
                )
