"""A sequence that runs out of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Sequence
from pgrefit.rules._ask import catalog, row_of, scan

LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1}
NEAR = 0.75


def _asks(observation: Observation) -> Iterator[Question]:
    yield from (_last(sequence) for sequence in _finite(observation))


def _finite(observation: Observation) -> Iterator[Sequence]:
    return (s for s in observation.snapshot.sequences if not s.extension and not s.cycle)


def _last(sequence: Sequence) -> Question:
    return Question(sequence.name, ddl("SELECT last_value, is_called FROM {sequence}", sequence=sequence.name))


@rule(
    code="TYP004",
    title="Sequence near its end",
    why="On the day it is reached every INSERT that draws from it fails.",
    asks=_asks,
    example="""
        CREATE SEQUENCE ticket_number MAXVALUE 1000;
        SELECT setval('ticket_number', 900);
    """,
    clean="""
        CREATE SEQUENCE ticket_number MAXVALUE 1000;
        SELECT setval('ticket_number', 300);
        CREATE SEQUENCE round_robin MAXVALUE 10 CYCLE;
        SELECT setval('round_robin', 10);
        CREATE SEQUENCE from_below AS integer MINVALUE -2147483648 START -2147483648;
        CREATE SEQUENCE downwards INCREMENT -1 MINVALUE -1000 MAXVALUE -1;
    """,
)
def sequence_near_exhaustion(observation: Observation) -> Iterator[Finding]:
    """Sequences that have given out more than three quarters of their numbers."""
    for sequence in _finite(observation):
        row = row_of(observation, _last(sequence))
        lowest, highest = sequence.minimum, _highest(observation, sequence)
        if row is None or highest <= lowest:
            continue
        last = row.count("last_value")
        used = ((last - lowest) if sequence.increment > 0 else (highest - last)) / (highest - lowest)
        if used >= NEAR:
            yield Finding(
                object=str(sequence.name),
                message=f"has given out {used:.0%} of its numbers",
                severity=Severity.ERROR if used >= 0.9 else Severity.WARNING,
                evidence=(scan("last value", last), catalog("lowest", lowest), catalog("highest", highest)),
                advice="make the sequence, and the column that it fills, bigint",
            )


def _highest(observation: Observation, sequence: Sequence) -> int:
    """Its own limit, or that of the column that it fills where that is nearer."""
    if sequence.owned_by is None:
        return sequence.maximum
    table, name = sequence.owned_by
    found = observation.snapshot.find_table(table)
    type_ = next((c.type for c in found.columns if c.name == name), "") if found else ""
    return min(sequence.maximum, LARGEST.get(type_, sequence.maximum))
