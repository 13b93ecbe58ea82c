"""A few values that cannot be, among many that can."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import Row, catalog, known, named, row_of, scan
from pgrefit.rules.data import _orders as orders
from pgrefit.rules.data._exact import shown
from pgrefit.rules.data._ranges import MOSTLY, Promise, promises
from pgrefit.rules.data._sample import samples
from pgrefit.rules.data._sentinels import sentinel_suspects

FEWEST_ROWS = 50
SELDOM = 0.01  # share of the values that may break what no name says
BESIDE = 8  # rows just inside for each outside


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from (suspect.question() for suspect in sentinel_suspects(observation))
    yield from orders.questions(observation)
    for promise in promises(observation):
        yield promise.question()
        row = promise.counts(observation)
        if row and _is_broken(promise, row):
            yield promise.exceptions()


def _is_broken(promise: Promise, row: Row) -> bool:
    filled, breaking = row.count("filled"), row.count("breaking")
    apart = row.count("close") == 0
    slips = promise.beside is None or apart or row.count("beside") >= BESIDE * breaking
    most = MOSTLY if promise.beside is None else SELDOM
    return filled >= FEWEST_ROWS and 0 < breaking <= most * filled and slips


def _placeholders(observation: Observation) -> dict[str, set[str]]:
    """Columns with values that stand for none, of which another rule tells: below the other values, above them."""
    found: dict[str, set[str]] = {}
    for suspect in sentinel_suspects(observation):
        row = row_of(observation, suspect.question())
        values = suspect.found(row) if row else {}
        if row and values:
            sides = {"below" if _is_below(value, row.text("lowest")) else "above" for value in values}
            found[named(suspect.table, suspect.column.name)] = sides
    return found


def _is_below(value: str, lowest: str) -> bool:
    """Numbers, or days, which begin with the year."""
    try:
        return float(value) < float(lowest)
    except ValueError:
        return value < lowest


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
    """Percentages, quantities, coordinates, beginnings and ends that a few rows break and the others keep.

    By names; and by values where nearly all end sharply at 0 or 100, or one column is hardly ever above another.
    """
    told = _placeholders(observation)
    broken: list[tuple[Promise, Row]] = []
    for promise in promises(observation):
        row = promise.counts(observation)
        if row and _is_broken(promise, row) and not _is_told(promise, row, told):
            broken.append((promise, row))
    yield from (_finding(observation, promise, row) for promise, row in _told_once(broken))


def _told_once(broken: list[tuple[Promise, Row]]) -> Iterator[tuple[Promise, Row]]:
    """Of what no name says about an end and several beginnings, the one that most rows break."""
    named_so = {_end(promise) for promise, _ in broken if promise.beside is None}
    most: dict[tuple[Relation, str], tuple[Promise, Row]] = {}
    for promise, row in broken:
        if len(promise.columns) == 1 or promise.beside is None:
            yield promise, row
        elif row.count("breaking") > (most[_end(promise)][1].count("breaking") if _end(promise) in most else 0):
            most[_end(promise)] = promise, row
    yield from (found for end, found in most.items() if end not in named_so)


def _end(promise: Promise) -> tuple[Relation, str]:
    return promise.table.name, promise.columns[-1]


def _is_told(promise: Promise, row: Row, told: dict[str, set[str]]) -> bool:
    """Whether what breaks it may be a value that stands for none: an end in 1900, a beginning in 9999."""
    first, last = (
        told.get(named(promise.table, column), set()) for column in (promise.columns[0], promise.columns[-1])
    )
    if len(promise.columns) == 1:
        return row.count("different") == 1 and bool(first)
    return "above" in first or "below" in last


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
