"""Text of a type that pads, though it need not."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, statistics_of
from pgrefit.rules._columns import columns_of_type, plain_type, seen_values
from pgrefit.rules.types.blank_padded_text import FIXED, PADDED


@rule(
    code="TYP044",
    title="Text of a fixed length",
    why="char(n) checks nothing that a CHECK does not check better, and the first value of another length is padded.",
    example="""
        CREATE TABLE taxpayer (id int PRIMARY KEY, zip char(8));
        INSERT INTO taxpayer SELECT n, lpad(n::text, 8, '0') FROM generate_series(1, 50) AS n;
        ANALYZE taxpayer;
    """,
    clean="""
        CREATE TABLE taxpayer (id int PRIMARY KEY, country char(2), currency char(3), ulid char(26), label char(30));
        INSERT INTO taxpayer SELECT n, 'DE', 'EUR', lpad(n::text, 26, '0'), 'x' FROM generate_series(1, 50) AS n;
        ANALYZE taxpayer;
    """,
    by_default=False,
)
def fixed_length_text(observation: Observation) -> Iterator[Finding]:
    """For each table, columns of type char(n) whose values are all full, but for codes of standards and ids."""

    def full(table: Table, column: Column) -> bool:
        found = PADDED.fullmatch(plain_type(observation.snapshot, column.type))
        values = seen_values(statistics_of(observation, table).column(column.name))
        return found is not None and int(found[1]) not in FIXED and bool(values) and not any(map(_is_padded, values))

    for table, columns in columns_of_type(observation, lambda type_: PADDED.fullmatch(type_) is not None, full):
        names = ", ".join(column.name for column in columns)
        yield Finding(
            object=str(table.name),
            message=f"keeps text of a fixed length in {names}",
            severity=Severity.INFO,
            evidence=tuple(catalog(column.name, column.type) for column in columns),
            advice="convert to text; where the length is a rule, add CHECK (length(column) = …)",
        )


def _is_padded(value: str) -> bool:
    return value.endswith(" ")
