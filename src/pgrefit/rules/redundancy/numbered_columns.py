"""Columns that are numbered instead of rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from itertools import count, pairwise, takewhile

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, statistics_of
from pgrefit.rules._columns import own_columns
from pgrefit.rules._names import words

FEWEST = 3
FEWEST_MONTHS = 6
FINER = 1.5  # times as many different values, of a level below another
EARLIEST, LATEST = 1950, 2100  # years
# In the languages in which most schemas are written, in full and cut off.
MONTH_NAMES: tuple[str, ...] = (
    "january jan janvier janv januar enero ene janeiro gennaio gen januari styczen sty ocak leden tammikuu",
    "february feb fevrier fevr februar febrero fevereiro fev febbraio februari luty lut subat unor helmikuu",
    "march mar mars marz maerz marzo marco maart mrt marzec mart maret brezen maaliskuu",
    "april apr avril avr abril abr aprile kwiecien kwi nisan duben huhtikuu",
    "may mai mayo maio maggio mag mei maj mayis kveten toukokuu",
    "june jun juin juni junio junho giugno giu czerwiec cze haziran cerven kesakuu",
    "july jul juillet juil juli julio julho luglio lug lipiec lip temmuz cervenec heinakuu",
    "august aug aout agosto ago augustus sierpien sie agustus agustos srpen elokuu",
    "september sep sept septembre septiembre setembro set settembre wrzesien wrz eylul zari syyskuu",
    "october oct octobre oktober okt octubre outubro out ottobre ott pazdziernik paz ekim rijen lokakuu",
    "november nov novembre noviembre novembro listopad lis kasim nopember marraskuu",
    "december dec decembre dezember dez diciembre dic dezembro dicembre grudzien gru aralik prosinec joulukuu",
)  # fmt: skip
ORDINALS: tuple[str, ...] = (
    "first erste erster erstes premier premiere primero primera primeiro primeira primo prima pierwszy eerste birinci",
    "second zweite zweiter zweites deuxieme segundo segunda secondo seconda drugi druga tweede ikinci",
    "third dritte dritter drittes troisieme tercero tercera terceiro terceira terzo terza trzeci derde ucuncu",
    "fourth vierte vierter viertes quatrieme cuarto cuarta quarto quarta czwarty czwarta vierde dorduncu",
)
ORDINAL_NUMBERS = {word: number for number, words_ in enumerate(ORDINALS, start=1) for word in words_.split()}
MONTH_NUMBERS = {word: number for number, month in enumerate(MONTH_NAMES, start=1) for word in month.split()}
LETTERS = "abcdefghij"
SHORT_YEARS = range(10, 50)  # the last two digits
# What comes in a fixed number: lines of an address or a label, quarters, levels, dimensions, coordinates.
FIXED = {
    "addr", "address", "addressline", "adress", "axis", "coord", "dim", "dimension", "fase", "faza", "h", "l", "level",
    "line", "lvl", "p", "phase",
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
        series = [one for one in _series(columns) if not _are_levels(observation, table, one)]
        if series:
            yield Finding(
                object=str(table.name),
                message=f"numbers columns: {', '.join(f'{one[0]} to {one[-1]}' for one in series)}",
                severity=Severity.INFO,
                evidence=tuple(catalog(f"columns like {one[0]}", one) for one in series),
                advice="make a table of its own of them, with a row for each, unless there can never be one more",
            )


def _are_levels(observation: Observation, table: Table, names: tuple[str, ...]) -> bool:
    """Whether each tells more than the one before it, in every row: the levels of an order, not a list."""
    statistics = statistics_of(observation, table)
    seen = [statistics.column(name) for name in names]
    if not all(each and not each.null_fraction for each in seen):
        return False
    numbers = [each.distinct if each.distinct >= 0 else -each.distinct * statistics.rows for each in seen if each]
    return all(finer >= FINER * coarser > 0 for coarser, finer in pairwise(numbers))


def _series(columns: tuple[Column, ...]) -> Iterator[tuple[str, ...]]:
    """Names that count on, in order."""
    found: defaultdict[tuple[tuple[str, ...], str], dict[int, str]] = defaultdict(dict)
    for column in columns:
        read = None if column.generated else _numbered(column.name)
        if read:
            found[read[0], column.type][read[1]] = column.name
    runs = [run for run in map(_counted_on, found.values()) if len(run) >= FEWEST]
    yield from (period for period in _periods(columns) if not any({*period} <= {*run} for run in runs))
    yield from runs
    yield from _lettered(columns)


def _lettered(columns: Iterable[Column]) -> Iterator[tuple[str, ...]]:
    """Names that end in a, b, c, where several count so: of what is said thrice, each time in two columns or more."""
    found: defaultdict[tuple[tuple[str, ...], str], dict[str, str]] = defaultdict(dict)
    for column in columns:
        said = words(column.name)
        if len(said) > 1 and len(said[-1]) == 1 and said[-1] in LETTERS and not column.generated:
            found[said[:-1], column.type][said[-1]] = column.name
    runs = [run for run in found.values() if len(run) >= FEWEST and sorted(run) == [*LETTERS[: len(run)]]]
    for run in runs:
        if sum(other.keys() == run.keys() for other in runs) > 1:
            yield tuple(run[letter] for letter in sorted(run))


def _counted_on(numbers: Mapping[int, str]) -> tuple[str, ...]:
    """From 0 or 1 on, as far as none is left out."""
    first = 0 if 0 in numbers else 1
    return tuple(numbers[n] for n in takewhile(numbers.__contains__, count(first)))


def _periods(columns: Iterable[Column]) -> Iterator[tuple[str, ...]]:
    """Names that differ in a year or a month alone: years that follow each other, half of the months."""
    found: defaultdict[tuple[tuple[str, ...], str, str], dict[int, str]] = defaultdict(dict)
    for column in columns:
        for rest, period, kind in () if column.generated else _of_period(column.name):
            found[rest, column.type, kind][period] = column.name
    for (_, _, kind), names in found.items():
        run = sorted(names)
        follow = kind != "month" and run[-1] - run[0] == len(run) - 1 and (kind != "ordinal" or run[0] == 1)
        if len(run) >= (FEWEST if follow else FEWEST_MONTHS) and (follow or kind == "month"):
            yield tuple(names[period] for period in run)


def _of_period(name: str) -> Iterator[tuple[tuple[str, ...], int, str]]:
    """The words without the year or month, this as a number, and how it is written; 2021 may be two years, or one."""
    said = words(name)
    for place, word in enumerate(said):
        rest, after = (*said[:place], "#", *said[place + 1 :]), said[place + 1 : place + 2]
        if word in MONTH_NUMBERS:
            yield rest, MONTH_NUMBERS[word], "month"
        if word in ORDINAL_NUMBERS and len(said) > 1:
            yield rest, ORDINAL_NUMBERS[word], "ordinal"
        if len(said) == 1 or not word.isdecimal():
            continue
        if len(word) == 4 and EARLIEST <= int(word) <= LATEST:
            yield rest, int(word), "year"
            if after and _are_two_years(word[2:], after[0]):  # 2022_23
                yield (*said[:place], "#", *said[place + 2 :]), int(word), "year and next"
        if _are_two_years(word[:2], word[2:]):  # fy2122
            yield rest, int(word[:2]), "two years"
        if after and len(said) > 2 and _are_two_years(word, after[0]):  # season_21_22
            yield (*said[:place], "#", *said[place + 2 :]), int(word), "two years apart"
        if int(word) in SHORT_YEARS and len(word) == 2 and not set(said) & FIXED:
            yield rest, int(word), "short year"


def _are_two_years(one: str, next_one: str) -> bool:
    """Whether they are the last digits of two years that follow each other."""
    both = len(one) == len(next_one) == 2 and (one + next_one).isdecimal()
    return both and (int(one) + 1) % 100 == int(next_one)


def _numbered(name: str) -> tuple[tuple[str, ...], int] | None:
    """The name's words with its only number taken out, and the number; None where it has none, or means a fixed one."""
    said = words(name)
    digits = [word for word in said if word.isdecimal()]
    if len(digits) != 1 or len(said) < 2 or set(said) & FIXED:
        return None
    return tuple("#" if word.isdecimal() else word for word in said), int(digits[0])
