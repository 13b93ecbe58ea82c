"""Columns that are made up: what they are called, what they hold, and what the audit must say of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

Words = tuple[str, ...]
Value = object
WORDS = (
    "alpha", "bravo", "cedar", "dune", "ember", "fjord", "grove", "haven", "iris", "jade", "karst", "lotus", "maple",
    "north", "opal", "pine", "quartz", "ridge",
)  # fmt: skip
ENUMS = [
    ("status", ["open", "paid", "shipped", "cancelled"]), ("order state", ["NEW", "IN_PROGRESS", "DONE"]),
    ("user role", ["admin", "editor", "viewer"]), ("payment method", ["card", "cash", "transfer"]),
    ("severity", ["Low", "Medium", "High"]), ("sts", ["queued", "running", "failed", "finished"]),
    ("ticket type", ["bug", "feature", "question"]), ("account tier", ["free", "pro", "enterprise"]),
]  # fmt: skip


@dataclass(frozen=True)
class Col:
    """A column: the words of its name, its type with constraints, its values, the rules that must speak of it."""

    words: Words
    type: str
    values: list[Value]
    rules: frozenset[str] = frozenset()


Maker = Callable[[random.Random, int], list[Col]]


def one(words: str, type_: str, values: list[Value], *rules: str) -> list[Col]:
    return [Col(tuple(words.split()), type_, values, frozenset(rules))]


def some(
    rng: random.Random, values: list[Value], replacement: Callable[[Value], Value], share: float = 0.02
) -> list[Value]:
    """With a few values replaced, at least three."""
    changed = list(values)
    for place in rng.sample(range(len(values)), max(3, int(share * len(values)))):
        changed[place] = replacement(changed[place])
    return changed


def phrase(rng: random.Random, words: int = 3) -> str:
    return " ".join(rng.choice(WORDS) for _ in range(words)) + f" {rng.randrange(10_000)}"


def day(rng: random.Random, first: int = 2015, last: int = 2024) -> date:
    return date(first, 1, 1) + timedelta(days=rng.randrange((last - first) * 365))


def emails(rng: random.Random, n: int) -> list[Value]:
    return [f"{rng.choice(WORDS)}.{k}@example.org" for k in rng.sample(range(10 * n), n)]
