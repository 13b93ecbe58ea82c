"""Conditions that a column's name, or two columns' names, promise: percent, quantities, from and until."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Literal, expression, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, is_numeric, key_columns, row_of
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import words
from pgrefit.rules.data._edges import bound, hardly_negative
from pgrefit.rules.data._exact import counted, examples, how_many, is_checked
from pgrefit.rules.data._orders import Order, orders
from pgrefit.rules.data._sample import FEWEST_ROWS, MOMENTS, Values, bare_type, sampled_tables

PERCENT = {"percent", "perc", "percentage", "pct", "prozent", "progress", "completion", "humidity", "battery"}
YEARS, OUR_YEARS = (1500, 2200), (1850, 2100)
OF_HUNDRED = {"discount", "tax", "commission", "share", "completion", "probability", "occupancy", "attendance"}
PERCENT_TYPES = {f"numeric({digits + scale},{scale})" for digits in (2, 3) for scale in (1, 2, 3, 4)}
ABOVE_HUNDRED = {
    "growth", "change", "increase", "return", "roi", "cpu", "load", "utilization", "utilisation", "usage", "markup",
    "variance", "diff", "delta", "yield", "gain", "inflation", "interest", "bonus", "achievement", "attainment",
}  # fmt: skip
QUANTITIES = {"quantity", "qty", "stock", "price", "age", "menge", "preis"}
COUNTED = {
    "anzahl", "area", "attempt", "capacity", "click", "cost", "count", "distance", "download", "duration", "guest",
    "height", "hours", "length", "like", "mileage", "minutes", "night", "page", "pages", "rating", "retry", "room",
    "salary", "seat", "seats", "size", "speed", "star", "unit", "view", "visit", "volume", "weight", "width",
}  # fmt: skip
SIGNED = {
    "change", "delta", "adjustment", "movement", "difference", "diff", "offset", "balance", "net", "refund", "return",
    "correction", "variance", "shift", "transaction", "ledger", "entry", "credit", "profit", "gain", "relative",
    "drift", "journal",
}  # fmt: skip
BOUNDS = {"latitude": (-90, 90), "lat": (-90, 90), "longitude": (-180, 180), "lon": (-180, 180), "lng": (-180, 180),
          "month": (1, 12), "hour": (0, 24), "minute": (0, 59), "weekday": (0, 7), "age": (0, 130)}  # fmt: skip
BEGINNINGS = {
    "start": ("end", "finish", "stop"), "begin": ("end",), "from": ("to", "until", "till", "thru"),
    "opened": ("closed",), "started": ("ended", "finished", "completed", "stopped"), "min": ("max",),
    "minimum": ("maximum",), "low": ("high",), "effective": ("expiry", "expiration"),
    "issue": ("expiry", "expiration", "due"), "lower": ("upper",), "created": ("updated", "modified", "deleted"),
    "ordered": ("shipped", "delivered"), "shipped": ("delivered",), "hired": ("terminated", "left", "fired"),
    "hire": ("termination", "leave"), "birth": ("death",), "born": ("died",), "open": ("close",), "in": ("out",),
    "valid": ("expire", "expires"), "order": ("ship", "delivery"), "beginn": ("ende",), "von": ("bis",),
    "checkin": ("checkout",), "arrival": ("departure",), "since": ("until",),
    "begins": ("ends",), "starts": ("ends",), "departure": ("arrival",), "departed": ("arrived",),
    "issued": ("expires", "due"), "invoiced": ("due",), "abfahrt": ("ankunft",), "abflug": ("ankunft",),
    "salida": ("llegada", "entrada"), "partida": ("chegada",), "depart": ("arrivee",), "od": ("do",),
    "ingang": ("eind", "einde", "afloop"), "aanvang": ("einde", "eind"), "desde": ("hasta",),
    "eingang": ("ausgang",), "geboren": ("verstorben", "gestorben"),
    "du": ("au",), "de": ("ate",), "dal": ("al",), "apertura": ("cierre", "chiusura"),
    "abertura": ("fechamento", "encerramento"), "ouverture": ("fermeture", "cloture"),
    "emision": ("vencimiento", "caducidad"), "emissao": ("vencimento",), "emissione": ("scadenza",),
    "emission": ("echeance", "expiration"), "entree": ("sortie",), "ingreso": ("egreso", "salida", "alta"),
    "admissao": ("demissao",), "eintritt": ("austritt",), "admission": ("discharge",), "admitted": ("discharged",),
    "unten": ("oben",), "untere": ("obere",), "untergrenze": ("obergrenze",), "niedrig": ("hoch",), "onder": ("boven",),
    "ondergrens": ("bovengrens",), "laag": ("hoog",), "inferior": ("superior",), "inferieur": ("superieur",),
    "inferieure": ("superieure",), "inferiore": ("superiore",), "dolna": ("gorna",), "dolny": ("gorny",),
    "dolne": ("gorne",), "nedre": ("ovre",), "undre": ("ovre",), "alt": ("ust",), "bawah": ("atas",), "fra": ("til",),
    "fran": ("till",), "awal": ("akhir",), "mulai": ("selesai", "berakhir"), "masuk": ("keluar",),
    "baslangic": ("bitis", "son"), "giris": ("cikis",), "acilis": ("kapanis",), "wejscie": ("wyjscie",),
    "wyjazd": ("powrot", "przyjazd"), "otwarcie": ("zamkniecie",), "zatrudniony": ("zwolniony",),
    "aankomst": ("vertrek",), "ankunft": ("abfahrt", "abreise"), "anreise": ("abreise",), "inlagd": ("utskriven",),
    "opening": ("closing",), "raised": ("cleared", "resolved"), "loaded": ("unloaded",), "picked": ("delivered",),
}  # fmt: skip
MARKS = {"rating", "grade", "star", "stars", "mark", "score", "severity", "satisfaction", "priority"}
SCALES, OFTEN, ENOUGH = range(3, 11), 0.02, 200  # the highest mark; share of each of them; rows
MOSTLY = 0.05  # share of the values that may break what the name promises
# What money, places and signals are named like, which may be negative now and then.
EITHER_SIGN = SIGNED | {
    "amount", "total", "sum", "subtotal", "value", "revenue", "margin", "cash", "flow", "result", "payment", "charge",
    "fee", "tax", "temperature", "temp", "direction", "sign", "vote", "latitude", "longitude", "lat", "lng", "x", "y",
    "z", "dbm", "signal", "db", "elevation", "altitude", "depth", "lag", "skew", "trend", "coefficient", "deviation",
    "delay", "lateness", "slack", "error", "residual", "karma", "points", "slope", "angle", "level", "index",
    "position", "order", "sort", "code",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Promise:
    """A condition over columns of alias t, what it says, and how it reads over bare columns.

    `strong`: worth a check even where no row breaks it. Where no name says so, what is outside is a slip and not the
    tail of a distribution where just inside there are many rows, `beside`, or where there are none at all, `close`.
    """

    table: Table
    columns: tuple[str, ...]
    says: str
    condition: Expression
    bare: Expression
    strong: bool = True
    beside: Expression | None = None
    close: Expression | None = None

    def question(self) -> Question:
        """Rows, rows in which all columns are filled, and those that break it, as different values."""
        filled = " AND ".join(expression("t.{c} IS NOT NULL", c=c) for c in self.columns)
        return counted(self.table, {
            "rows": Expression("count(*)"), "filled": how_many(Expression(filled)), "breaking": how_many(self.broken),
            "different": expression("count(DISTINCT t.{c}) FILTER (WHERE {broken})", c=self.columns[0],
                                    broken=raw(self.broken)),
            "beside": how_many(self.beside or Expression("false")),
            "close": how_many(self.close or Expression("true")),
        })  # fmt: skip

    @property
    def broken(self) -> Expression:
        """The rows that break it; a NULL breaks nothing."""
        return expression("NOT ({condition})", condition=raw(self.condition))

    def exceptions(self) -> Question:
        """Rows that break it."""
        return examples(self.table, self.columns, self.broken)

    def counts(self, observation: Observation) -> Row | None:
        """The answer."""
        return row_of(observation, self.question())


@lookup.remembered
def promises(observation: Observation) -> tuple[Promise, ...]:
    """What columns that no check is about promise by their names or by their values, and the sample does not refute."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Promise]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        telling = [
            v for v in columns if v.filled >= FEWEST_ROWS and v.column.name not in keys and not v.column.generated
        ]
        for values in telling:
            found = _of_scale(table, values) or _of_one(table, values) or _by_values(observation, table, values)
            if found and not is_checked(table, values.column.name):
                yield found
        named = list(_of_pairs(table, telling))
        yield from named
        told = {frozenset(promise.columns) for promise in named}
        mined = (order for order in orders(observation) if order.table is table)
        yield from (_mined(order) for order in mined if frozenset((order.low, order.high)) not in told)


