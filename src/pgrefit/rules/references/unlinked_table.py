"""A table that no foreign key ties to any other, in a schema where most are tied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules._purposes import is_landed, is_log, is_of_settings, is_passed_on

FEWEST_LINKED = 3  # tables; in a smaller schema nothing is usual


@rule(
    code="REF019",
    title="Table linked to nothing",
    why="Among linked tables one without links was often forgotten: a reference is missing, or the table is dead.",
    example="""
        CREATE TABLE author (id int PRIMARY KEY);
        CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author);
        CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book);
        CREATE TABLE shelf (id int PRIMARY KEY, room text);
    """,
    clean="""
        CREATE TABLE author (id int PRIMARY KEY);
        CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author);
        CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book);
        CREATE TABLE setting (key text PRIMARY KEY, value text);
        CREATE TABLE audit_log (id bigint PRIMARY KEY, row_id text, at timestamptz NOT NULL);
        CREATE TABLE job (id bigint PRIMARY KEY, kind text, attempts int, done_at timestamptz);
        CREATE SCHEMA loose;
        CREATE TABLE loose.event (id int PRIMARY KEY);
        CREATE TABLE loose.job (id int PRIMARY KEY);
    """,
    by_default=False,
)
def unlinked_table(observation: Observation) -> Iterator[Finding]:
    """Tables without a foreign key to or from another one, where most tables of the schema have some."""
    own = [table for table in tables(observation) if table.kind != "foreign table"]
    keys = ((table.name, key.parent) for table in observation.snapshot.tables for key in table.foreign_keys)
    linked = {name for ends in keys for name in ends if name}
    counts = Counter(table.name.schema for table in own if table.name in linked)
    loose = [table.name for table in own if table.name not in linked]
    loose_counts = Counter(name.schema for name in loose)
    apart = {table.name for table in own if _stands_alone(table)}
    for name in loose:
        if name not in apart and counts[name.schema] >= max(FEWEST_LINKED, loose_counts[name.schema]):
            yield _finding(name, counts[name.schema], loose_counts[name.schema])


def _stands_alone(table: Table) -> bool:
    """Settings, logs, messages and imports refer to all and to nothing."""
    return is_of_settings(table) or is_log(table.name) or is_passed_on(table) or is_landed(table)


def _finding(name: Relation, linked: int, loose: int) -> Finding:
    return Finding(
        object=str(name),
        message=f"is linked to no other table, as {linked} of {linked + loose} tables of the schema are",
        severity=Severity.INFO,
        evidence=(catalog("linked tables of the schema", linked), catalog("tables of the schema", linked + loose)),
        advice="declare the foreign key that is missing, or drop the table if nothing uses it",
    )
