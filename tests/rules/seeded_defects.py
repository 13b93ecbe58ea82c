"""Columns with a defect in their data, each with the rule that must find it."""

from __future__ import annotations

import json
import random
import uuid
from datetime import UTC, date, datetime, timedelta

from rules.made_up import ENUMS, Col, Maker, Value, day, emails, one, phrase, some

DEFECTS: list[Maker] = []


def defect(maker: Maker) -> Maker:
    DEFECTS.append(maker)
    return maker


TYPED = "typed-values-in-text"


@defect
def text_uuid(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(n)]
    return one(rng.choice(["trace uuid", "device guid", "session"]), "text NOT NULL", values, TYPED)


@defect
def text_whole(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [str(rng.randrange(1, 5000)) for _ in range(n)]
    if rng.random() < 0.5:
        values = some(rng, values, lambda _: rng.choice(["n/a", "12a", "about 5"]))
    return one(rng.choice(["visitors", "points", "clicks", "likes"]), "text NOT NULL", values, TYPED)


@defect
def text_decimal(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [f"{rng.randrange(1, 900)}.{rng.randrange(100):02}" for _ in range(n)]
    return one(rng.choice(["turnover", "score", "fee"]), "varchar(20) NOT NULL", values, TYPED)


@defect
def text_day(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [day(rng).isoformat() for _ in range(n)]
    if rng.random() < 0.5:
        values = some(rng, values, lambda _: rng.choice(["2024-02-30", "unknown", "31.12.2020"]))
    return one(rng.choice(["signed on", "birth date", "hired"]), "text NOT NULL", values, TYPED)


@defect
def text_moment(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [
        f"{day(rng).isoformat()}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"
        for _ in range(n)
    ]
    return one(rng.choice(["seen at", "synced at", "crawled"]), "text NOT NULL", values, TYPED)


@defect
def text_boolean(rng: random.Random, n: int) -> list[Col]:
    pair = rng.choice([("yes", "no"), ("Y", "N"), ("true", "false"), ("t", "f")])
    return one(
        rng.choice(["newsletter", "is member", "smoker"]), "text NOT NULL", [rng.choice(pair) for _ in range(n)], TYPED
    )


@defect
def text_json(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [json.dumps({"a": rng.randrange(9), "b": [phrase(rng)]}) for _ in range(n)]
    return one(rng.choice(["settings", "extra", "options"]), "text NOT NULL", values, TYPED)


@defect
def number_flag(rng: random.Random, n: int) -> list[Col]:
    name = rng.choice(["is active", "has children", "verified", "enabled", "deleted flag"])
    return one(
        name,
        rng.choice(["smallint NOT NULL", "integer NOT NULL"]),
        [int(rng.random() < 0.4) for _ in range(n)],
        "flag-as-number",
    )


@defect
def enumeration(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(ENUMS)
    return one(name, "text NOT NULL", [rng.choice(values) for _ in range(n)], "unchecked-enumeration")


@defect
def drift(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(ENUMS)
    drawn: list[Value] = [rng.choice(values) for _ in range(n)]

    def slip(value: Value) -> Value:
        spelt = [str(value) + " ", " " + str(value), str(value).swapcase(), str(value).title() + " "]
        return rng.choice([s for s in spelt if s != value])

    return one(name, "varchar(30) NOT NULL", some(rng, drawn, slip), "spelling-drift")


SENTINEL = "sentinel-value"


@defect
def number_sentinel(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(1, 250) for _ in range(n)]
    return one(
        rng.choice(["stamina", "age at entry", "distance km"]),
        "integer NOT NULL",
        some(rng, values, lambda _: -1, 0.05),
        SENTINEL,
    )


@defect
def large_sentinel(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(1, 250) for _ in range(n)]
    return one(
        rng.choice(["rank points", "humidity", "reading"]),
        "numeric NOT NULL",
        some(rng, values, lambda _: 9999, 0.03),
        SENTINEL,
    )


@defect
def day_sentinel(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [day(rng) for _ in range(n)]
    sentinel = rng.choice([date(1900, 1, 1), date(9999, 12, 31), date(1970, 1, 1)])
    return one(
        rng.choice(["last visit", "signed", "checked on"]),
        rng.choice(["date NOT NULL", "timestamptz NOT NULL"]),
        some(rng, values, lambda _: sentinel, 0.04),
        SENTINEL,
    )


@defect
def text_sentinel(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [phrase(rng) for _ in range(n)]
    sentinel = rng.choice(["N/A", "", "-", "null", "unknown"])
    return one(
        rng.choice(["street", "company", "nickname"]), "text", some(rng, values, lambda _: sentinel, 0.05), SENTINEL
    )


@defect
def padded(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [phrase(rng) for _ in range(n)]
    pad = rng.choice([lambda v: f"{v} ", lambda v: f"  {v}", lambda v: f"{v}\t", lambda v: f"{v}\u00a0"])
    return one(
        rng.choice(["title", "display name", "street"]), "text NOT NULL", some(rng, values, pad, 0.01), "padded-text"
    )


ALIKE = "key-alike-but-for-case"


@defect
def alike_email(rng: random.Random, n: int) -> list[Col]:
    values = emails(rng, n)
    for k in range(4):
        values[-1 - k] = rng.choice([str(values[k]).title(), str(values[k]) + " ", str(values[k]).upper()])
    return one(
        rng.choice(["email", "user email", "login"]),
        rng.choice(["text NOT NULL UNIQUE", "varchar(80) NOT NULL"]),
        values,
        ALIKE,
    )


@defect
def unique_undeclared(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(
        [
            ("sku", [f"SK-{k}" for k in rng.sample(range(10 * n), n)]),
            ("slug", [f"a-{k}" for k in rng.sample(range(10 * n), n)]),
            ("invoice number", [str(2024) + f"-{k}" for k in range(n)]),
            ("email", emails(rng, n)),
            ("username", [f"user{k}" for k in rng.sample(range(10 * n), n)]),
        ]
    )
    return one(name, "text NOT NULL", list(values), "undeclared-unique-key")


@defect
def duplicates(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(
        [
            ("sku", [f"SK-{k}" for k in rng.sample(range(10 * n), n)]),
            ("email", emails(rng, n)),
            ("barcode", [f"B{k:07}" for k in rng.sample(range(10 * n), n)]),
        ]
    )
    drawn: list[Value] = list(values)
    drawn[-3:] = drawn[:3]
    return one(name, "text NOT NULL", drawn, "duplicate-natural-key")


NEVER = "nullable-never-null"


@defect
def never_null(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("is visible", "boolean", [rng.random() < 0.5 for _ in range(n)], NEVER),
            one(
                "created at",
                "timestamptz",
                [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(9999)) for _ in range(n)],
                NEVER,
            ),
            one("credits", "integer DEFAULT 0", [rng.randrange(90) for _ in range(n)], NEVER),
            one("grade state", "text CHECK ({c} IN ('a', 'b', 'c'))", [rng.choice("abc") for _ in range(n)], NEVER),
        ]
    )


@defect
def constant(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("import origin", "text NOT NULL", ["migration"] * n, "constant-column"),
            one("legacy marker", "integer NOT NULL", [7] * n, "constant-column"),
            one("ledger", "varchar(9) NOT NULL", ["main"] * n, "constant-column"),
        ]
    )


@defect
def twice(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(500) for _ in range(n)]
    if rng.random() < 0.5:
        return one("km driven", "integer NOT NULL", values) + one(
            "km copy", "integer NOT NULL", values, "duplicate-column"
        )
    texts: list[Value] = [phrase(rng) for _ in range(n)]
    return one("caption", "text NOT NULL", texts) + one("heading", "varchar(90) NOT NULL", texts, "duplicate-column")


RANGE, HOLDS = "value-out-of-range", "unchecked-range"


@defect
def percent(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(101) for _ in range(n)]
    bad = some(rng, values, lambda _: rng.choice([150, 250, -20, 1000]), 0.01)
    return one(rng.choice(["discount percent", "completion pct", "percentage"]), "integer NOT NULL", bad, RANGE)


@defect
def negative(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(1, 90) for _ in range(n)]
    return one(
        rng.choice(["quantity", "unit price", "stock"]),
        "numeric NOT NULL",
        some(rng, values, lambda v: -int(str(v)) - rng.randrange(2, 9), 0.01),
        RANGE,
    )


@defect
def backwards(rng: random.Random, n: int) -> list[Col]:
    starts = [day(rng) for _ in range(n)]
    ends: list[Value] = [start + timedelta(days=rng.randrange(90)) for start in starts]
    for k in rng.sample(range(n), 4):
        ends[k] = starts[k] - timedelta(days=rng.randrange(1, 60))
    first, last = rng.choice([("start date", "end date"), ("valid from", "valid to"), ("opened on", "closed on")])
    return one(first, "date NOT NULL", list(starts)) + one(last, "date NOT NULL", ends, RANGE)


@defect
def range_that_holds(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("progress percent", "integer NOT NULL", [rng.randrange(101) for _ in range(n)], HOLDS),
            one("quantity", "integer NOT NULL", [rng.randrange(1, 40) for _ in range(n)], HOLDS),
        ]
    )


FACT = "repeated-fact"


@defect
def fact(rng: random.Random, n: int) -> list[Col]:
    places = [(f"W{k}", phrase(rng, 2).title()) for k in range(rng.randrange(8, 30))]
    drawn = [rng.choice(places) for _ in range(n)]
    names: list[Value] = [name for _, name in drawn]
    if rng.random() < 0.5:
        names[5] = "Another Place"
    return one("depot code", "text NOT NULL", [code for code, _ in drawn]) + one(
        "depot label", "text NOT NULL", names, FACT
    )


JSON_KEY = "json-key-as-column"


@defect
def documents(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [
        json.dumps({"weight": rng.randrange(99), "maker": phrase(rng)} | ({"x": 1} if k % 3 else {})) for k in range(n)
    ]
    if rng.random() < 0.4:
        values = some(rng, values, lambda _: "{}", 0.005)
    return one(rng.choice(["attributes", "data", "payload"]), "jsonb NOT NULL", values, JSON_KEY)


@defect
def zones(rng: random.Random, n: int) -> list[Col]:
    start, shift = datetime(2024, 3, 1, 8), timedelta(hours=rng.choice([2, -5, 8]))  # noqa: DTZ001
    values: list[Value] = [
        start + k * timedelta(seconds=50) + (shift if rng.random() < 0.1 else timedelta()) for k in range(n)
    ]
    return one(rng.choice(["created at", "logged at"]), "timestamp NOT NULL", values, "mixed-time-zones")


@defect
def settled(rng: random.Random, n: int) -> list[Col]:
    states: list[Value] = [rng.random() < 0.7 for _ in range(n)]
    days: list[Value] = [day(rng) if state else None for state in states]
    for place in rng.sample(range(n), 3):
        days[place] = None if states[place] else day(rng)
    return one("is settled", "boolean NOT NULL", states) + one("settlement day", "date", days, "contradicting-state")
