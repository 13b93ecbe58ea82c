"""D10 columns that are never empty, D13 times of several zones, D14 sentinels, D15 ranges and orders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from benchmarks.audit.data_defects import words
from benchmarks.audit.data_defects.shelf import decoy, defect
from benchmarks.audit.data_defects.world import Concept, Planted, World, planted


@defect("D10")
def number_never_null(w: World) -> Planted:
    host = w.host(2000)
    values = [round(w.draw.gauss(5, 90)) for _ in range(host.rows)]
    return planted(host, w.add(host, "balance", "integer", values), counts=[host.rows])


@defect("D10")
def text_never_null(w: World) -> Planted:
    host = w.host(2000)
    values = w.draw.choices(w.vocabulary(120), k=host.rows)
    return planted(host, w.add(host, "last", "text", values), counts=[host.rows])


@defect("D10", "timestamp-without-time-zone")
def moment_never_null(w: World) -> Planted:
    host = w.host(2000)
    values = [w.moment() for _ in range(host.rows)]
    return planted(host, w.add(host, "created", "timestamptz", values), counts=[host.rows])


@decoy("D10")
def checked_not_null(w: World) -> Planted:
    host = w.host(2000)
    values = w.draw.choices(w.vocabulary(120), k=host.rows)
    return planted(host, w.add(host, ("last", "note"), "text CHECK ({c} IS NOT NULL)", values))


@decoy("D10")
def few_rows_yet(w: World) -> Planted:
    host = w.host(8, most=20)
    values = [w.draw.choice(("a", "b")) + w.sentence() for _ in range(host.rows)]
    return planted(host, w.add(host, "note", "text", values))


@decoy("D10")
def null_once(w: World) -> Planted:
    host = w.host(2000)
    values: list[Any] = w.draw.choices(w.vocabulary(120), k=host.rows)
    for row in w.pick(host.rows, 0.0005):
        values[row] = None
    return planted(host, w.add(host, ("surname", "label"), "text", values))


def _at_work(w: World, rows: int) -> datetime:
    """In working hours of one of the days in which so many rows are written, local time without a zone."""
    hour = min(18.9, max(7.0, w.draw.gauss(12.5, 2)))
    day = w.draw.randrange(2 + rows // 200)
    return datetime(2022, 3, 1, tzinfo=UTC) + timedelta(days=day, seconds=round(hour * 3600))


def _naive(moments: Sequence[datetime]) -> list[datetime]:
    return [moment.replace(tzinfo=None) for moment in moments]


ALSO_TIME = ("timestamp-without-time-zone", "dual-representation", "derived-column", "duplicate-column")


@defect("D13", *ALSO_TIME)
def pair_that_differs_by_hours(w: World) -> Planted:
    """A second service writes its local time."""
    host = w.host(600)
    moments = sorted(w.moment() for _ in range(host.rows))
    hours = w.draw.choice((2, 5, 8, -7))
    local = [m + timedelta(hours=hours if w.draw.random() < 0.25 else 0) for m in moments]
    right = w.add(host, "created", "timestamptz NOT NULL", moments)
    return planted(host, w.add(host, "time", "timestamp NOT NULL", _naive(local)), right)


@defect("D13", *ALSO_TIME)
def hours_of_two_services(w: World) -> Planted:
    """All work by day; one of them has its servers far away."""
    host = w.host(3000)
    hours = w.draw.choice((9, 10, 12))
    written = sorted(_at_work(w, host.rows) for _ in range(host.rows))
    moments = [m + timedelta(hours=hours if w.draw.random() < 0.35 else 0) for m in written]
    return planted(host, w.add(host, "time", "timestamp NOT NULL", _naive(moments)))


@defect("D13", *ALSO_TIME)
def rows_of_the_future(w: World) -> Planted:
    """When a row was made, on a server that is hours ahead."""
    host = w.host(600)
    now = datetime.now(UTC)
    moments = sorted(now - timedelta(minutes=w.draw.randrange(5 * host.rows)) for _ in range(host.rows))
    hours = w.draw.choice((3, 5, 8))
    for row in {*w.pick(host.rows, 0.02), *range(host.rows - 9, host.rows, 2)}:
        moments[row] += timedelta(hours=hours)
    return planted(host, w.add(host, "created", "timestamp NOT NULL", _naive(moments)))


@decoy("D13", "timestamp-without-time-zone")
def few_times(w: World) -> Planted:
    host = w.host(8, most=20)
    moments = [w.moment() for _ in range(host.rows)]
    return planted(host, w.add(host, "time", "timestamp NOT NULL", _naive(moments)))


@decoy("D13", "timestamp-without-time-zone")
def appointments(w: World) -> Planted:
    host = w.host(600)
    now = datetime.now(UTC)
    moments = [now + timedelta(days=w.draw.uniform(-300, 60)) for _ in range(host.rows)]
    return planted(host, w.add(host, ("start", "time"), "timestamp NOT NULL", _naive(moments)))


@decoy("D13", "timestamp-without-time-zone")
def working_hours(w: World) -> Planted:
    host = w.host(3000)
    moments = sorted(_at_work(w, host.rows) for _ in range(host.rows))
    return planted(host, w.add(host, "time", "timestamp NOT NULL", _naive(moments)))


def _with(
    w: World,
    concept: Concept,
    sql_type: str,
    *,
    usual: Callable[[], Any],
    other: object,
    empty: float = 0,
) -> Planted:
    """A few rows with another value than usual; `empty`: the share of those that are NULL, where NULL may be."""
    host = w.host(400)
    values = w.sparse([usual() for _ in range(host.rows)], empty)
    rows = w.pick(host.rows, w.draw.uniform(0.03, 0.12))
    for row in rows:
        values[row] = other
    kind = sql_type if empty else f"{sql_type} NOT NULL"
    return planted(host, w.add(host, concept, kind, values), counts=[len(rows)])


ALSO_NOTHING = ("unchecked-enumeration", "spelling-drift", "value-out-of-range", "unchecked-range", "padded-text")


@defect("D14", *ALSO_NOTHING)
def word_for_nothing(w: World) -> Planted:
    pool = w.vocabulary(90)
    return _with(w, "label", "text", usual=lambda: w.draw.choice(pool), other=w.draw.choice(words.NOTHING[w.language]))


@defect("D14", *ALSO_NOTHING)
def empty_text(w: World) -> Planted:
    pool = w.vocabulary(90)
    return _with(w, "label", "text", usual=lambda: w.draw.choice(pool), other="", empty=0.1)


@defect("D14", *ALSO_NOTHING)
def minus_one(w: World) -> Planted:
    return _with(w, ("weight", "net"), "integer", usual=lambda: w.draw.randint(40, 3000), other=-1)


@defect("D14", *ALSO_NOTHING)
def first_of_the_century(w: World) -> Planted:
    return _with(w, "start", "date", usual=lambda: w.moment().date(), other=date(1900, 1, 1))


@defect("D14", *ALSO_NOTHING)
def last_day_of_all(w: World) -> Planted:
    return _with(w, "end", "date", usual=lambda: w.moment().date(), other=date(9999, 12, 31))


@defect("D14", *ALSO_NOTHING)
def all_nines(w: World) -> Planted:
    return _with(w, ("height", "net"), "integer", usual=lambda: w.draw.randint(120, 2100), other=99_999)


@decoy("D14")
def minus_one_is_cold(w: World) -> Planted:
    host = w.host(400)
    values = [round(w.draw.gauss(6, 9)) for _ in range(host.rows)]
    return planted(host, w.add(host, "temperature", "integer NOT NULL", values))


@decoy("D14")
def births_long_ago(w: World) -> Planted:
    host = w.host(400)
    days = [date(1880, 1, 1) + timedelta(days=365 * w.draw.randint(0, 60)) for _ in range(host.rows)]
    for row in w.pick(host.rows, 0.01):
        days[row] = date(1900, 1, 1)
    return planted(host, w.add(host, "birthday", "date NOT NULL", days))


@decoy("D14")
def country_na(w: World) -> Planted:
    host = w.host(400)
    codes = [
        "AT",
        "BE",
        "BR",
        "CA",
        "CH",
        "CN",
        "CZ",
        "DE",
        "DK",
        "ES",
        "FI",
        "FR",
        "GB",
        "GR",
        "HU",
        "IE",
        "IN",
        "IT",
        "JP",
        "KR",
        "MX",
        "NA",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "TR",
        "US",
        "ZA",
    ]
    check = ", ".join(f"'{code}'" for code in codes)
    values = w.draw.choices(codes, k=host.rows)
    return planted(host, w.add(host, "country", f"text NOT NULL CHECK ({{c}} IN ({check}))", values))


@decoy("D14")
def zero_of_a_count(w: World) -> Planted:
    host = w.host(400)
    values = [max(0, round(w.draw.gauss(2, 3))) for _ in range(host.rows)]
    return planted(host, w.add(host, "views", "integer NOT NULL CHECK ({c} >= 0)", values))


@decoy("D14")
def people_called_null(w: World) -> Planted:
    host = w.host(400)
    pool = [*w.vocabulary(150), "Null", "None", "Na"]
    return planted(host, w.add(host, ("surname", "name"), "text NOT NULL", w.draw.choices(pool, k=host.rows)))


@decoy("D14")
def price_of_9999(w: World) -> Planted:
    host = w.host(400)
    prices = [p * 1000 - 1 for p in range(2, 40)]
    return planted(host, w.add(host, "price", "integer NOT NULL CHECK ({c} > 0)", w.draw.choices(prices, k=host.rows)))


ALSO_RANGE = ("unchecked-range", "value-out-of-range", "sentinel-value")


@defect("D15", *ALSO_RANGE)
def percent_unchecked(w: World) -> Planted:
    host = w.host(500)
    values = [round(w.draw.uniform(0, 100), 1) for _ in range(host.rows)]
    values[:2] = [0, 100]
    return planted(host, w.add(host, "percent", "numeric(5,1) NOT NULL", values))


@defect("D15", *ALSO_RANGE)
def percent_beyond(w: World) -> Planted:
    host = w.host(500)
    values = [w.draw.randint(0, 100) for _ in range(host.rows)]
    rows = w.pick(host.rows, 0.004)
    for row in rows:
        values[row] = w.draw.choice((101, 130, -5, 250))
    return planted(host, w.add(host, "percent", "integer NOT NULL", values), counts=[len(rows)])


@defect("D15", *ALSO_RANGE, "derived-column")
def end_before_start(w: World) -> Planted:
    host = w.host(500)
    starts = [w.moment().date() for _ in range(host.rows)]
    ends = [start + timedelta(days=w.draw.randint(0, 60)) for start in starts]
    rows = w.pick(host.rows, 0.005)
    for row in rows:
        ends[row] = starts[row] - timedelta(days=w.draw.randint(1, 20))
    first = w.add(host, "start", "date NOT NULL", starts)
    return planted(host, w.add(host, "end", "date NOT NULL", ends), first, counts=[len(rows)])


@defect("D15", *ALSO_RANGE)
def price_below_zero(w: World) -> Planted:
    host = w.host(500)
    values = [round(w.draw.lognormvariate(3, 1), 2) for _ in range(host.rows)]
    rows = w.pick(host.rows, 0.003)
    for row in rows:
        values[row] = -values[row]
    return planted(host, w.add(host, "price", "numeric(10,2) NOT NULL", values), counts=[len(rows)])


@decoy("D15")
def temperature_of_a_summer(w: World) -> Planted:
    host = w.host(500)
    values = [round(min(38.0, max(11.0, w.draw.gauss(24, 5))), 1) for _ in range(host.rows)]
    return planted(host, w.add(host, "temperature", "numeric(4,1) NOT NULL", values))


@decoy("D15")
def percent_of_change(w: World) -> Planted:
    host = w.host(500)
    values = [round(w.draw.gauss(3, 60), 1) for _ in range(host.rows)]
    return planted(host, w.add(host, "growth", "numeric(6,1) NOT NULL", values))


@decoy("D15")
def dates_of_two_matters(w: World) -> Planted:
    host = w.host(500)
    days = [[w.moment().date() for _ in range(host.rows)] for _ in range(2)]
    first = w.add(host, "date", "date NOT NULL", days[0])
    return planted(host, w.add(host, ("date", "reference"), "date NOT NULL", days[1]), first)


@decoy("D15")
def percent_with_check(w: World) -> Planted:
    host = w.host(500)
    values = [w.draw.randint(0, 100) for _ in range(host.rows)]
    kind = "integer NOT NULL CHECK ({c} BETWEEN 0 AND 100)"
    return planted(host, w.add(host, "percent", kind, values))
