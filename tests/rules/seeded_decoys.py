"""Columns that look like a defect and are none."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta

from rules.made_up import ENUMS, WORDS, Col, Maker, Value, day, emails, one, phrase, some

DECOYS: list[Maker] = []


def decoy(maker: Maker) -> Maker:
    DECOYS.append(maker)
    return maker


@decoy
def codes_of_digits(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(
        [
            ("zip", [f"{rng.randrange(500, 99_999):05}" for _ in range(n)]),
            ("mobile phone", [f"49{rng.randrange(10**8, 10**9)}" for _ in range(n)]),
            ("external id", [str(rng.randrange(10**6)) for _ in range(n)]),
            ("kundennummer alt", [f"{rng.randrange(10**6):07}" for _ in range(n)]),
            ("app version", [f"{rng.randrange(9)}.{rng.randrange(30)}" for _ in range(n)]),
        ]
    )
    return one(name, "text NOT NULL", list(values))


@decoy
def mixed_texts(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [str(rng.randrange(99)) if rng.random() < 0.6 else phrase(rng) for _ in range(n)]
    return one(rng.choice(["size label", "measure", "finding"]), "text NOT NULL", values)


@decoy
def templates(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.choice(["{{name}} ", "[draft] ", "{x} "]) + phrase(rng) for _ in range(n)]
    return one("greeting", "text NOT NULL", values)


@decoy
def small_numbers(rng: random.Random, n: int) -> list[Col]:
    name = rng.choice(["retries", "position", "floor", "attempt no", "siblings"])
    return one(name, "integer NOT NULL", [rng.randrange(2) for _ in range(n)])


@decoy
def checked_enumeration(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(ENUMS)
    listed = ", ".join(f"'{v}'" for v in values)
    return one(name, f"text NOT NULL CHECK ({{c}} IN ({listed}))", [rng.choice(values) for _ in range(n)])


@decoy
def open_list(rng: random.Random, n: int) -> list[Col]:
    name, values = rng.choice(
        [
            ("city", ["Berlin", "Paris", "Rome", "Oslo"]),
            ("country", ["NA", "DE", "FR", "IT", "ES"]),
            ("department", ["Sales", "Legal", "Research"]),
            ("author", ["anna", "bert", "carla"]),
            ("currency", ["EUR", "USD", "CHF"]),
            ("remark", ["ok", "Ok", "fine", "late"]),
            ("unit", ["m", "M", "mg", "Mg"]),
            ("brand", ["acme", "globex", "initech"]),
        ]
    )
    return one(name, "text NOT NULL", [rng.choice(values) for _ in range(n)])


@decoy
def honest_extremes(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("balance", "numeric NOT NULL", [rng.randrange(-200, 200) for _ in range(n)]),
            one("vote", "smallint NOT NULL", [rng.choice([-1, 0, 1]) for _ in range(n)]),
            one(
                "born", "date NOT NULL", some(rng, [day(rng, 1940, 1999) for _ in range(n)], lambda _: date(1970, 1, 1))
            ),
            one("middle name", "text NOT NULL DEFAULT ''", [rng.choice(["", phrase(rng)]) for _ in range(n)]),
            one(
                "seats total",
                "integer NOT NULL CHECK ({c} >= 0)",
                [rng.choice([999, 998, 1000, 40, 700, 600, 800]) for _ in range(n)],
            ),
            one(
                "severity",
                "text NOT NULL CHECK ({c} IN ('none', 'low', 'unknown'))",
                [rng.choice(["none", "low", "unknown"]) for _ in range(n)],
            ),
        ]
    )


@decoy
def padded_on_purpose(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("body", "text NOT NULL", [phrase(rng, 5) + "\n" for _ in range(n)]),
            one("cost centre", "char(20) NOT NULL", [phrase(rng, 1) for _ in range(n)]),
            one("separator", "text NOT NULL", [rng.choice([", ", " ", "; "]) for _ in range(n)]),
        ]
    )


@decoy
def case_tells(rng: random.Random, n: int) -> list[Col]:
    drawn = ["".join(rng.choice("aAbBcCdD") for _ in range(9)) + str(k) for k in range(n)]
    drawn[-1] = drawn[0].swapcase()
    return one(rng.choice(["invite code", "session token"]), "text NOT NULL UNIQUE", list(drawn))


@decoy
def repeated_email(rng: random.Random, n: int) -> list[Col]:
    people = emails(rng, n // 5)
    return one(
        "recipient email",
        "text NOT NULL",
        [rng.choice([str(rng.choice(people)), str(rng.choice(people)).title()]) for _ in range(n)],
    )


@decoy
def no_keys(rng: random.Random, n: int) -> list[Col]:
    unique = rng.sample(range(100 * n), n)
    return rng.choice(
        [
            one("sku", "text NOT NULL UNIQUE", [f"SK-{k}" for k in unique]),
            one("billing email", "text NOT NULL", emails(rng, n)),
            one("thickness", "numeric NOT NULL", [k / 100 for k in unique]),
            one(
                "logged at",
                "timestamptz NOT NULL",
                [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=k) for k in sorted(unique)],
            ),
            one("password hash", "text NOT NULL", [f"{k:x}"[::-1] + "zz" for k in unique]),
            one("full name", "text NOT NULL", [phrase(rng, 2) + f" {k}" for k in unique]),
        ]
    )


@decoy
def may_be_null(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("is visible", "boolean", some(rng, [True, False] * (n // 2), lambda _: None)),
            one("approved by", "text", [rng.choice(["anna k", "bert l", "carla m", "dora n"]) for _ in range(n)]),
            one(
                "created at",
                "timestamptz CHECK ({c} IS NOT NULL)",
                [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(9999)) for _ in range(n)],
            ),
            one("middle name", "text", [phrase(rng, 1) for _ in range(n)]),
        ]
    )


@decoy
def constant_by_right(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("is deleted", "boolean NOT NULL", [False] * n),
            one("tenant ref", "integer NOT NULL", [1] * n),
            one("currency", "text NOT NULL DEFAULT 'EUR'", ["EUR"] * n),
            one("loaded at", "timestamptz NOT NULL", [datetime(2024, 1, 1, tzinfo=UTC)] * n),
            one("lane", "text NOT NULL", some(rng, ["Main"] * n, lambda _: rng.choice(["Side", "Back"]), 0.03)),
        ]
    )


@decoy
def nearly_twice(rng: random.Random, n: int) -> list[Col]:
    values: list[Value] = [rng.randrange(5, 500) for _ in range(n)]
    stamps: list[Value] = [datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=rng.randrange(9999)) for _ in range(n)]
    bits: list[Value] = [rng.random() < 0.5 for _ in range(n)]
    return rng.choice(
        [
            one("original fare", "numeric NOT NULL", values) + one("fare", "numeric NOT NULL", values),
            one("created at", "timestamptz NOT NULL", stamps)
            + one("updated at", "timestamptz NOT NULL CHECK ({c} IS NOT NULL)", stamps),
            one("wants mail", "boolean NOT NULL", bits) + one("wants call", "boolean NOT NULL", bits),
            one("home sector", "integer NOT NULL", values)
            + one("office sector", "integer NOT NULL", some(rng, values, lambda v: int(str(v)) + 1)),
        ]
    )


@decoy
def no_range(rng: random.Random, n: int) -> list[Col]:
    starts = [day(rng) for _ in range(n)]
    return rng.choice(
        [
            one("growth percent", "numeric NOT NULL", [rng.randrange(-40, 180) for _ in range(n)]),
            one("stock change", "integer NOT NULL", some(rng, [rng.randrange(1, 40) for _ in range(n)], lambda _: -7)),
            one("quantity", "integer NOT NULL CHECK ({c} > 0)", [rng.randrange(1, 40) for _ in range(n)]),
            one("price", "numeric NOT NULL", [rng.randrange(-30, 40) for _ in range(n)]),
            one("picked from", "date NOT NULL", list(starts))
            + one("noted on", "date NOT NULL", [day(rng) for _ in range(n)]),
        ]
    )


@decoy
def no_fact(rng: random.Random, n: int) -> list[Col]:
    first, second = rng.sample(WORDS, 9), rng.sample(WORDS, 7)
    return rng.choice(
        [
            one("depot label", "text NOT NULL", [rng.choice(first).title() for _ in range(n)])
            + one("shelf label", "text NOT NULL", [rng.choice(second).title() for _ in range(n)]),
            one("parcel label", "text NOT NULL", [f"Parcel {k}" for k in range(n)])
            + one("truck label", "text NOT NULL", [f"Truck {rng.randrange(12)}" for _ in range(n)]),
        ]
    )


@decoy
def loose_documents(rng: random.Random, n: int) -> list[Col]:
    return rng.choice(
        [
            one("attributes", "jsonb NOT NULL", [json.dumps({f"k{rng.randrange(6)}": k}) for k in range(n)]),
            one("raw response", "jsonb NOT NULL", [json.dumps({"ok": True, "n": k}) for k in range(n)]),
            one("attributes", "jsonb NOT NULL", [json.dumps({"v": rng.choice([1, "x", [1], None])}) for _ in range(n)]),
            one("points", "jsonb NOT NULL", [json.dumps([k, k + 1]) for k in range(n)]),
        ]
    )


@decoy
def one_zone(rng: random.Random, n: int) -> list[Col]:
    start = datetime(2024, 3, 1, 8)  # noqa: DTZ001
    return rng.choice(
        [
            one("created at", "timestamp NOT NULL", [start + k * timedelta(seconds=50) for k in range(n)]),
            one(
                "created at", "timestamp NOT NULL", [start + timedelta(minutes=rng.randrange(99_999)) for _ in range(n)]
            ),
            one("due at", "timestamp NOT NULL", [start + timedelta(hours=rng.randrange(999)) for _ in range(n)]),
        ]
    )
