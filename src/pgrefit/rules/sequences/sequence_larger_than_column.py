"""A sequence that goes on beyond what its column can hold."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._sequences import LARGEST, Draw, draws

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
    """Columns of a small type whose sequence has a higher limit; many of one schema together."""
    yield from by_schema(_found(observation), "columns are smaller than the sequences that feed them")


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    for draw in draws(observation.snapshot):
        limit = LARGEST.get(draw.column.type)
        if limit and draw.whole and draw.sequence.increment > 0 and draw.sequence.maximum > limit:
            yield draw.table.name.schema, _finding(draw, limit, observation.statistics.last_value(draw.sequence.name))


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
