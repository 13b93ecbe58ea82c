"""A sequence that a crash sets back."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Sequence
from pgrefit.rules._access import platform_schemas
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._said import on_purpose
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
    """Unlogged sequences that feed a table that a crash does not empty, or no table that is known."""
    db, drawn = observation.snapshot, draws_by_sequence(observation.snapshot)
    for sequence in db.sequences:
        fed = drawn.get(sequence.name, ())
        kept = [draw for draw in fed if draw.table.persistence == "permanent"]
        own = not sequence.extension and sequence.name.schema not in platform_schemas(db)
        if sequence.persistence == "unlogged" and own and (kept or not fed) and not on_purpose(sequence.comment):
            yield _finding(observation, sequence, [named(draw.table, draw.column.name) for draw in kept])


def _finding(observation: Observation, sequence: Sequence, fed: list[str]) -> Finding:
    last = observation.statistics.last_value(sequence.name)
    return Finding(
        object=str(sequence.name),
        message=f"starts over at {sequence.start:,} after a crash{', and feeds ' if fed else ''}{', '.join(fed)}",
        severity=Severity.WARNING,
        evidence=known((
            catalog("persistence", sequence.persistence), statistic("last value", () if last is None else last),
        )),
        advice="ALTER SEQUENCE … SET LOGGED, which takes a moment",
    )  # fmt: skip
