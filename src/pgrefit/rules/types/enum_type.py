"""A list of values that is a type."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog


@rule(
    code="TYP030",
    title="Enum type",
    why="A value of an enum can be added and renamed, but never removed, and it has no room for more than its name.",
    example="CREATE TYPE color AS ENUM ('red', 'green'); CREATE TABLE paint (id int PRIMARY KEY, color color);",
    clean="CREATE TABLE paint (id int PRIMARY KEY, color text CHECK (color IN ('red', 'green')));",
    by_default=False,
)
def enum_type(observation: Observation) -> Iterator[Finding]:
    """Enum types of the user."""
    for type_ in observation.snapshot.types:
        if type_.kind == "enum" and not type_.extension:
            yield Finding(
                object=str(type_.name),
                message=f"is a closed list of {len(type_.values)} values",
                severity=Severity.INFO,
                evidence=(catalog("values", type_.values),),
                advice="where values come and go, use text with a CHECK, or a table of values with a foreign key",
            )
