"""A moment that does not say in which zone it was."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named, tables


@rule(
    code="TYP001",
    title="Timestamp without time zone",
    why="Two writers in two zones store two values for one moment, and nothing in the row tells which is meant.",
    example="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamp NOT NULL);",
    clean="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamptz NOT NULL, day date, at_clock time);",
)
def timestamp_without_time_zone(observation: Observation) -> Iterator[Finding]:
    """Columns of type timestamp, and of timetz, which has an offset but no day to know it by."""
    for table in tables(observation):
        for column in table.columns:
            if _is_vague(column.type):
                yield Finding(
                    object=named(table, column.name),
                    message=f"is {column.type}: it does not say which moment it means",
                    severity=Severity.INFO,
                    evidence=(catalog("type", column.type),),
                    advice="find out in which zone it was written, then convert it: USING (column AT TIME ZONE '…')",
                )


def _is_vague(type_: str) -> bool:
    """Of any precision."""
    if type_.startswith("timestamp"):
        return type_.endswith("without time zone")
    return type_.startswith("time") and type_.endswith("with time zone")