def _of_scale(table: Table, values: Values) -> Promise | None:
    """Of marks that people give: each number from 0 or 1 on is there often, and above the last one hardly any."""
    often = {int(text) for text, rows in values.common.items() if rows >= OFTEN * values.filled and text.isdigit()}
    low, high = min(often, default=2), max(often, default=0)
    whole = values.column.type in WHOLE_TYPES and often == {*range(low, high + 1)} and values.filled >= ENOUGH
    whole &= all(int(text) in often or not low <= int(text) <= 2 * high for text in values.common if whole)  # no tail
    marks = bool({*english(values.column.name)[-1:]} & MARKS) and low in {0, 1} and high in SCALES
    return replace(_between(table, values.column, low, high), strong=False) if whole and marks else None


def _of_one(table: Table, values: Values) -> Promise | None:
    column, meaning = values.column, meanings(values.column.name)
    if not (is_numeric(column) or column.type in {"real", "double precision"}):
        return None
    if meaning & PERCENT:
        return None if meaning & ABOVE_HUNDRED else _between(table, column, 0, 100)
    last = english(column.name)[-1:]
    likely = (0, 100) if meaning & OF_HUNDRED and column.type in PERCENT_TYPES else YEARS if last == ("year",) else None
    if likely and _lies_in(values, likely):
        return replace(_between(table, column, *likely), strong=False)
    bounds = BOUNDS.get(last[0]) if last else None
    if bounds and not (last[0] in {"month", "minute", "hour"} and not _is_of_clock(values, bounds)):
        return _between(table, column, *bounds)
    signed = meaning & SIGNED or meanings(table.name.name) & SIGNED
    if signed or not meaning & (QUANTITIES | COUNTED):
        return None
    return _not_negative(table, column, strong=bool(meaning & QUANTITIES))


