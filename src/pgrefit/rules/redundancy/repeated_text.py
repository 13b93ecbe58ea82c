"""The same few long texts in all rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import ColumnStatistics, TableStatistics
from pgrefit.rules._ask import catalog, is_text, key_columns, named, statistic, statistics_of
from pgrefit.rules._columns import seen_values, stored_tables
from pgrefit.rules._names import shared_words
from pgrefit.rules.data._exact import is_checked
from pgrefit.rules.data._meanings import FREE_TEXT, means

FEWEST_ROWS = 500
MOST_DIFFERENT = 1000
ROWS_OF_EACH = 20  # text
LONG = 24  # mean bytes
LEAST_BYTES = 16_384
MOSTLY = 0.6  # of the texts, that have several words: no keys and addresses
HEADER = 4  # bytes of a number that takes its place
OF_A_KIND = {"description", "message", "details", "summary", "clause", "body", "content"}  # free, or of a list
FEW, MANY_OF_EACH, LONGER = 50, 100, 32  # different ones, rows of each, mean bytes: then nobody wrote them by hand
SHORTER, ABOUT = 0.5, 0.2  # of the bytes, a code of it that stands beside it; of the different ones


@rule(
    code="RED020",
    title="Texts repeated in all rows",
    why=(
        "A few long texts are stored in each row anew: they take the room of many rows, and to change the wording of"
        " one is to change thousands of rows, of which some are forgotten."
    ),
    example="""
        CREATE TABLE treatment (id int PRIMARY KEY, instruction text NOT NULL, minutes int NOT NULL);
        INSERT INTO treatment SELECT n, (ARRAY['one tablet every eight hours with a meal', 'two puffs when needed',
            'one sachet before breakfast, in a glass of water'])[1 + n % 3], n % 50 FROM generate_series(1, 900) AS n;
        ANALYZE treatment;
    """,
    clean="""
        CREATE TABLE treatment (id int PRIMARY KEY, kind text NOT NULL, note text, label text NOT NULL,
            CHECK (label IN ('kept to a list by the check of the table', 'another one of the same list')));
        INSERT INTO treatment SELECT n, (ARRAY['tablet', 'puffs'])[1 + n % 2], 'a note of its own, of row ' || n,
            (ARRAY['kept to a list by the check of the table', 'another one of the same list'])[1 + n % 2]
        FROM generate_series(1, 900) AS n;
        ANALYZE treatment;
    """,
)
def repeated_text(observation: Observation) -> Iterator[Finding]:
    """Columns of long texts of which few are different, by what ANALYZE kept."""
    for table in stored_tables(observation):
        statistics = statistics_of(observation, table)
        for column in table.columns if statistics.rows >= FEWEST_ROWS else ():
            seen = statistics.column(column.name) if is_text(column) else None
            listed = seen and _repeats(statistics, seen) and _is_listed(table, column, statistics, seen)
            if seen and listed and not _has_code(statistics, seen):
                yield _finding(table, column, statistics, seen)


def _different(statistics: TableStatistics, seen: ColumnStatistics) -> float:
    return seen.distinct if seen.distinct >= 0 else -seen.distinct * statistics.rows


def _bytes(statistics: TableStatistics, seen: ColumnStatistics) -> int:
    """What is stored beyond one copy of each, and a number in its place."""
    filled = statistics.rows * (1 - seen.null_fraction)
    return round((filled - _different(statistics, seen)) * (seen.average_width - HEADER))


def _repeats(statistics: TableStatistics, seen: ColumnStatistics) -> bool:
    different = _different(statistics, seen)
    worded = sum(" " in value.strip() for value in seen_values(seen)) >= MOSTLY * len(seen_values(seen))
    few = worded and 2 <= different <= min(MOST_DIFFERENT, statistics.rows * (1 - seen.null_fraction) / ROWS_OF_EACH)
    return few and seen.average_width >= LONG and _bytes(statistics, seen) >= LEAST_BYTES


def _is_listed(table: Table, column: Column, statistics: TableStatistics, seen: ColumnStatistics) -> bool:
    """Under no key, no check, not computed, and nothing that people write as they like, or plainly not written so."""
    if column.generated or column.name in key_columns(table) or is_checked(table, column.name):
        return False
    if not means(column, FREE_TEXT - {"text", "template"}):
        return True
    different, filled = _different(statistics, seen), statistics.rows * (1 - seen.null_fraction)
    few = different <= FEW and filled >= MANY_OF_EACH * different and seen.average_width >= LONGER
    return few and not means(column, FREE_TEXT - {"text", "template", *OF_A_KIND})


def _has_code(statistics: TableStatistics, seen: ColumnStatistics) -> bool:
    """Whether a shorter column that is named alike has about as many values: another rule tells of both."""
    different = _different(statistics, seen)
    return any(
        other.column != seen.column and other.average_width <= SHORTER * seen.average_width
        and abs(_different(statistics, other) - different) <= ABOUT * different
        and shared_words(other.column, seen.column) > 0
        for other in statistics.columns
    )  # fmt: skip


def _finding(table: Table, column: Column, statistics: TableStatistics, seen: ColumnStatistics) -> Finding:
    different = round(_different(statistics, seen))
    return Finding(
        object=named(table, column.name),
        message=f"repeats the same {different:,} long texts in {statistics.rows:,} rows",
        severity=Severity.INFO,
        evidence=(
            catalog("type", column.type), statistic("rows", statistics.rows),
            statistic("different", different), statistic("mean bytes", seen.average_width),
        ),
        advice="make a table of the texts and refer to it; or a type of its own, where the list hardly changes",
        cost=Cost(bytes=_bytes(statistics, seen)),
    )  # fmt: skip
