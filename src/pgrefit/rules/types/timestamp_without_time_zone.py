"""A moment that does not say in which zone it was."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


@rule(
    code="TYP001",
    title="Timestamp without time zone",
    why="Two writers in two zones store two values for one moment, and nothing in the row tells which is meant.",
    example="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamp NOT NULL);",
    clean="CREATE TABLE event (id int PRIMARY KEY, happened_at timestamptz NOT NULL, day date, at_clock time);",
)
def timestamp_without_time_zone(observation: Observation) -> Iterator[Finding]:
    """For each table, columns of type timestamp, and of timetz, which has an offset but no day to know it by."""
    for table in tables(observation):
        vague = [column for column in table.columns if _is_vague(column.type)]
        if vague:
            count = "1 column does" if len(vague) == 1 else f"{len(vague)} columns do"
            yield Finding(
                object=str(table.name),
                message=f"{count} not say which moment is meant",
                severity=Severity.INFO,
                evidence=tuple(catalog(column.name, column.type) for column in vague),
                advice="find out in which zone it was written, then convert it: USING (column AT TIME ZONE '…')",
            )


def _is_vague(type_: str) -> bool:
    """Of any precision."""
    if type_.startswith("timestamp"):
        return type_.endswith("without time zone")
    return type_.startswith("time") and type_.endswith("with time zone")