def _by_values(observation: Observation, table: Table, values: Values) -> Promise | None:
    """Of a number that ends sharply at a round one, or at 0, but for a few."""
    column = values.column
    number = is_numeric(column) or column.type in {"real", "double precision"}
    either = meanings(column.name) & EITHER_SIGN or meanings(table.name.name) & SIGNED
    if not number or either:
        return None
    if column.type in WHOLE_TYPES and values.different >= FEWEST_ROWS and _lies_in(values, OUR_YEARS):
        return replace(_between(table, column, *YEARS), strong=False)
    limit = None if meanings(column.name) & ABOVE_HUNDRED else bound(observation, table, values)
    c = column.name
    if limit is not None:
        near = expression("t.{c} BETWEEN {low}::numeric AND {limit}", c=c, low=Literal(str(limit * 0.9)), limit=limit)
        return replace(_between(table, column, 0, limit), strong=False, beside=near)
    if not hardly_negative(observation, table, values):
        return None
    beside, close = _around(table, expression("t.{c}", c=c), expression("v.{c}", c=c))
    return replace(_not_negative(table, column, strong=False), beside=beside, close=close)


def _mined(order: Order) -> Promise:
    """What the rows of two columns say, whatever their names."""
    low, high = order.low, order.high
    mine, each = expression("t.{b} - t.{a}", a=low, b=high), expression("v.{b} - v.{a}", a=low, b=high)
    beside, close = _around(order.table, mine, each)
    return Promise(
        order.table, (low, high), f"{low} is at most {high}", expression("t.{a} <= t.{b}", a=low, b=high),
        expression("{a} <= {b}", a=low, b=high), strong=False, beside=beside, close=close,
    )  # fmt: skip


