"""A key whose values are only nearly what they seem."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, key_columns, named, tables

INEXACT = {"real", "double precision"}


@rule(
    code="CON013",
    title="Key of an inexact type",
    why=(
        "0.1 + 0.2 is not 0.3 to it: rows that ought to meet do not, and a key that was printed and read again may be"
        " that of no row."
    ),
    example="CREATE TABLE size (inches double precision PRIMARY KEY, label text);",
    clean="""
        CREATE TABLE size (inches numeric(4,1) PRIMARY KEY, metres double precision NOT NULL UNIQUE, label text);
        CREATE TABLE place (id int PRIMARY KEY, latitude real, longitude real, UNIQUE (latitude, longitude));
    """,
)
def float_in_key(observation: Observation) -> Iterator[Finding]:
    """Columns of primary and foreign keys that are real or double precision."""
    for table in tables(observation):
        keyed = key_columns(table)
        for column in table.columns:
            if column.type in INEXACT and column.name in keyed:
                yield Finding(
                    object=named(table, column.name),
                    message=f"is part of a key, and {column.type}",
                    severity=Severity.WARNING,
                    evidence=(catalog("type", column.type),),
                    advice="convert it to numeric with as many decimals as it means, or key the table by a number",
                )
