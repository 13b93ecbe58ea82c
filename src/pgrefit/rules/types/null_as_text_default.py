"""The word NULL in the place of no value."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_default import SetDefault
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, named
from pgrefit.rules._columns import columns_of_type, domain_of, text_constant


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
        domain = domain_of(observation.snapshot, column.type) if column.default is None else None
        default = domain.default if domain else column.default
        if default is None or "null" not in default.lower() or column.generated:
            return False
        return (text_constant(default) or "").strip(" '\"()<>[]\\").lower() == "null"

    for table, columns in columns_of_type(observation, lambda type_: type_.partition("(")[0] in TEXT_TYPES, spelt_out):
        for column in columns:
            own = column.default is not None and not column.not_null
            yield Finding(
                object=named(table, column.name),
                message="gets the word NULL where a row leaves it out",
                severity=Severity.WARNING,
                evidence=(catalog("default", str(column.default)) if column.default else catalog("type", column.type),),
                remedy=(SetDefault(table=table.name, column=column.name),) if own else (),
                advice="" if own else "drop the default, and fill in what is meant where rows hold the word already",
            )