def _around(table: Table, mine: Expression, each: Expression) -> tuple[Expression, Expression]:
    """The rows as far above 0 as the others are below it, and those above it by a tenth of how far values spread.

    `mine` is over alias t, `each` over alias v.
    """
    beside = expression(
        "({mine}) > '0' AND ({mine}) <= (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY -({each})) FROM {t} AS v"
        " WHERE ({each}) < '0')", mine=raw(mine), each=raw(each), t=table.name,
    )  # fmt: skip
    close = expression(
        "({mine}) > '0' AND ({mine}) <= (SELECT (percentile_disc(0.75) WITHIN GROUP (ORDER BY {each})"
        " - percentile_disc(0.25) WITHIN GROUP (ORDER BY {each})) / 10.0 FROM {t} AS v)",
        mine=raw(mine), each=raw(each), t=table.name,
    )  # fmt: skip
    return beside, close


def _is_of_clock(values: Values, bounds: tuple[int, int]) -> bool:
    """Whether months, hours and minutes are places in a calendar rather than how many."""
    spread = values.different >= (bounds[1] - bounds[0]) / 2 and len(words(values.column.name)) == 1
    return spread and _lies_in(values, bounds)


def _lies_in(values: Values, bounds: tuple[int, int]) -> bool:
    """Whether nearly all do."""
    inside = sum(rows for text, rows in values.common.items() if bounds[0] <= float(text) <= bounds[1])
    return inside >= (1 - MOSTLY) * sum(values.common.values())


def _between(table: Table, column: Column, low: int, high: int) -> Promise:
    name = column.name
    return Promise(
        table, (name,), f"{low} to {high}", expression("t.{c} BETWEEN {low} AND {high}", c=name, low=low, high=high),
        expression("{c} BETWEEN {low} AND {high}", c=name, low=low, high=high),
    )  # fmt: skip


def _not_negative(table: Table, column: Column, *, strong: bool) -> Promise:
    name = column.name
    condition, bare = expression("t.{c} >= 0", c=name), expression("{c} >= 0", c=name)
    return Promise(table, (name,), "at least 0", condition, bare, strong)


def _of_pairs(table: Table, columns: list[Values]) -> Iterator[Promise]:
    """By the words of their names as they are, and in English where none of them is a number."""
    fitting = [v.column for v in columns if bare_type(v.column) in MOMENTS or is_numeric(v.column)]
    by_name: dict[tuple[str, ...], Column] = {}
    for column in fitting:
        by_name.setdefault(words(column.name), column)
    for column in fitting:
        if not any(map(str.isdigit, words(column.name))):
            by_name.setdefault(english(column.name), column)
    found = {pair: None for name, column in by_name.items() for pair in _paired(name, column, by_name)}
    for one, other in found:
        if _same_kind(one, other) and not is_checked(table, one.name, other.name):
            yield _in_order(table, one, other)


def _paired(
    name: tuple[str, ...], column: Column, by_name: dict[tuple[str, ...], Column]
) -> Iterator[tuple[Column, Column]]:
    for place, word in enumerate(name):
        for ending in BEGINNINGS.get(word, ()):
            other = by_name.get((*name[:place], ending, *name[place + 1 :]))
            if other and other != column:
                yield column, other


def _same_kind(one: Column, other: Column) -> bool:
    return bare_type(one) == bare_type(other) or (is_numeric(one) and is_numeric(other))


def _in_order(table: Table, one: Column, other: Column) -> Promise:
    says = f"{one.name} is at most {other.name}"
    condition = expression("t.{a} <= t.{b}", a=one.name, b=other.name)
    if "created" in english(one.name) and bare_type(one) != "date":  # written by two clocks
        condition = expression("t.{a} <= t.{b} + interval '1 minute'", a=one.name, b=other.name)
    bare = expression("{a} <= {b}", a=one.name, b=other.name)
    # The application sets both of these, and nobody checks a clock.
    strong = "created" not in english(one.name)
    return Promise(table, (one.name, other.name), says, condition, bare, strong)
