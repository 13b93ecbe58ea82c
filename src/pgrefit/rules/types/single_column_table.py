"""A table of one column."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, is_text
from pgrefit.rules._columns import stored_tables, takes_next_number


@rule(
    code="TYP042",
    title="Table of a single column",
    why="It relates its values to nothing: it is a heap of lines that waits to be taken apart, or a remnant.",
    example="CREATE TABLE note (line text);",
    clean="""
        CREATE TABLE currency (code text PRIMARY KEY);
        CREATE TABLE thing (id bigint PRIMARY KEY);
        CREATE TABLE book (id bigint PRIMARY KEY REFERENCES thing);
    """,
    by_default=False,
)
def single_column_table(observation: Observation) -> Iterator[Finding]:
    """Tables of one column that nothing refers to, but for lists of words by which each is the key."""
    heirs = {parent for table in observation.snapshot.tables for parent in table.inherits}
    for table in stored_tables(observation):
        needed = table.name in heirs or observation.snapshot.references_to(table.name)
        if len(table.columns) == 1 and not needed and not _has_a_use(table):
            yield Finding(
                object=str(table.name),
                message=f"has no column but {table.columns[0].name}",
                severity=Severity.INFO,
                evidence=(catalog("type", table.columns[0].type),),
                advice="drop it, or give it the columns that its values belong to",
            )


def _has_a_use(table: Table) -> bool:
    """A list of words, each once; a part of another table; numbers alone are another rule's."""
    words = table.primary_key and is_text(table.columns[0])
    return bool(words or table.foreign_keys or table.inherits) or takes_next_number(table.columns[0])
