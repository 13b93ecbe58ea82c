"""D04 columns that follow from others, D05 facts repeated, D11 columns twice or constant."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Planted, Table, Values, World, planted

CENT = Decimal("0.01")
MONEY = "numeric(12,2) NOT NULL CHECK ({c} >= 0)"
POSITIVE = "integer NOT NULL CHECK ({c} > 0)"
TODAY = date(2024, 6, 1)


def _cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)


def _prices(w: World, rows: int) -> list[Decimal]:
    return [Decimal(w.draw.randint(100, 90_000)) / 100 for _ in range(rows)]


def _violated(w: World, values: Values, by: Any) -> int:  # noqa: ANN401
    """Change a few of the derived values; their number, which may be none."""
    rows = w.pick(len(values), 0.004) if w.draw.random() < 0.7 else []
    for row in rows:
        if values[row] is not None:
            values[row] += by * w.draw.randint(1, 9)
    return sum(values[row] is not None for row in rows)


@defect("D04")
def total_of_quantity_and_price(w: World) -> Planted:
    host = w.host(500)
    quantities = [w.draw.randint(1, 40) for _ in range(host.rows)]
    prices = _prices(w, host.rows)
    totals: Values = [q * p for q, p in zip(quantities, prices, strict=True)]
    wrong = _violated(w, totals, Decimal(7))
    one = w.add(host, "quantity", POSITIVE, quantities)
    other = w.add(host, "price", MONEY, prices)
    return planted(host, w.add(host, "total", MONEY, totals), one, other, counts=[wrong])


@defect("D04")
def percent_of_a_maximum(w: World) -> Planted:
    host = w.host(500)
    maxima = [w.draw.choice((20, 25, 40, 60, 80, 120)) for _ in range(host.rows)]
    scores = [w.draw.randint(0, m) for m in maxima]
    percents = [
        int((Decimal(100 * s) / m).quantize(Decimal(1), ROUND_HALF_UP)) for s, m in zip(scores, maxima, strict=True)
    ]
    rows = w.pick(host.rows, 0.004)
    for row in rows:
        percents[row] += 9 if percents[row] < 50 else -9
    kind = "integer NOT NULL CHECK ({c} BETWEEN 0 AND 100)"
    one = w.add(host, "score", "integer NOT NULL CHECK ({c} >= 0)", scores)
    other = w.add(host, "maximum", POSITIVE, maxima)
    return planted(host, w.add(host, "percent", kind, percents), one, other, counts=[len(rows)])


@defect("D04")
def gross_of_net_and_tax(w: World) -> Planted:
    host = w.host(500)
    nets = _prices(w, host.rows)
    taxes = [_cents(net * w.draw.choice((Decimal("0.19"), Decimal("0.07")))) for net in nets]
    grosses: Values = [n + t for n, t in zip(nets, taxes, strict=True)]
    wrong = _violated(w, grosses, Decimal("0.5"))
    one, other = w.add(host, "net", MONEY, nets), w.add(host, "tax", MONEY, taxes)
    return planted(host, w.add(host, "gross", MONEY, grosses), one, other, counts=[wrong])


@defect("D04")
def gross_where_some_are_empty(w: World) -> Planted:
    host = w.host(500)
    nets = w.sparse(_prices(w, host.rows), 0.15)
    rates = [w.draw.choice((Decimal("0.19"), Decimal("0.07"), Decimal("0.00"))) for _ in range(host.rows)]
    grosses: Values = [None if n is None else _cents(n * (1 + r)) for n, r in zip(nets, rates, strict=True)]
    wrong = _violated(w, grosses, Decimal(2))
    optional = "numeric(12,2) CHECK ({c} >= 0)"
    one = w.add(host, "net", optional, nets)
    other = w.add(host, "vat", "numeric(4,2) NOT NULL CHECK ({c} BETWEEN 0 AND 1)", rates)
    return planted(host, w.add(host, "gross", optional, grosses), one, other, counts=[wrong])


@defect("D04")
def name_of_two_parts(w: World) -> Planted:
    host = w.host(500)
    pool = w.vocabulary(90)
    firsts, lasts = w.draw.choices(pool, k=host.rows), w.draw.choices(pool, k=host.rows)
    wholes = [f"{first} {last}" for first, last in zip(firsts, lasts, strict=True)]
    rows = w.pick(host.rows, 0.004)
    for row in rows:
        wholes[row] = w.word() + " Xu"
    one, other = w.add(host, "first", "text NOT NULL", firsts), w.add(host, ("last", "name"), "text NOT NULL", lasts)
    return planted(host, w.add(host, "full", "text NOT NULL", wholes), one, other, counts=[len(rows)])


@defect("D04")
def minutes_between_two_moments(w: World) -> Planted:
    host = w.host(500)
    starts = [w.moment() for _ in range(host.rows)]
    minutes: Values = [w.draw.randint(5, 600) for _ in range(host.rows)]
    ends = [start + timedelta(minutes=m) for start, m in zip(starts, minutes, strict=True)]
    wrong = _violated(w, minutes, 11)
    one = w.add(host, ("start", "time"), "timestamptz NOT NULL", starts)
    other = w.add(host, ("end", "time"), "timestamptz NOT NULL CHECK ({c} > 'epoch')", ends)
    host.after.append(("ALTER TABLE {t} ADD CHECK ({0} <= {1})", (one, other)))
    return planted(host, w.add(host, "minutes", POSITIVE, minutes), one, other, counts=[wrong])


@defect("D04")
def age_of_a_birthday(w: World) -> Planted:
    host = w.host(500)
    born = [TODAY - timedelta(days=w.draw.randint(19 * 366, 80 * 365)) for _ in range(host.rows)]
    ages = [TODAY.year - b.year - ((TODAY.month, TODAY.day) < (b.month, b.day)) for b in born]
    other = w.add(host, "birthday", "date NOT NULL", born)
    return planted(host, w.add(host, "age", POSITIVE, ages), other, counts=[0])


@decoy("D04")
def total_with_discounts(w: World) -> Planted:
    host = w.host(500)
    quantities = [w.draw.randint(1, 40) for _ in range(host.rows)]
    prices = _prices(w, host.rows)
    totals = [_cents(q * p * Decimal(w.draw.randint(60, 100)) / 100) for q, p in zip(quantities, prices, strict=True)]
    one, other = w.add(host, "quantity", POSITIVE, quantities), w.add(host, "price", MONEY, prices)
    return planted(host, w.add(host, "total", MONEY, totals), one, other)


@decoy("D04", "constant-column")
def two_amounts_and_a_constant(w: World) -> Planted:
    host = w.host(500)
    one = w.add(host, ("amount", "net"), MONEY, _prices(w, host.rows))
    other = w.add(host, ("amount", "limit"), MONEY, _prices(w, host.rows))
    rate = w.add(host, "rate", "numeric(6,3) NOT NULL CHECK ({c} > 0)", [Decimal(1)] * host.rows)
    return planted(host, one, other, rate)


@decoy("D04")
def weight_that_goes_with_height(w: World) -> Planted:
    host = w.host(500)
    heights = [round(w.draw.gauss(172, 9)) for _ in range(host.rows)]
    weights = [round(h * 0.43 + w.draw.gauss(0, 6)) for h in heights]
    one = w.add(host, "height", POSITIVE, heights)
    return planted(host, w.add(host, "weight", POSITIVE, weights), one)


@decoy("D04")
def generated_total(w: World) -> Planted:
    host = w.host(500)
    one = w.add(host, "net", MONEY, _prices(w, host.rows))
    other = w.add(host, "tax", MONEY, _prices(w, host.rows))
    clause = f'numeric(13,2) GENERATED ALWAYS AS ("{one}" + "{other}") STORED'
    name = w.add(host, "gross", clause, [None] * host.rows)
    host.columns[name].filled = False
    return planted(host, name, one, other)


@decoy("D04")
def rating_about_like_score(w: World) -> Planted:
    host = w.host(500)
    scores = [w.draw.randint(0, 100) for _ in range(host.rows)]
    ratings = [min(5, max(0, round(s / 20 + w.draw.gauss(0, 0.7)))) for s in scores]
    one = w.add(host, "score", "integer NOT NULL CHECK ({c} BETWEEN 0 AND 100)", scores)
    return planted(host, w.add(host, "rating", "integer NOT NULL CHECK ({c} BETWEEN 0 AND 5)", ratings), one)


def _repeated(w: World, of: tuple[str, str], groups: int, share: float) -> Planted:
    host = w.host(1500)
    keys = [f"{n:05}" for n in w.draw.sample(range(1000, 90_000), groups)]
    told = dict(zip(keys, w.draw.choices(w.vocabulary(groups), k=groups), strict=True))
    values = w.draw.choices(keys, k=host.rows)
    facts = [told[value] for value in values]
    rows = w.pick(host.rows, share) if share else []
    for row in rows:
        facts[row] += " II"
    one = w.add(host, of[0], "text NOT NULL", values)
    return planted(host, w.add(host, of[1], "text NOT NULL", facts), one, counts=[len(rows)])


@defect("D05")
def city_of_a_zip_code(w: World) -> Planted:
    return _repeated(w, ("zip", "city"), 120, 0)


@defect("D05")
def name_of_a_code(w: World) -> Planted:
    return _repeated(w, ("code", "label"), 60, 0.003)


@defect("D05")
def name_of_a_number(w: World) -> Planted:
    host = w.host(1500)
    keys = w.draw.sample(range(100, 9000), 90)
    told = dict(zip(keys, w.draw.sample(w.vocabulary(200), 90), strict=True))
    values = w.draw.choices(keys, k=host.rows)
    facts = [told[value] for value in values]
    rows = w.pick(host.rows, 0.002)
    for row in rows:
        facts[row] = facts[row].upper() + "!"
    one = w.add(host, ("category", "code"), "integer NOT NULL", values)
    return planted(host, w.add(host, ("category", "name"), "text NOT NULL", facts), one, counts=[len(rows)])


@decoy("D05")
def almost_a_key(w: World) -> Planted:
    """Each value on the left occurs once or twice, so that any column seems to follow from it."""
    host = w.host(1500)
    keys = [f"{n:07}" for n in w.draw.sample(range(10**6), round(host.rows * 0.97))]
    values = [*keys, *w.draw.sample(keys, host.rows - len(keys))]
    w.draw.shuffle(values)
    one = w.add(host, "reference", "text NOT NULL", values)
    return planted(host, w.add(host, "city", "text NOT NULL", w.draw.choices(w.vocabulary(60), k=host.rows)), one)


@decoy("D05")
def nearly_always_the_same(w: World) -> Planted:
    """Any column seems to determine one that hardly varies."""
    host = w.host(1500)
    pool = w.vocabulary(40)
    values = [pool[0] if w.draw.random() < 0.96 else w.draw.choice(pool) for _ in range(host.rows)]
    one = w.add(host, "zip", "text NOT NULL", w.draw.choices([f"{n:05}" for n in range(1000, 1150)], k=host.rows))
    return planted(host, w.add(host, "label", "text NOT NULL", values), one)


@decoy("D05")
def often_together(w: World) -> Planted:
    """Each left value has a usual right one, and one in five rows has another."""
    host = w.host(1500)
    keys = [f"{n:05}" for n in w.draw.sample(range(1000, 9000), 80)]
    pool = w.vocabulary(80)
    told = dict(zip(keys, pool, strict=True))
    values = w.draw.choices(keys, k=host.rows)
    facts = [told[v] if w.draw.random() < 0.8 else w.draw.choice(pool) for v in values]
    one = w.add(host, "zip", "text NOT NULL", values)
    return planted(host, w.add(host, "city", "text NOT NULL", facts), one)


def _twice(w: World, host: Table, concept: str, values: Values, *, differ: int) -> Planted:
    copy = list(values)
    for row in w.draw.sample(range(host.rows), differ):
        copy[row] = values[row - 1] if values[row - 1] != values[row] else values[row - 2]
    wrong = sum(a != b for a, b in zip(values, copy, strict=True))
    kind = "text NOT NULL" if isinstance(values[0], str) else "integer NOT NULL"
    one = w.add(host, concept, kind, values)
    return planted(host, w.add(host, concept, kind, copy), one, counts=[wrong])


@defect("D11", "drifted-copy", "repeated-fact", "derived-column")
def same_number_twice(w: World) -> Planted:
    table = w.table(w.some_rows(1500))
    table.plants += 1
    return _twice(w, table, "limit", [round(w.draw.gauss(0, 900)) for _ in range(table.rows)], differ=0)


@defect("D11", "drifted-copy", "repeated-fact", "derived-column")
def same_text_nearly_always(w: World) -> Planted:
    table = w.table(w.some_rows(4000))
    table.plants += 1
    values: Values = w.draw.choices(w.vocabulary(300), k=table.rows)
    return _twice(w, table, "label", values, differ=round(table.rows * 0.0008))


@defect("D11", "unchecked-enumeration", "derived-column")
def one_value(w: World) -> Planted:
    host = w.host(1500)
    return planted(host, w.add(host, "channel", "text NOT NULL", ["web"] * host.rows), counts=[0, host.rows])


@defect("D11", "unchecked-enumeration", "derived-column")
def one_value_nearly_always(w: World) -> Planted:
    host = w.host(4000)
    values = ["M-1"] * host.rows
    rows = w.pick(host.rows, 0.0006)
    for row in rows:
        values[row] = "X-9"
    name = w.add(host, ("kind", "code"), "text NOT NULL", values)
    return planted(host, name, counts=[len(rows), host.rows - len(rows)])


@decoy("D11")
def created_and_updated(w: World) -> Planted:
    """Hardly a row was changed after it was made."""
    host = w.host(1500)
    made = [w.moment() for _ in range(host.rows)]
    changed = [m + timedelta(days=2) if w.draw.random() < 0.0006 else m for m in made]
    one = w.add(host, "created", "timestamptz NOT NULL DEFAULT now()", made)
    return planted(host, w.add(host, "updated", "timestamptz NOT NULL DEFAULT now()", changed), one)


@decoy("D11")
def addresses_mostly_the_same(w: World) -> Planted:
    host = w.host(1500)
    pool = [f"{w.word()} {n}" for n in range(500)]
    billed = w.draw.choices(pool, k=host.rows)
    shipped = [w.draw.choice(pool) if w.draw.random() < 0.06 else address for address in billed]
    one = w.add(host, ("address", "reference"), "text NOT NULL", billed)
    return planted(host, w.add(host, "address", "text NOT NULL", shipped), one)


@decoy("D11")
def one_value_so_far(w: World) -> Planted:
    host = w.host(8, most=20)
    return planted(host, w.add(host, "currency", "text NOT NULL", ["CHF"] * host.rows))


@decoy("D11")
def flags_that_are_seldom_set(w: World) -> Planted:
    host = w.host(1500)
    flags = [[w.draw.random() < 0.02 for _ in range(host.rows)] for _ in range(2)]
    one = w.add(host, "published", "boolean NOT NULL", flags[0])
    return planted(host, w.add(host, "active", "boolean NOT NULL", flags[1]), one)
