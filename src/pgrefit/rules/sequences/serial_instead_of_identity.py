"""A serial column where an identity would do."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.identity_from_serial import IdentityFromSerial
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import WHOLE_TYPES, catalog, named
from pgrefit.rules._sequences import Draw, draws, draws_by_sequence


@rule(
    code="SEQ008",
    title="Serial instead of an identity",
    why=(
        "A serial is a default and a sequence that only seem to be one thing: the sequence needs privileges of its own,"
        " keeps its type when the column's is changed, and a copied table draws from the original's."
    ),
    example="CREATE TABLE ticket (id serial PRIMARY KEY, body text);",
    clean="""
        CREATE TABLE ticket (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text);
        CREATE SEQUENCE letter_number;
        CREATE TABLE letter (id text PRIMARY KEY DEFAULT 'L' || nextval('letter_number'));
    """,
    by_default=False,
)
def serial_instead_of_identity(observation: Observation) -> Iterator[Finding]:
    """Columns whose default is nextval() of a sequence of their own."""
    parents = {name for table in observation.snapshot.tables for name in table.inherits}
    for draw in draws(observation.snapshot):
        if draw.whole and draw.owned and not draw.column.identity:
            ready = draw.table.name not in parents and _is_simple(observation, draw)
            yield Finding(
                object=named(draw.table, draw.column.name),
                message=f"is a serial: its default takes from {draw.sequence.name}",
                severity=Severity.INFO,
                evidence=(catalog("default", str(draw.column.default)),),
                remedy=(IdentityFromSerial(table=draw.table.name, column=draw.column.name),) if ready else (),
                advice="" if ready else "require the column, and give other columns sequences of their own, before",
            )


def _is_simple(observation: Observation, draw: Draw) -> bool:
    """Whether the change knows how: a required whole number of a plain table, alone at its sequence."""
    table, column = draw.table, draw.column
    plain = table.kind == "table" and table.persistence == "permanent" and not table.inherits
    alone = len(draws_by_sequence(observation.snapshot)[draw.sequence.name]) == 1
    return plain and alone and column.not_null and column.type in WHOLE_TYPES
