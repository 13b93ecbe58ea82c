"""Amounts of money in a type that cannot hold them exactly."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._names import stems

FLOATS = {"real", "double precision"}
MONEY = {
    "price", "salary", "subtotal", "revenue", "payment", "fee", "wage", "refund", "payout", "money", "cash", "invoice",
    "turnover", "surcharge", "usd", "eur", "gbp", "chf", "jpy",
}  # fmt: skip
MAY_BE_MONEY = {
    "amount", "balance", "budget", "charge", "commission", "cost", "credit", "debit", "discount", "due", "earning",
    "expense", "income", "paid", "spend", "spent", "sum", "tax", "tip", "total", "vat",
}  # fmt: skip
TRADE = {
    "account", "bank", "bill", "billing", "booking", "cart", "checkout", "currency", "invoice", "ledger", "loan",
    "order", "payment", "payroll", "payslip", "product", "purchase", "quote", "receipt", "refund", "sale",
    "subscription", "transaction", "wallet", "money", "price",
}  # fmt: skip
NO_AMOUNT = {
    "avg", "average", "change", "coefficient", "count", "day", "delta", "duration", "elasticity", "estimate",
    "estimated", "factor", "forecast", "hour", "index", "mean", "minute", "multiplier", "ms", "pct", "percent",
    "percentage", "power", "predicted", "prediction", "probability", "rank", "rate", "ratio", "score", "second",
    "share", "std", "stddev", "time", "trend", "variance", "volatility", "weight",
}  # fmt: skip
DECIMALS = 4  # of an amount; what has more of them was computed


@rule(
    code="TYP012",
    title="Money in a floating-point type",
    why=(
        "Most decimal fractions have no exact binary form: sums are off by cents, and two amounts that people call"
        " equal are not equal to the database."
    ),
    example="CREATE TABLE invoice_line (id int PRIMARY KEY, quantity int NOT NULL, unit_price double precision);",
    clean="""
        CREATE TABLE invoice_line (id int PRIMARY KEY, unit_price numeric(12, 2), discount_rate double precision,
                                   weight real, price_change_percent real);
        CREATE TABLE trace (id int PRIMARY KEY, cost double precision, total double precision, balance_factor real);
    """,
)
def float_for_money(observation: Observation) -> Iterator[Finding]:
    """Columns of type real or double precision that are named like money, unless their values have many decimals."""

    def inexact(table: Table, column: Column) -> bool:
        return not column.generated and _means_money(table, column)

    for table, columns in columns_of_type(observation, FLOATS.__contains__, inexact):
        for column in columns:
            if not _is_computed(observation, table, column):
                yield Finding(
                    object=named(table, column.name),
                    message=f"holds money as {column.type}, which rounds it",
                    severity=Severity.WARNING,
                    evidence=(catalog("type", column.type),),
                    advice="convert it to numeric with the decimals of the currency, or to whole cents",
                )


def _means_money(table: Table, column: Column) -> bool:
    """By its own words, or by words that mean money among tables of trade or beside a currency."""
    said = set(stems(column.name))
    if said & NO_AMOUNT or not said & (MONEY | MAY_BE_MONEY):
        return False
    beside = any("currency" in stems(other.name) for other in table.columns)
    return bool(said & MONEY) or beside or bool(set(stems(table.name.name)) & TRADE)


def _is_computed(observation: Observation, table: Table, column: Column) -> bool:
    values = seen_values(statistics_of(observation, table).column(column.name))
    long = sum(len(value.partition(".")[2]) > DECIMALS or "e" in value for value in values)
    return long * 2 > len(values)
