"""A list of values that is a type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, known, named
from pgrefit.rules._columns import own_columns, plain_type


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
    used = _uses(observation)
    for type_ in observation.snapshot.types:
        if type_.kind == "enum" and not type_.extension:
            yield Finding(
                object=str(type_.name),
                message=f"is a closed list of {len(type_.values)} values",
                severity=Severity.INFO,
                evidence=known((catalog("values", type_.values), catalog("columns", tuple(used[str(type_.name)])))),
                advice="where values come and go, use text with a CHECK, or a table of values with a foreign key",
            )


def _uses(observation: Observation) -> defaultdict[str, list[str]]:
    """The columns of each type of the user."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for table, columns in own_columns(observation):
        for column in columns:
            if "." in column.type:
                found[plain_type(observation.snapshot, column.type)].append(named(table, column.name))
    return found
