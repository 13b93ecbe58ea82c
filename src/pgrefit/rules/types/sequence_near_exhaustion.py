"""A sequence that runs out of numbers."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Sequence
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._sequences import LARGEST, draws_by_sequence

NEAR = 0.75


@rule(
    code="TYP004",
    title="Sequence near its end",
    why="On the day it is reached every INSERT that draws from it fails.",
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
    for sequence in observation.snapshot.sequences:
        last = observation.statistics.last_value(sequence.name)
        if sequence.extension or sequence.cycle or last is None:
            continue
        lowest, highest = sequence.minimum, _highest(observation, sequence)
        used = _used(sequence, last, lowest, highest)
        if used >= NEAR:
            yield Finding(
                object=str(sequence.name),
                message=f"has given out {used:.0%} of its numbers",
                severity=Severity.ERROR if used >= 0.9 else Severity.WARNING,
                evidence=(statistic("last value", last), catalog("lowest", lowest), catalog("highest", highest)),
                advice="make the sequence, and the column that it fills, bigint",
            )


def _used(sequence: Sequence, last: int, lowest: int, highest: int) -> float:
    """The share of the numbers that are gone."""
    if highest <= lowest:
        return 0.0
    gone = (last - lowest) if sequence.increment > 0 else (highest - last)
    return min(1.0, gone / (highest - lowest))


def _highest(observation: Observation, sequence: Sequence) -> int:
    """Its own limit, or that of a column that it fills where that is nearer."""
    drawn = draws_by_sequence(observation.snapshot).get(sequence.name, ())
    limits = (LARGEST.get(draw.column.type, sequence.maximum) for draw in drawn if draw.whole)
    return min((sequence.maximum, *limits))
