"""A table that nobody has said a word about."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import own_columns


@rule(
    code="NAM006",
    title="Table without a comment",
    why="What a row stands for, and what is in its columns, is known to those who were there when it was made.",
    example="CREATE TABLE slot (id int PRIMARY KEY, kind int);",
    clean="CREATE TABLE slot (id int PRIMARY KEY, kind int); COMMENT ON TABLE slot IS 'A time that can be booked';",
    by_default=False,
)
def table_without_comment(observation: Observation) -> Iterator[Finding]:
    """Tables without a comment; how many of their columns have none is told."""
    for table, columns in own_columns(observation):
        if not table.comment:
            silent = sum(not column.comment for column in columns)
            yield Finding(
                object=str(table.name),
                message="has no comment",
                severity=Severity.INFO,
                evidence=(catalog("columns", len(columns)), catalog("columns without a comment", silent)),
                advice="COMMENT ON TABLE … IS what a row of it stands for",
            )
