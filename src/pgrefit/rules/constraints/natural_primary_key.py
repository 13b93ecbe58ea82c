"""A primary key that means something outside of the database."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, catalog, named, statistics_of, tables
from pgrefit.rules._columns import seen_values

LONGEST_CODE = 3  # of countries, currencies and languages


@rule(
    code="CON015",
    title="Natural primary key",
    why=(
        "What means something to people is changed by people: a corrected number or a new spelling has to be carried to"
        " all rows that refer to it."
    ),
    example="CREATE TABLE customer (tax_number varchar(20) PRIMARY KEY, name text);",
    clean="""
        CREATE TABLE customer (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tax_number varchar(20) UNIQUE);
        CREATE TABLE customer_photo (customer_id int PRIMARY KEY REFERENCES customer, photo bytea);
        CREATE TABLE session (token text PRIMARY KEY DEFAULT md5(random()::text));
        CREATE TABLE machine (id uuid PRIMARY KEY);
        CREATE TABLE country (iso char(2) PRIMARY KEY, name text);
    """,
    by_default=False,
)
def natural_primary_key(observation: Observation) -> Iterator[Finding]:
    """Primary keys of one column that is neither a number nor a uuid, made by no default and no reference."""
    for table in tables(observation):
        referring = {name for key in table.foreign_keys for name in key.columns}
        column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
        if column and column.name not in referring and _is_natural(column) and not _is_code(observation, table, column):
            yield Finding(
                object=named(table, column.name),
                message=f"is the primary key, and {column.type} without a default",
                severity=Severity.INFO,
                evidence=(catalog("type", column.type),),
                advice="an identity as the key, and UNIQUE for the column; leave it where the value never changes",
            )


def _is_natural(column: Column) -> bool:
    return column.type not in {*WHOLE_TYPES, "uuid"} and column.default is None and not column.identity


def _is_code(observation: Observation, table: Table, column: Column) -> bool:
    """Whether all values are codes of a standard: of one length, up to three letters."""
    name, _, length = column.type.rstrip(")").partition("(")
    if name.startswith("character") and length.isdecimal() and int(length) <= LONGEST_CODE:
        return True
    lengths = {len(value) for value in seen_values(statistics_of(observation, table).column(column.name))}
    return len(lengths) == 1 and max(lengths) <= LONGEST_CODE
