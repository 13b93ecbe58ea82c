"""A table that can say nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import stored_tables, takes_next_number


@rule(
    code="TYP022",
    title="Table without content",
    why="No row of it says anything: it is a remnant, or its columns were forgotten.",
    example="CREATE TABLE shelf (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
    clean="""
        CREATE TABLE currency (code text PRIMARY KEY);
        CREATE TABLE schema_version (version bigint PRIMARY KEY);
        CREATE TABLE thing (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);
        CREATE TABLE book (id bigint PRIMARY KEY REFERENCES thing, title text);
        CREATE TABLE note (line text);
    """,
)
def table_without_content(observation: Observation) -> Iterator[Finding]:
    """Tables without columns, and those of a numbered key alone that nothing refers to or inherits from."""
    heirs = {parent for table in observation.snapshot.tables for parent in table.inherits}
    for table in stored_tables(observation):
        needed = table.name in heirs or observation.snapshot.references_to(table.name)
        if not needed and not table.inherits and (not table.columns or _is_only_numbered(table)):
            yield Finding(
                object=str(table.name),
                message="has a number and nothing else" if table.columns else "has no columns",
                severity=Severity.INFO,
                evidence=(catalog("columns", len(table.columns)),),
                advice="drop it, or give it the columns that it is to have",
            )


def _is_only_numbered(table: Table) -> bool:
    return len(table.columns) == 1 and takes_next_number(table.columns[0])
