"""Amounts of money in a type that cannot hold them exactly."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, named, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._languages import english
from pgrefit.rules._names import stems, words

FLOATS = {"real", "double precision"}
MONEY = {
    "price", "salary", "subtotal", "revenue", "payment", "fee", "wage", "refund", "payout", "money", "cash",
    "turnover", "surcharge", "fare", "rent", "tuition", "donation", "dividend", "pension", "stipend", "royalty",
    "usd", "eur", "gbp", "chf", "jpy",
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
    "altitude", "area", "avg", "average", "change", "coefficient", "count", "day", "delay", "delta", "distance",
    "duration", "elasticity", "estimate", "estimated", "factor", "forecast", "height", "hour", "index", "latitude",
    "length", "longitude", "mean", "minute", "multiplier", "ms", "pct", "percent", "percentage", "power", "predicted",
    "prediction", "probability", "rank", "rate", "ratio", "score", "second", "share", "speed", "std", "stddev",
    "temperature", "time", "trend", "variance", "volatility", "volume", "weight", "width",
}  # fmt: skip
# Words beside which one that may be money is: what is bought, for how long, before or after taxes.
OF_MONEY = {
    "account", "annual", "available", "bank", "closing", "current", "delivery", "gross", "invoice", "item", "labor",
    "labour", "line", "list", "monthly", "net", "opening", "order", "outstanding", "payable", "purchase", "receivable",
    "rental", "retail", "sale", "shipping", "unit", "wholesale", "yearly",
}  # fmt: skip
MONEY_ABROAD = {"amount", "balance", "cost"}  # of which other languages have words for money alone
TARIFFS = {"tariff", "tarif", "tarifa", "tariffa", "tarief", "taryfa"}
# Words for amounts of money alone in languages that the dictionary knows little of.
ELSEWHERE = {
    "fiyat", "ucret", "tutar", "bakiye", "maas", "kira", "harga", "biaya", "gaji", "iuran", "tagihan", "belopp",
    "avgift", "hyra", "kostnad", "beloeb", "belob", "gebyr", "husleje", "cena", "castka", "poplatek", "mzda", "hinta",
    "palkka", "vuokra", "kingaku", "kakaku", "ryokin", "kyuyo", "prowizja", "oplata", "czynsz", "skladka", "wyplata",
    "zaplata", "mensalidade", "aluguel", "comision", "sueldo", "cuota", "honorar", "praemie", "lohn", "pensja", "loyer",
    "honoraires", "canone", "affitto", "huur", "vergoeding", "grzywna", "multa", "denda", "ceza", "osszeg",
}  # fmt: skip
# That end compounds of languages which write them in one word.
WORTH = ("waarde", "wert", "vaerdi", "varde", "verdi")  # of what was bought, sold or insured
TRADED = (
    "inkoop", "aankoop", "verkoop", "aanschaf", "boek", "markt", "verzeker", "goederen", "contract", "order", "einkauf",
    "verkauf", "kauf", "anschaffung", "buch", "versicherung", "waren", "auftrag", "inkop", "kob", "kjop", "forsaljning",
)  # fmt: skip
WORTHS = {"value", "valor", "valore", "valeur", "nilai", "wartosc", "deger", "hodnota"}  # the same, in two words
BOUGHT = {
    "purchase", "book", "market", "resale", "contract", "insured", "asset", "compra", "venda", "venta", "contabil",
    "mercado", "acquisto", "vendita", "achat", "vente", "beli", "jual", "kontrak", "zakupu", "sprzedazy", "ksiegowa",
    "rynkowa", "alis", "satis", "sigorta", "kupni", "prodejni",
}  # fmt: skip
ENDINGS = ("geld", "preis", "prijs", "kosten", "betrag", "bedrag", "gebuehr", "gebühr", "miete")
OF_ANYTHING = {"amt", "valor"}  # amounts, as betrag and montant, but not of money alone
COUNTED = {"credit", "debit", "due", "spend", "spent", "sum", "total"}  # of which two say nothing of money yet
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
    """By its own words, or by words that mean money beside others, among tables of trade or beside a currency."""
    own = set(stems(column.name))
    said = own | set(english(column.name))
    if said & NO_AMOUNT:
        return False
    if said & (TARIFFS | ELSEWHERE) or _is_worth(column.name):
        return True
    if not said & (MONEY | MAY_BE_MONEY):
        return False
    meant = said & MAY_BE_MONEY
    if english(column.name) == ("balance",) or ((said - own) & MONEY_ABROAD and not own & OF_ANYTHING):
        return True
    if (meant - COUNTED and len(meant) > 1) or (meant - COUNTED - {"charge"} and said & OF_MONEY):
        return True
    beside = any("currency" in stems(other.name) for other in table.columns)
    traded = TRADE & {*stems(table.name.name), *english(table.name.name)}
    return bool(said & MONEY) or beside or bool(traded)


def _is_worth(name: str) -> bool:
    """Whether it ends as prices do, or is the value of what is bought and sold."""
    said = words(name)
    priced = any(word.endswith(ENDINGS) and word not in ENDINGS for word in said)
    return (
        priced
        or bool(WORTHS & {*said} and BOUGHT & {*said})
        or any(word.endswith(WORTH) and word.startswith(TRADED) for word in said)
    )


def _is_computed(observation: Observation, table: Table, column: Column) -> bool:
    values = seen_values(statistics_of(observation, table).column(column.name))
    long = sum(len(value.partition("e")[0].partition(".")[2]) > DECIMALS + _shift(value) for value in values)
    return long * 2 > len(values)


def _shift(value: str) -> int:
    """The exponent of a number that is written with one: 1.5e+06 has no decimals."""
    return int(value.partition("e")[2] or 0)
