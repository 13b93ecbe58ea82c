"""A sequence that a crash sets back."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._sequences import draws_by_sequence


@rule(
    code="SEQ009",
    title="Unlogged sequence",
    why=(
        "After a crash it gives out the numbers from its start again, and the rows that have them are still there; on"
        " a replica it gives none at all."
    ),
    example="""
        CREATE UNLOGGED SEQUENCE receipt_number;
        CREATE TABLE receipt (id bigint PRIMARY KEY DEFAULT nextval('receipt_number'), total numeric(12, 2));
    """,
    clean="""
        CREATE UNLOGGED TABLE page_cache (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
        CREATE TABLE receipt (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, total numeric(12, 2));
    """,
)
def unlogged_sequence(observation: Observation) -> Iterator[Finding]:
    """Unlogged sequences whose numbers go into a table that a crash does not empty."""
    draws = draws_by_sequence(observation.snapshot)
    for sequence in observation.snapshot.sequences:
        if sequence.persistence != "unlogged":
            continue
        kept = [d for d in draws.get(sequence.name, ()) if d.table.persistence == "permanent"]
        if kept and is_users(observation.snapshot, kept[0].table):
            last = observation.statistics.last_value(sequence.name)
            yield Finding(
                object=str(sequence.name),
                message=f"starts over at {sequence.start:,} after a crash, and feeds"
                f" {', '.join(named(d.table, d.column.name) for d in kept)}",
                severity=Severity.WARNING,
                evidence=known((
                    catalog("persistence", sequence.persistence), statistic("last value", () if last is None else last),
                )),
                advice="ALTER SEQUENCE … SET LOGGED, which takes a moment",
            )  # fmt: skip
