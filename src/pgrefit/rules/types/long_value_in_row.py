"""Long values that are kept in the row, by the storage that was set for them."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type

LONG = {*TEXT_TYPES, "bytea", "json", "jsonb", "xml"}
KEPT = {"main": "stay in the row as long as it fits a page", "plain": "stay in the row, and what is longer is refused"}
WIDEST = 400  # bytes of a value, on average, that do not weigh on who reads the rest of the row
LEAST = 512 * 1024  # bytes of all of them


@rule(
    code="TYP046",
    title="Long value kept in the row",
    why="STORAGE MAIN and PLAIN keep long values among the others: few rows fit a page, and whoever reads only the"
    " short columns reads the long ones too.",
    example="""
        CREATE TABLE letter (id int PRIMARY KEY, body text);
        ALTER TABLE letter ALTER body SET STORAGE MAIN;
        INSERT INTO letter SELECT n, (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 60) AS i)
        FROM generate_series(1, 500) AS n;
        ANALYZE letter;
    """,
    clean="""
        CREATE TABLE letter (id int PRIMARY KEY, body text, subject text);
        ALTER TABLE letter ALTER subject SET STORAGE MAIN;
        INSERT INTO letter SELECT n, (SELECT string_agg(md5(n::text || i), '') FROM generate_series(1, 60) AS i), 'hi'
        FROM generate_series(1, 500) AS n;
        ANALYZE letter;
    """,
)
def long_value_in_row(observation: Observation) -> Iterator[Finding]:
    """Texts, documents and bytes with such storage whose values are long on average, in tables of some size."""

    def kept(_: Table, column: Column) -> bool:
        return column.storage in KEPT and not column.type.endswith("[]")

    for table, columns in columns_of_type(observation, lambda type_: type_.partition("(")[0] in LONG, kept):
        seen = statistics_of(observation, table)
        for column in columns:
            found = seen.column(column.name)
            width = round(found.average_width * (1 - found.null_fraction)) if found else 0
            if width >= WIDEST and width * max(seen.rows, 0) >= LEAST:
                yield _finding(table, column, width, width * seen.rows)


def _finding(table: Table, column: Column, width: int, size: int) -> Finding:
    return Finding(
        object=named(table, column.name),
        message=f"has values of {width} bytes on average that {KEPT[column.storage]}: {column.storage.upper()}",
        severity=Severity.INFO,
        evidence=(catalog("storage", column.storage), statistic("mean bytes", width)),
        advice="SET STORAGE EXTENDED (EXTERNAL, where they do not shrink); what is there moves out when it is next"
        " written",
        cost=Cost(bytes=size),
    )
