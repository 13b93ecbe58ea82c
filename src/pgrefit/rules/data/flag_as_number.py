"""Yes and no kept as 1 and 0."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, catalog, key_columns, named, row_of, scan
from pgrefit.rules.data._exact import counted, how_many, is_checked
from pgrefit.rules.data._meanings import is_flag_like
from pgrefit.rules.data._sample import FEWEST_ROWS, sampled_tables, samples

NARROW = (*WHOLE_TYPES, "numeric(1,0)")


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (_counts(table, column) for table, column in _flags(observation))


def _flags(observation: Observation) -> Iterator[tuple[Table, Column]]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            two = set(values.common) == {"0", "1"} and values.filled >= FEWEST_ROWS
            if two and column.type in NARROW and column.name not in keys and is_flag_like(column):
                yield table, column


def _counts(table: Table, column: Column) -> Question:
    return counted(table, {
        "rows": Expression("count(*)"), "ones": how_many(expression("t.{c} = 1", c=column.name)),
        "zeros": how_many(expression("t.{c} = 0", c=column.name)),
        "others": how_many(expression("t.{c} NOT IN (0, 1)", c=column.name)),
    })  # fmt: skip


@rule(
    code="DAT002",
    title="Flag kept as a number",
    why="Nothing says what 2 or -1 would mean, and every condition has to know which number was chosen for yes.",
    asks=_asks,
    example="""
        CREATE TABLE account (id int PRIMARY KEY, is_active smallint NOT NULL);
        INSERT INTO account SELECT n, (n % 4 > 0)::int FROM generate_series(1, 100) AS n;
        ANALYZE account;
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, is_active boolean NOT NULL, retries int, failed_count int,
                              is_level int);
        INSERT INTO account SELECT n, n % 4 > 0, n % 2, n % 2, n % 3 FROM generate_series(1, 100) AS n;
        ANALYZE account;
    """,
)
def flag_as_number(observation: Observation) -> Iterator[Finding]:
    """Whole numbers that are 0 or 1 in every row, under a name that asks for yes or no."""
    for table, column in _flags(observation):
        row = row_of(observation, _counts(table, column))
        if row and not row.count("others"):
            checked = is_checked(table, column.name)
            yield Finding(
                object=named(table, column.name),
                message=f"{column.type} that is 0 or 1 in every row: a boolean",
                severity=Severity.INFO,
                evidence=(
                    scan("rows", row.count("rows")), scan("1", row.count("ones")), scan("0", row.count("zeros")),
                    catalog("has a check", checked),
                ),
                advice="add a boolean column, fill it from this one, and let the new version use it",
            )  # fmt: skip
