"""A sequence that feeds one column and does not belong to it."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_sequence import SetSequence
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._names import MARKS, stems, words
from pgrefit.rules._said import on_purpose
from pgrefit.rules._sequences import Draw, draws_by_sequence

SHARED = {"hibernate", "global", "shared", "common", "main", "all", "generator", "universal", "object", "entity"}
WHOLE = {"smallint", "integer", "bigint"}


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
    """Sequences of no column that feed one column, and could belong to it.

    One that is not named after it or its table may serve an application for other tables too, where there are such
    that get their numbers from no sequence; one that begins anew at its end counts by itself.
    """
    yield from by_schema(_found(observation), "sequences do not belong to the columns that they feed")


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    unfed = _unfed(observation.snapshot)
    for drawn in draws_by_sequence(observation.snapshot).values():
        sequence = drawn[0].sequence
        meant = sequence.cycle or on_purpose(sequence.comment)
        if len(drawn) == 1 and sequence.owned_by is None and not meant and _may_belong(drawn[0]):
            alone = drawn[0].table.name.schema not in unfed and not SHARED & set(words(drawn[0].sequence.name.name))
            if _named_after(drawn[0]) or alone:
                yield drawn[0].sequence.name.schema, _finding(drawn[0])


def _unfed(db: Snapshot) -> set[str]:
    """Schemas with a table whose key is one number that is called an id, of no sequence and of no other table."""
    found = set[str]()
    for table in db.own_tables():
        key = table.primary_key
        column = table.column(key[0]) if len(key) == 1 else None
        refers = any(key[0] in other.columns for other in table.foreign_keys) if column else False
        called_so = column and (set(words(column.name)) & MARKS or stems(column.name) == stems(table.name.name))
        if (
            column
            and called_so
            and column.type in WHOLE
            and column.default is None
            and not column.identity
            and not refers
        ):
            found.add(table.name.schema)
    return found


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
