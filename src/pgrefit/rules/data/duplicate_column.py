"""Two columns that say the same in every row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import combinations

from pgrefit.model.ddl import Expression, expression
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, is_numeric, is_text, known, named, row_of, scan, statistics_of
from pgrefit.rules._columns import seen_values
from pgrefit.rules._languages import meanings
from pgrefit.rules.data._answers import Pair, answers
from pgrefit.rules.data._exact import counted, examples, how_many, shown
from pgrefit.rules.data._sample import MOMENTS, Values, bare_type, sampled_tables, samples
from pgrefit.rules.redundancy._formulas import number

FEWEST_ROWS = 50
FEWEST_VALUES = 3
FEWEST_MOMENTS = 20  # different ones: those of a bulk load are alike
NEARLY_ALL = 0.999
ALIKE = 0.9  # of what ANALYZE kept
NEAR = 0.98  # likeness of the samples' counts
ROLES = {
    "original", "initial", "current", "previous", "old", "new", "start", "end", "first", "last", "min", "max",
    "shipping", "billing", "home", "work", "estimated", "actual", "planned", "expected", "gross", "net", "requested",
    "confirmed", "received", "ordered", "base", "from", "to", "source", "target", "origin", "destination", "created",
    "updated", "modified", "inserted", "list", "sale", "regular", "budget", "minimum", "maximum", "opening",
    "closing", "low", "high", "before", "after", "remaining", "left", "right", "sender", "recipient", "seller",
    "buyer", "creator", "editor", "owner",
}  # fmt: skip
MOMENTS_OF_ITS_LIFE = {
    "due", "posted", "published", "issued", "paid", "shipped", "delivered",
    "approved", "signed", "valid", "effective", "registered", "opened", "closed", "accounting", "booking", "value",
    "departure", "arrival", "deadline", "scheduled", "birth", "hired", "seen", "login", "activated", "received",
    "sent", "started", "finished", "completed", "changed", "altered", "touched", "synced", "imported", "loaded",
}  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    for pair in _all_pairs(observation):
        yield _counts(pair)
        row = row_of(observation, _counts(pair))
        if row and _holds(row) and row.count("differing"):
            yield _examples(pair)


def _all_pairs(observation: Observation) -> Iterator[Pair]:
    yield from _pairs(observation)
    for table, columns in sampled_tables(observation):
        yield from answers(table, columns)


def _pairs(observation: Observation) -> Iterator[Pair]:
    for table, columns in sampled_tables(observation):
        keys = set(table.primary_key)
        alike: defaultdict[str, list[Values]] = defaultdict(list)
        for values in columns:
            fewest = FEWEST_MOMENTS if bare_type(values.column) in MOMENTS else FEWEST_VALUES
            enough = values.filled >= FEWEST_ROWS and values.different >= fewest
            if enough and values.column.name not in keys and not values.column.generated:
                alike[_kind(values.column)].append(values)
        for group in alike.values():
            for one, other in combinations(group, 2):
                equal = _may_be_equal if _same_type(one, other) else partial(_looks_equal, observation, table)
                if equal(one, other) and not _play_roles(one.column, other.column, table):
                    yield Pair(table, one.column, other.column, _differing(one.column, other.column))


def _kind(column: Column) -> str:
    """What can be compared: texts of any type, numbers of any type."""
    return "text" if is_text(column) else "number" if is_numeric(column) else bare_type(column)


def _may_be_equal(one: Values, other: Values) -> bool:
    """By what was sampled: as many values, and most of the common ones in both."""
    close = abs(one.filled - other.filled) <= 0.01 * one.rows and one.different >= NEAR * other.different
    shared = one.common.keys() & other.common.keys()
    return close and other.different >= NEAR * one.different and len(shared) >= 0.9 * len(one.common)


def _same_type(one: Values, other: Values) -> bool:
    """Whether the same value is written alike in both."""
    return not is_numeric(one.column) or one.column.type == other.column.type


def _looks_equal(observation: Observation, table: Table, one: Values, other: Values) -> bool:
    """The same of numbers of two types, by what ANALYZE kept of them: it looked at the same rows."""
    close = abs(one.filled - other.filled) <= 0.01 * one.rows
    mine, theirs = (
        {number(value) for value in seen_values(statistics_of(observation, table).column(values.column.name))}
        for values in (one, other)
    )
    return close and len(mine & theirs) >= ALIKE * max(len(mine), len(theirs)) > 0


def _play_roles(one: Column, other: Column, table: Table) -> bool:
    """Columns that are meant to differ one day: original and current price; who created and who owns it."""
    apart = meanings(one.name) ^ meanings(other.name)
    references = {name for key in table.foreign_keys for name in key.columns}
    stamped = bare_type(one) in MOMENTS and (one.default is not None or other.default is not None)
    roles = ROLES | MOMENTS_OF_ITS_LIFE if bare_type(one) in MOMENTS else ROLES
    return bool(apart & roles) or stamped or {one.name, other.name} <= references


def _differing(one: Column, other: Column) -> Expression:
    if is_text(one):
        return expression("t.{a}::text IS DISTINCT FROM t.{b}::text", a=one.name, b=other.name)
    return expression("t.{a} IS DISTINCT FROM t.{b}", a=one.name, b=other.name)


def _counts(pair: Pair) -> Question:
    return counted(pair.table, {
        "rows": Expression("count(*)"), "filled": expression("count(t.{a})", a=pair.one.name),
        "differing": how_many(pair.differing),
    })  # fmt: skip


def _examples(pair: Pair) -> Question:
    return examples(pair.table, (pair.one.name, pair.other.name), pair.differing)


def _holds(row: Row) -> bool:
    return row.count("filled") >= FEWEST_ROWS and row.count("differing") <= (1 - NEARLY_ALL) * row.count("filled")


@rule(
    code="DAT012",
    title="Column that repeats another one",
    why="Whoever changes the one must remember the other; in rows in which they differ nobody knows which is right.",
    asks=_asks,
    example="""
        CREATE TABLE guest (id int PRIMARY KEY, mail text, contact_mail text, age int, nights int);
        INSERT INTO guest SELECT n, 'g' || n || '@example.org', 'g' || n || '@example.org', n % 60, n % 9
        FROM generate_series(1, 200) AS n;
        ANALYZE guest;
    """,
    clean="""
        CREATE TABLE guest (id int PRIMARY KEY, original_price numeric, price numeric, created_at timestamptz,
                            updated_at timestamptz, wants_mail boolean, wants_call boolean, city text, birth_city text);
        INSERT INTO guest SELECT n, n % 50, n % 50, now(), now(), n % 2 = 0, n % 2 = 0, 'c' || n % 20,
                                 'c' || CASE WHEN n % 9 = 0 THEN n % 19 ELSE n % 20 END
        FROM generate_series(1, 200) AS n;
        ANALYZE guest;
    """,
)
def duplicate_column(observation: Observation) -> Iterator[Finding]:
    """Pairs of columns of one type that are equal in at least 99.9 % of the rows; of numbers whatever their types."""
    for pair in _all_pairs(observation):
        row = row_of(observation, _counts(pair))
        if row and _holds(row):
            yield _finding(observation, pair, row)


def _finding(observation: Observation, pair: Pair, row: Row) -> Finding:
    one, other = pair.one, pair.other
    differing, seen = row.count("differing"), statistics_of(observation, pair.table).column(other.name)
    says = f"says the opposite of what {one.name} says" if pair.opposite else f"says what {one.name} says"
    return Finding(
        object=named(pair.table, other.name),
        message=says + (", but in a few rows something else" if differing else ""),
        severity=Severity.ERROR if differing else Severity.WARNING,
        evidence=known((
            scan("rows", row.count("rows")), scan("filled", row.count("filled")), scan("differing", differing),
            shown(observation, _examples(pair), as_="differing, for example"),
        )),
        advice=f"let readers use {one.name}, then drop {other.name}",
        cost=Cost(rows=differing, bytes=row.count("filled") * seen.average_width if seen else 0),
    )  # fmt: skip
