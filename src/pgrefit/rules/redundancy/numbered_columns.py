"""Columns that are numbered instead of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count, takewhile

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column
from pgrefit.rules._ask import catalog
from pgrefit.rules._columns import own_columns
from pgrefit.rules._names import words

FEWEST = 3
# What comes in a fixed number: lines of an address or a label, quarters, levels, dimensions, coordinates.
FIXED = {
    "addr", "address", "addressline", "adress", "axis", "coord", "dim", "dimension", "h", "level", "line", "lvl", "p",
    "q", "quarter", "street", "tier", "v", "version", "x", "y", "z",
}  # fmt: skip


@rule(
    code="RED010",
    title="Numbered columns",
    why=(
        "One more needs a new column and new queries; to look for a value, or to count them, every query must name them"
        " all."
    ),
    example="""
        CREATE TABLE customer (id int PRIMARY KEY, name text, phone1 text, phone2 text, phone3 text, phone1_kind text,
                               phone2_kind text, phone3_kind text);
    """,
    clean="""
        CREATE TABLE customer (id int PRIMARY KEY, name text, address_line1 text, address_line2 text,
                               address_line3 text, q1 numeric, q2 numeric, q3 numeric, q4 numeric, sha1 text,
                               sha256 text, sha512 text, contact1 text, contact2 text, x1 int, y1 int, x2 int, y2 int,
                               last_3_days boolean, last_7_days boolean, last_14_days boolean);
    """,
)
def numbered_columns(observation: Observation) -> Iterator[Finding]:
    """Tables with three columns or more of one type whose names differ in a number that counts from 0 or 1."""
    for table, columns in own_columns(observation):
        series = list(_series(columns))
        if series:
            yield Finding(
                object=str(table.name),
                message=f"numbers columns: {', '.join(f'{one[0]} to {one[-1]}' for one in series)}",
                severity=Severity.INFO,
                evidence=tuple(catalog(f"columns like {one[0]}", one) for one in series),
                advice="make a table of its own of them, with a row for each, unless there can never be one more",
            )


def _series(columns: Iterable[Column]) -> Iterator[tuple[str, ...]]:
    """Names that count on, in order."""
    found: defaultdict[tuple[tuple[str, ...], str], dict[int, str]] = defaultdict(dict)
    for column in columns:
        read = None if column.generated else _numbered(column.name)
        if read:
            found[read[0], column.type][read[1]] = column.name
    for numbers in found.values():
        first = 0 if 0 in numbers else 1
        run = tuple(numbers[n] for n in takewhile(numbers.__contains__, count(first)))
        if len(run) >= FEWEST:
            yield run


def _numbered(name: str) -> tuple[tuple[str, ...], int] | None:
    """The name's words with its only number taken out, and the number; None where it has none, or means a fixed one."""
    said = words(name)
    digits = [word for word in said if word.isdecimal()]
    if len(digits) != 1 or len(said) < 2 or set(said) & FIXED:
        return None
    return tuple("#" if word.isdecimal() else word for word in said), int(digits[0])
