"""Numbers of cards and people that whoever reads the table can use."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, WHOLE_TYPES, catalog, named, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._names import words

# Run together, as they stand in names with underscores, in camel case or in neither.
SENSITIVE = (
    "creditcard", "cardnumber", "cardno", "cvv", "cvc", "socialsecurity", "ssn", "nationalinsurance", "passportno",
    "passportnumber", "kreditkarte", "sozialversicherungsnummer", "tarjetacredito", "tarjetadecredito",
    "numerotarjeta", "seguridadsocial", "cartebancaire", "cartedecredit", "securitesociale", "cartaodecredito",
    "numerocartao", "cartadicredito", "creditkaart", "kredietkaart", "burgerservicenummer", "kartakredytowa", "pesel",
)  # fmt: skip
SHORT = {"cvv", "cvc", "ssn", "pesel", "cardno"}  # words of their own only
# Beside which it is not the number itself.
ABOUT = {
    "at", "brand", "cipher", "count", "country", "date", "digest", "encrypted", "enc", "expires", "expiry", "four",
    "hash", "hashed", "holder", "id", "issuer", "kind", "last", "last4", "masked", "month", "name", "network", "on",
    "status", "suffix", "tail", "token", "type", "valid", "verified", "year", "4",
}  # fmt: skip
LONGEST = 30  # characters; what is longer was made unreadable


@rule(
    code="TYP045",
    title="Sensitive number in clear",
    why="Whoever reads the table, a backup or a replica can pay with it, or pass for somebody else.",
    example="CREATE TABLE guest (id int PRIMARY KEY, name text, credit_card_number text);",
    clean="""
        CREATE TABLE guest (id int PRIMARY KEY, credit_card_type text, card_number_last4 text, ssn_hash text,
                            card_number text, discard_notes text);
        INSERT INTO guest SELECT n, 'visa', '1234', NULL, md5(n::text), '' FROM generate_series(1, 50) AS n;
        ANALYZE guest;
    """,
    by_default=False,
)
def sensitive_value_in_clear(observation: Observation) -> Iterator[Finding]:
    """Texts and numbers that are named as such a number, unless their values are longer than one."""

    def in_clear(table: Table, column: Column) -> bool:
        values = seen_values(statistics_of(observation, table).column(column.name))
        return _is_sensitive(column.name) and not any(len(value) > LONGEST or "*" in value for value in values)

    types = {*TEXT_TYPES, *WHOLE_TYPES, "numeric"}
    for table, columns in columns_of_type(observation, lambda type_: type_.partition("(")[0] in types, in_clear):
        rows = max(statistics_of(observation, table).rows, 0)
        for column in columns:
            yield Finding(
                object=named(table, column.name),
                message="holds sensitive numbers that can be read",
                severity=Severity.WARNING,
                evidence=(catalog("type", column.type), statistic("rows", rows)),
                advice="keep a token of the provider or an encrypted value instead, and let few roles read it",
                cost=Cost(rows=rows) if rows else None,
            )


def _is_sensitive(name: str) -> bool:
    said = words(name)
    if ABOUT & {*said}:
        return False
    together = "".join(said)
    return any(each in (said if each in SHORT else together) for each in SENSITIVE)
