"""A sequence that starts over, under a key."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, known, named, statistic
from pgrefit.rules._sequences import LARGEST, draws

NEVER = 10**12  # numbers: who takes a thousand a second gets there in thirty years


@rule(
    code="SEQ007",
    title="Key from a sequence that cycles",
    why=(
        "At its end it begins again with numbers that rows have already: INSERTs fail one by one, or, where old rows"
        " are gone, what still names the old number means a new row."
    ),
    example="""
        CREATE SEQUENCE slot MAXVALUE 99999 CYCLE;
        CREATE TABLE job (id int PRIMARY KEY DEFAULT nextval('slot'), body text);
    """,
    clean="""
        CREATE SEQUENCE turn MAXVALUE 3 CYCLE;
        CREATE TABLE job (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, worker int DEFAULT nextval('turn'));
        CREATE TABLE message (id bigint GENERATED ALWAYS AS IDENTITY (CYCLE) PRIMARY KEY);
    """,
)
def cycling_key_sequence(observation: Observation) -> Iterator[Finding]:
    """Keys of one column that are fed by a sequence with CYCLE, whose end can be reached."""
    for draw in draws(observation.snapshot):
        sequence = draw.sequence
        highest = min(sequence.maximum, LARGEST.get(draw.column.type, sequence.maximum))
        numbers = (highest - sequence.minimum + 1) // abs(sequence.increment)
        if sequence.cycle and draw.whole and numbers < NEVER and _is_key(draw.table, draw.column.name):
            last = observation.statistics.last_value(sequence.name)
            yield Finding(
                object=named(draw.table, draw.column.name),
                message=f"is a key, and its sequence {sequence.name} starts over after {numbers:,} numbers",
                severity=Severity.WARNING,
                evidence=known((
                    catalog("numbers", numbers), statistic("last value", () if last is None else last),
                )),
                advice="ALTER SEQUENCE … NO CYCLE, and a larger type where that comes near its end",
            )  # fmt: skip


def _is_key(table: Table, column: str) -> bool:
    return any(index.unique and index.predicate is None and index.columns == (column,) for index in table.indexes)
