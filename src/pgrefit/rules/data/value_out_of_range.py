"""A few values that cannot be, among many that can."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, catalog, known, named, row_of, scan
from pgrefit.rules.data._exact import shown
from pgrefit.rules.data._ranges import MOSTLY, Promise, promises
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._sentinels import sentinel_suspects

FEWEST_ROWS = 50


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (suspect.question() for suspect in sentinel_suspects(observation))
    for promise in promises(observation):
        yield promise.question()
        row = promise.counts(observation)
        if row and _is_broken(row):
            yield promise.exceptions()


def _is_broken(row: Row) -> bool:
    return row.count("filled") >= FEWEST_ROWS and 0 < row.count("breaking") <= MOSTLY * row.count("filled")


def _placeholders(observation: Observation) -> set[str]:
    """Columns with values that stand for none: another rule tells of them."""
    found: set[str] = set()
    for suspect in sentinel_suspects(observation):
        row = row_of(observation, suspect.question())
        if row and suspect.found(row):
            found.add(named(suspect.table, suspect.column.name))
    return found


@rule(
    code="DAT013",
    title="Values out of their range",
    why=(
        "A percentage of 250, a negative quantity, an end before its beginning: nothing refused them, every report"
        " takes them as they are, and a check cannot be added as long as they are there."
    ),
    asks=_asks,
    example="""
        CREATE TABLE discount (id int PRIMARY KEY, percent numeric NOT NULL);
        INSERT INTO discount SELECT n, n % 101 FROM generate_series(1, 300) AS n;
        UPDATE discount SET percent = 250 WHERE id IN (5, 9);
        ANALYZE discount;
    """,
    clean="""
        CREATE TABLE growth (id int PRIMARY KEY, growth_percent numeric, balance numeric, temperature numeric,
                             quantity_change int, valid_from date, valid_to date, length_minutes int);
        INSERT INTO growth SELECT n, n % 101, n % 50, n % 30, n % 20, date '2024-01-01' + n, date '2024-01-02' + n, n
        FROM generate_series(1, 300) AS n;
        UPDATE growth SET growth_percent = 250, balance = -5, temperature = -3, quantity_change = -1, valid_to = NULL
        WHERE id IN (5, 9);
        ANALYZE growth;
    """,
)
def value_out_of_range(observation: Observation) -> Iterator[Finding]:
    """Percentages, quantities, coordinates, beginnings and ends that a few rows break and the others keep."""
    told = _placeholders(observation)
    for promise in promises(observation):
        row = promise.counts(observation)
        if row and _is_broken(row) and not (_is_one_value(promise, row) and _names(promise) & told):
            yield _finding(observation, promise, row)


def _names(promise: Promise) -> set[str]:
    return {named(promise.table, column) for column in promise.columns}


def _is_one_value(promise: Promise, row: Row) -> bool:
    return row.count("different") == 1 or len(promise.columns) > 1


def _finding(observation: Observation, promise: Promise, row: Row) -> Finding:
    breaking = row.count("breaking")
    return Finding(
        object=named(promise.table, promise.columns[-1]),
        message=f"should be {promise.says}, and is not in some rows" if len(promise.columns) == 1
        else f"is below {promise.columns[0]} in some rows",
        severity=Severity.ERROR,
        evidence=known((
            catalog("expected", promise.says), scan("rows", row.count("filled")), scan("rows that break it", breaking),
            shown(observation, promise.exceptions(), as_="for example"),
        )),
        advice=f"mend these rows, then refuse others: CHECK ({promise.bare})",
        cost=Cost(rows=breaking),
    )  # fmt: skip
