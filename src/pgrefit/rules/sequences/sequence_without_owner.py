"""A sequence that feeds one column and does not belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_sequence import SetSequence
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._names import MARKS, stems
from pgrefit.rules._sequences import Draw, draws_by_sequence


@rule(
    code="SEQ004",
    title="Sequence without an owner",
    why=(
        "It stays behind when its table is dropped, TRUNCATE … RESTART IDENTITY does not reset it, a dump of the table"
        " comes without it, and tools that ask for the column's sequence find none."
    ),
    example="""
        CREATE SEQUENCE ticket_number;
        CREATE TABLE ticket (id bigint PRIMARY KEY DEFAULT nextval('ticket_number'));
    """,
    clean="""
        CREATE TABLE ticket (id bigserial PRIMARY KEY);
        CREATE SEQUENCE of_all_documents;
        CREATE TABLE letter (id bigint PRIMARY KEY DEFAULT nextval('of_all_documents'));
        CREATE TABLE invoice (id bigint PRIMARY KEY DEFAULT nextval('of_all_documents'));
        CREATE SEQUENCE hibernate_sequence;
        CREATE TABLE bill (id bigint PRIMARY KEY DEFAULT nextval('hibernate_sequence'));
        CREATE SCHEMA numbers;
        CREATE SEQUENCE numbers.elsewhere;
        CREATE TABLE parcel (id bigint PRIMARY KEY DEFAULT nextval('numbers.elsewhere'));
    """,
)
def sequence_without_owner(observation: Observation) -> Iterator[Finding]:
    """Sequences of no column that feed one column, are named after it or its table, and could belong to it."""
    yield from by_schema(_found(observation), "sequences do not belong to the columns that they feed")


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    for drawn in draws_by_sequence(observation.snapshot).values():
        if len(drawn) == 1 and drawn[0].sequence.owned_by is None and _may_belong(drawn[0]) and _named_after(drawn[0]):
            yield drawn[0].sequence.name.schema, _finding(drawn[0])


def _finding(draw: Draw) -> Finding:
    return Finding(
        object=str(draw.sequence.name),
        message=f"feeds {named(draw.table, draw.column.name)} and does not belong to it",
        severity=Severity.INFO,
        evidence=(catalog("default", str(draw.column.default)),),
        remedy=(SetSequence(sequence=draw.sequence.name, table=draw.table.name, column=draw.column.name),),
    )


def _may_belong(draw: Draw) -> bool:
    """The server wants both in one schema and of one owner."""
    return draw.table.name.schema == draw.sequence.name.schema and draw.table.owner == draw.sequence.owner


def _named_after(draw: Draw) -> bool:
    """Whether it has the name of the table or of a column that has one of its own; others may serve the application."""
    sequence, column = "".join(stems(draw.sequence.name.name)), "".join(stems(draw.column.name))
    return "".join(stems(draw.table.name.name)) in sequence or (column not in MARKS and column in sequence)
