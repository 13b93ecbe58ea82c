"""Amounts in the type money."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._columns import columns_of_type
from pgrefit.rules._grouped import by_schema

FEW = 4  # of a schema that are told one by one


@rule(
    code="TYP011",
    title="Type money",
    why=(
        "It keeps no currency, and how many decimals it has is up to lc_monetary: a dump that is restored on a server"
        " with another locale holds other amounts."
    ),
    example="CREATE TABLE offer (id int PRIMARY KEY, price money NOT NULL);",
    clean="CREATE TABLE offer (id int PRIMARY KEY, price numeric(12, 2) NOT NULL, money bigint, currency text);",
)
def money_type(observation: Observation) -> Iterator[Finding]:
    """Columns of type money, of arrays of it and of domains over it; many of one schema together."""
    yield from by_schema(_found(observation), "columns are of type money", few=FEW, severity=Severity.WARNING)


def _found(observation: Observation) -> Iterator[tuple[str, Finding]]:
    for table, columns in columns_of_type(observation, lambda type_: type_ == "money"):
        for column in columns:
            yield (
                table.name.schema,
                Finding(
                    object=named(table, column.name),
                    message="holds amounts whose meaning depends on a setting of the server",
                    severity=Severity.WARNING,
                    evidence=(catalog("type", column.type),),
                    advice="convert it to numeric: USING column::numeric, and keep the currency in a column of its own",
                ),
            )
