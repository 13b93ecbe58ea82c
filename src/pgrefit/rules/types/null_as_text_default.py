"""The word NULL in the place of no value."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_default import SetDefault
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, named
from pgrefit.rules._columns import columns_of_type, text_constant


@rule(
    code="TYP019",
    title="The text 'NULL' as default",
    why="Rows that leave the column out hold four letters, not nothing: IS NULL does not find them, and people see it.",
    example="CREATE TABLE member (id int PRIMARY KEY, nickname text DEFAULT 'NULL');",
    clean="""
        CREATE TABLE member (id int PRIMARY KEY, nickname text DEFAULT NULL, about text DEFAULT '', extra jsonb
                             DEFAULT 'null', surname text DEFAULT 'Nullmann', kind text DEFAULT 'nullable');
    """,
)
def null_as_text_default(observation: Observation) -> Iterator[Finding]:
    """Columns of text whose default is the word NULL."""

    def spelt_out(_: Table, column: Column) -> bool:
        if column.default is None or "null" not in column.default.lower() or column.generated:
            return False
        return (text_constant(column.default) or "").strip(" '\"").lower() == "null"

    for table, columns in columns_of_type(observation, lambda type_: type_.partition("(")[0] in TEXT_TYPES, spelt_out):
        for column in columns:
            yield Finding(
                object=named(table, column.name),
                message="gets the word NULL where a row leaves it out",
                severity=Severity.WARNING,
                evidence=(catalog("default", str(column.default)),),
                remedy=() if column.not_null else (SetDefault(table=table.name, column=column.name),),
                advice="drop the default, and fill in what is meant where rows hold the word already"
                if column.not_null
                else "",
            )
