"""A default that takes its numbers from a sequence which another table owns."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._sequences import draws


@rule(
    code="SEQ005",
    title="Default from a sequence of another table",
    why=(
        "The sequence goes with the table that owns it: that table cannot be dropped, or with CASCADE takes this"
        " default along, and INSERTs here fail from then on. A copied table (LIKE … INCLUDING ALL) begins so."
    ),
    example="""
        CREATE TABLE invoice_2019 (id serial PRIMARY KEY, total numeric);
        CREATE TABLE invoice (LIKE invoice_2019 INCLUDING ALL);
    """,
    clean="""
        CREATE TABLE invoice (id serial PRIMARY KEY, total numeric);
        CREATE TABLE proforma () INHERITS (invoice);
        CREATE TABLE event (id bigserial, day date) PARTITION BY RANGE (day);
        CREATE TABLE event_1 PARTITION OF event FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
        CREATE SEQUENCE shared;
        CREATE TABLE a (id bigint PRIMARY KEY DEFAULT nextval('shared'));
        CREATE TABLE b (id bigint PRIMARY KEY DEFAULT nextval('shared'));
        CREATE TABLE "Copy" (id int PRIMARY KEY, nr serial, first_nr int DEFAULT currval('"Copy_nr_seq"'));
    """,
)
def sequence_of_another_table(observation: Observation) -> Iterator[Finding]:
    """Columns whose default takes from a sequence that is owned by a column of another table."""
    for draw in draws(observation.snapshot):
        owner = draw.sequence.owned_by
        if owner and owner[0] != draw.table.name:
            yield Finding(
                object=named(draw.table, draw.column.name),
                message=f"takes its numbers from {draw.sequence.name}, which belongs to {owner[0].column(owner[1])}",
                severity=Severity.WARNING,
                evidence=(
                    catalog("default", str(draw.column.default)),
                    catalog("owner of the sequence", owner[0].column(owner[1])),
                ),
                advice="give the column a sequence of its own (an identity), or make the sequence OWNED BY NONE",
            )
