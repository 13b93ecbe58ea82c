"""A sequence that goes on beyond what its column can hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._sequences import LARGEST, Draw, draws

FEW = 3  # of a schema that are an oversight
USUAL = 0.5  # share from which on it is how they were made
WORTH_A_WARNING = 0.25  # share of the column's numbers that are gone


@rule(
    code="SEQ003",
    title="Sequence larger than its column",
    why=(
        "It looks as if there were numbers for ever, and a monitor of sequences says so; the column ends at its type,"
        " and from there on every INSERT fails."
    ),
    example="""
        CREATE SEQUENCE order_number;
        CREATE TABLE purchase (nr int PRIMARY KEY DEFAULT nextval('order_number'));
        ALTER SEQUENCE order_number OWNED BY purchase.nr;
    """,
    clean="""
        CREATE TABLE purchase (id serial PRIMARY KEY, small smallserial, large bigserial);
        CREATE SEQUENCE order_number MAXVALUE 99999;
        CREATE TABLE refund (nr int PRIMARY KEY DEFAULT nextval('order_number'), place text);
        CREATE SEQUENCE place_number;
        ALTER TABLE refund ALTER COLUMN place SET DEFAULT 'P' || nextval('place_number');
    """,
)
def sequence_larger_than_column(observation: Observation) -> Iterator[Finding]:
    """Columns of a small type whose sequence has a higher limit.

    Sequences had no type before version 10, and dumps of that time make them all without a limit: where most of a
    schema are so, only those that have used a good part of their column's numbers are told.
    """
    for alike in _by_schema(observation).values():
        found = [(draw, limit) for draw, limit in alike if draw.sequence.maximum > limit]
        habit = len(found) > FEW and len(found) > USUAL * len(alike)
        told = (_finding(draw, limit, observation.statistics.last_value(draw.sequence.name)) for draw, limit in found)
        yield from (finding for finding in told if not habit or finding.severity is Severity.WARNING)


def _by_schema(observation: Observation) -> dict[str, list[tuple[Draw, int]]]:
    """Columns that cannot hold all numbers that there are, with the largest that they can."""
    found: defaultdict[str, list[tuple[Draw, int]]] = defaultdict(list)
    for draw in draws(observation.snapshot):
        limit = LARGEST.get(draw.column.type)
        if limit and draw.whole and draw.sequence.increment > 0:
            found[draw.table.name.schema].append((draw, limit))
    return found


def _finding(draw: Draw, limit: int, last: int | None) -> Finding:
    return Finding(
        object=named(draw.table, draw.column.name),
        message=f"is {draw.column.type}, but its sequence {draw.sequence.name} goes on beyond it",
        severity=Severity.WARNING if (last or 0) > WORTH_A_WARNING * limit else Severity.INFO,
        evidence=known((
            catalog("largest number of the column", limit),
            catalog("largest number of the sequence", draw.sequence.maximum),
            statistic("last value", () if last is None else last),
        )),
        advice="make the column bigint while it is small, or give the sequence the column's MAXVALUE",
    )  # fmt: skip
