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
FEWEST_MONTHS = 6
EARLIEST, LATEST = 1950, 2100  # years
# In the languages in which most schemas are written, in full and cut off.
MONTH_NAMES: tuple[str, ...] = (
    "january jan janvier janv januar enero ene janeiro gennaio gen januari styczen sty",
    "february feb fevrier fevr februar febrero fevereiro fev febbraio februari luty lut",
    "march mar mars marz maerz marzo marco maart mrt marzec",
    "april apr avril avr abril abr aprile kwiecien kwi",
    "may mai mayo maio maggio mag mei maj",
    "june jun juin juni junio junho giugno giu czerwiec cze",
    "july jul juillet juil juli julio julho luglio lug lipiec lip",
    "august aug aout agosto ago augustus sierpien sie",
    "september sep sept septembre septiembre setembro set settembre wrzesien wrz",
    "october oct octobre oktober okt octubre outubro out ottobre ott pazdziernik paz",
    "november nov novembre noviembre novembro listopad lis",
    "december dec decembre dezember dez diciembre dic dezembro dicembre grudzien gru",
)  # fmt: skip
MONTH_NUMBERS = {word: number for number, month in enumerate(MONTH_NAMES, start=1) for word in month.split()}
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
    """Tables with three columns or more of one type whose names differ in a number, year or month."""
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


def _series(columns: tuple[Column, ...]) -> Iterator[tuple[str, ...]]:
    """Names that count on, in order."""
    found: defaultdict[tuple[tuple[str, ...], str], dict[int, str]] = defaultdict(dict)
    for column in columns:
        read = None if column.generated else _numbered(column.name)
        if read:
            found[read[0], column.type][read[1]] = column.name
    yield from _periods(columns)
    for numbers in found.values():
        first = 0 if 0 in numbers else 1
        run = tuple(numbers[n] for n in takewhile(numbers.__contains__, count(first)))
        if len(run) >= FEWEST:
            yield run


def _periods(columns: Iterable[Column]) -> Iterator[tuple[str, ...]]:
    """Names that differ in a year or a month alone: years that follow each other, half of the months."""
    found: defaultdict[tuple[tuple[str, ...], str, bool], dict[int, str]] = defaultdict(dict)
    for column in columns:
        read = None if column.generated else _of_period(column.name)
        if read:
            found[read[0], column.type, read[2]][read[1]] = column.name
    for (_, _, of_years), names in found.items():
        run = sorted(names)
        follow = of_years and run[-1] - run[0] == len(run) - 1
        if len(run) >= (FEWEST if follow else FEWEST_MONTHS) and (follow or not of_years):
            yield tuple(names[period] for period in run)


def _of_period(name: str) -> tuple[tuple[str, ...], int, bool] | None:
    """The words without the year or month, this as a number, and whether it is a year; None where there is none."""
    said = words(name)
    for place, word in enumerate(said):
        rest = (*said[:place], "#", *said[place + 1 :])
        if len(said) > 1 and word.isdecimal() and len(word) == 4 and EARLIEST <= int(word) <= LATEST:
            return rest, int(word), True
        if word in MONTH_NUMBERS:
            return rest, MONTH_NUMBERS[word], False
    return None


def _numbered(name: str) -> tuple[tuple[str, ...], int] | None:
    """The name's words with its only number taken out, and the number; None where it has none, or means a fixed one."""
    said = words(name)
    digits = [word for word in said if word.isdecimal()]
    if len(digits) != 1 or len(said) < 2 or set(said) & FIXED:
        return None
    return tuple("#" if word.isdecimal() else word for word in said), int(digits[0])
