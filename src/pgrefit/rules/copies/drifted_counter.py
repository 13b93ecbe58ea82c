"""A stored count or sum of rows that refer to a row, which in some rows is another number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Constraint, Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    WHOLE_TYPES,
    Row,
    catalog,
    is_empty,
    is_numeric,
    is_text,
    key_columns,
    known,
    named,
    row_of,
    scan,
    statistics_of,
)
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import stems, words

ENOUGH = 0.85  # share of the rows that agree
FEWEST_FILLED = 10  # rows that are not zero
FEWEST_NUMBERS = 3
MOST_WAYS = 24
FEWEST_UNNAMED = 50  # rows, where no name tells
MOST_ALIKE = 0.5  # share of one number, where no name tells
NEAR = 0.8  # likeness of averages
STEM, SAME = 4, 0.6  # letters that two words share from the first on, and their share
MOST_VALUES = 6  # of a column that says which rows are counted
COUNTS = {"count", "counter", "number", "num", "nb", "cnt", "total", "quantity", "qty", "no"}
SUMS = {
    "total",
    "sum",
    "amount",
    "balance",
    "spent",
    "points",
    "point",
    "paid",
    "quantity",
    "qty",
    "revenue",
    "duration",
}
SUMMED = {"amount", "total", "price", "subtotal", "quantity", "qty", "value", "point", "cost", "duration", "minute",
          "hour", "second"}  # fmt: skip
GONE = {"deleted", "removed", "archived", "cancelled", "canceled", "hidden", "revoked", "ended", "left"}


@dataclass(frozen=True, slots=True)
class Way:
    """How rows may be counted: an aggregate over alias t, and in words."""

    value: Expression
    words: str


@dataclass(frozen=True, slots=True)
class Part:
    """Some of the rows: a condition over alias t, in words, and about what share of all they are."""

    test: Expression
    words: str
    share: float

    def of(self, way: Way) -> Way:
        """The same of these rows alone."""
        value = expression("{value} FILTER (WHERE {test})", value=raw(way.value), test=raw(self.test))
        return Way(value, f"{way.words} {self.words}")


@dataclass(frozen=True, slots=True)
class Counter:
    """A column, the rows that refer to its row, and how they may be counted or summed up."""

    table: Table
    column: Column
    child: Table
    through: Constraint
    ways: tuple[Way, ...]

    def agreeing(self) -> Question:
        """In how many rows each way gives the number that is stored."""
        sums = [expression("{value} AS {name}", value=raw(way.value), name=f"w{i}") for i, way in enumerate(self.ways)]
        same = [
            expression(
                "count(*) FILTER (WHERE p.{c} = coalesce(n.{name}, 0)) AS {name}", c=self.column.name, name=f"w{i}"
            )
            for i in range(len(self.ways))
        ]
        select = ddl(
            "SELECT count(p.{c}) AS stored, count(*) FILTER (WHERE p.{c} <> 0) AS filled,"
            " count(DISTINCT p.{c}) AS numbers, {same} FROM {table} AS p LEFT JOIN (SELECT t.{f} AS key, {sums}"
            " FROM {child} AS t GROUP BY t.{f}) AS n ON n.key = p.{k}",
            c=self.column.name, table=self.table.name, child=self.child.name, f=self.through.columns[0],
            k=self.through.parent_columns[0], sums=raw(joined(sums)), same=raw(joined(same)),
        )  # fmt: skip
        return Question(self.child.name, select)

    def best(self, row: Row | None) -> tuple[Way, int] | None:
        """The way that agrees in most rows, and how many differ from it; None where none agrees in nearly all."""
        if row is None or row.count("filled") < FEWEST_FILLED or row.count("numbers") < FEWEST_NUMBERS:
            return None
        agreeing = [row.count(f"w{i}") for i in range(len(self.ways))]
        place = agreeing.index(max(agreeing))
        enough = agreeing[place] >= ENOUGH * row.count("stored")
        return (self.ways[place], row.count("stored") - agreeing[place]) if enough else None

    def differing(self, way: Way) -> Question:
        """Some of the rows that differ: key, what is stored, what there is."""
        select = ddl(
            "SELECT json_agg(concat_ws(' ', d.key, 'says', d.stored, 'and has', d.there) ORDER BY d.key) AS examples"
            " FROM (SELECT p.{k}::text AS key, p.{c} AS stored, coalesce(n.number, 0) AS there FROM {table} AS p"
            " LEFT JOIN (SELECT t.{f} AS key, {value} AS number FROM {child} AS t GROUP BY t.{f}) AS n ON n.key = p.{k}"
            " WHERE p.{c} <> coalesce(n.number, 0) ORDER BY p.{k} LIMIT {limit}) AS d",
            c=self.column.name, table=self.table.name, child=self.child.name, f=self.through.columns[0],
            k=self.through.parent_columns[0], value=raw(way.value), limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.child.name, select)


def _asks(observation: Observation) -> Iterator[Question]:
    for counter in _counters(observation):
        yield counter.agreeing()
        best = counter.best(row_of(observation, counter.agreeing()))
        if best and best[1]:
            yield counter.differing(best[0])


def _counters(observation: Observation) -> Iterator[Counter]:
    """Numbers that are named after a table whose rows refer to the row."""
    for table in stored_tables(observation):
        children = observation.snapshot.references_to(table.name)
        keys = key_columns(table) if children else set[str]()
        for column in table.columns if children and not is_empty(observation, table) else ():
            if not is_numeric(column) or column.name in keys or column.generated or column.identity:
                continue
            for child, key in children:
                ways = (
                    _ways(observation, table, column, child) if len(key.columns) == 1 and not child.partition_of else ()
                )
                if ways:
                    yield Counter(table, column, child, key, ways[:MOST_WAYS])


def _ways(observation: Observation, table: Table, column: Column, child: Table) -> tuple[Way, ...]:
    """By the names; without them what would come to about the same on average."""
    counted = _counts_by_name(column, child)
    plain = counted and meanings(column.name) & {"count", "counter", "cnt", "num"}
    values = [Way(Expression("count(*)"), "rows")] if counted else []
    values += [] if plain else _sums(column, child)
    if not values:
        return tuple(_by_average(observation, table, column, child))
    return (*values, *(part.of(way) for way in values for part in _filters(observation, child)))


def _by_average(observation: Observation, table: Table, column: Column, child: Table) -> Iterator[Way]:
    """The count, and sums of numbers, of rows that are as many as the stored numbers say on the whole."""
    seen, rows = statistics_of(observation, table).column(column.name), observation.rows(table.name)
    stored = average(seen)
    if seen is None or stored is None or rows < FEWEST_UNNAMED or max(seen.frequencies, default=0) > MOST_ALIKE:
        return
    each, count = observation.rows(child.name) / rows, Way(Expression("count(*)"), "rows")
    if column.type in WHOLE_TYPES:
        yield from [count] if _is_near(stored, each) else []
        yield from (part.of(count) for part in _filters(observation, child) if _is_near(stored, each * part.share))
    keys, statistics = key_columns(child), statistics_of(observation, child)
    for other in child.columns:
        if is_numeric(other) and other.name not in keys and not other.identity:
            value = average(statistics.column(other.name))
            if value and _is_near(stored, each * value):
                yield Way(expression("sum(t.{c})", c=other.name), f"sum of {other.name}")


def _is_near(stored: float, expected: float) -> bool:
    return 0 < NEAR * expected <= stored <= expected / NEAR


def average(seen: ColumnStatistics | None) -> float | None:
    """About the mean of a numeric column, by what ANALYZE kept."""
    if seen is None or not (seen.values or seen.bounds):
        return None
    common = sum(float(value) * share for value, share in zip(seen.values, seen.frequencies, strict=False))
    rest = max(0.0, 1 - seen.null_fraction - sum(seen.frequencies))
    bounds = [float(value) for value in seen.bounds]
    return common + (rest * sum(bounds) / len(bounds) if bounds else 0.0)


def _counts_by_name(column: Column, child: Table) -> bool:
    """comment_count, num_comments, comments, published_comments: the child's name, or its end, and what is counted."""
    parts, name = english(column.name), english(child.name.name)
    rest = tuple(part for part in parts if part not in COUNTS)
    marked = rest != parts
    plural = not marked and words(column.name)[-1:] != stems(column.name)[-1:]
    whole = column.type in {"smallint", "integer", "bigint", "numeric"}
    return whole and bool(rest) and (marked or plural) and (_ends(name, rest) or _within(rest, name))


def _ends(name: tuple[str, ...], rest: tuple[str, ...]) -> bool:
    return len(rest) <= len(name) and all(map(_alike, name[-len(rest) :], rest))


def _within(rest: tuple[str, ...], name: tuple[str, ...]) -> bool:
    """Whether the child's name, or its last word, is in it: what else is said tells which rows are counted."""
    return bool(name) and len(rest) > 1 and any(_alike(name[-1], part) for part in rest)


def _alike(one: str, other: str) -> bool:
    """The same word, or singular and plural of it in a language of which we know no plurals."""
    alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    return one == other or (alike >= STEM and alike >= SAME * max(len(one), len(other)))


def _sums(column: Column, child: Table) -> list[Way]:
    """Sums of a column that is named alike, or of quantity times price."""
    parts = meanings(column.name)
    keys = key_columns(child)
    numbers = [c.name for c in child.columns if is_numeric(c) and c.name not in keys and not c.identity]
    if not parts & SUMS:
        return []
    alike = [name for name in numbers if meanings(name) & (SUMMED | parts)]
    found = [Way(expression("sum(t.{c})", c=name), f"sum of {name}") for name in alike[:4]]
    quantities = [name for name in numbers if meanings(name) & {"quantity", "qty"}]
    prices = [name for name in numbers if meanings(name) & {"price", "cost"}]
    return found + [
        Way(expression("sum(t.{a} * t.{b})", a=a, b=b), f"sum of {a} * {b}")
        for a in quantities[:1] for b in prices[:2]
    ]  # fmt: skip


def _filters(observation: Observation, child: Table) -> list[Part]:
    """Conditions by which some rows may be left out: flags, what is gone, one of a few states."""
    found: list[Part] = []
    for column in child.columns:
        seen = statistics_of(observation, child).column(column.name)
        shares = dict(zip(seen.values, seen.frequencies, strict=False)) if seen else {}
        if column.type == "boolean":
            true = shares.get("t", 0.0)
            found.append(Part(expression("t.{c}", c=column.name), f"with {column.name}", true))
            found.append(Part(expression("t.{c} IS NOT TRUE", c=column.name), f"without {column.name}", 1 - true))
        elif meanings(column.name) & GONE and column.type.startswith(("timestamp", "date")):
            empty = seen.null_fraction if seen else 0.0
            found.append(Part(expression("t.{c} IS NULL", c=column.name), f"without {column.name}", empty))
        elif is_text(column) and seen and 1 < len(shares) <= MOST_VALUES and seen.distinct == len(shares):
            found += [Part(_equal(column, v), f"with {column.name} {v}", share) for v, share in shares.items()]
    return found


def _equal(column: Column, value: str) -> Expression:
    return expression("t.{c}::text = {v}", c=column.name, v=Literal(value))


@rule(
    code="CPY002",
    title="Count or sum that disagrees with its rows",
    why=(
        "A number that is kept beside the rows it counts goes wrong with the first write that forgets it, and nothing"
        " ever sets it right again: pages, limits and bills go by it."
    ),
    asks=_asks,
    example="""
        CREATE TABLE post (id int PRIMARY KEY, comment_count int NOT NULL DEFAULT 0);
        CREATE TABLE comment (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post);
        CREATE INDEX ON comment (post_id);
        INSERT INTO post SELECT n, n % 7 FROM generate_series(1, 100) AS n;
        INSERT INTO comment SELECT row_number() OVER (), n
        FROM generate_series(1, 100) AS n, generate_series(1, n % 7);
        DELETE FROM comment WHERE id IN (5, 50, 100);
        ANALYZE;
    """,
    clean="""
        CREATE TABLE post (id int PRIMARY KEY, comment_count int NOT NULL, comments_limit int NOT NULL, points int);
        CREATE TABLE comment (id int PRIMARY KEY, post_id int NOT NULL REFERENCES post, published boolean NOT NULL);
        CREATE INDEX ON comment (post_id);
        INSERT INTO post SELECT n, 0, n % 5, n % 9 FROM generate_series(1, 100) AS n;
        INSERT INTO comment SELECT row_number() OVER (), n, n % 3 > 0 OR i > 1
        FROM generate_series(1, 100) AS n, generate_series(1, n % 7) AS i;
        UPDATE post SET comment_count =
            (SELECT count(*) FROM comment WHERE comment.post_id = post.id AND comment.published);
        ANALYZE;
    """,
)
def drifted_counter(observation: Observation) -> Iterator[Finding]:
    """Numbers that agree with the rows that refer to them, but for some."""
    for counter in _counters(observation):
        row = row_of(observation, counter.agreeing())
        best = counter.best(row)
        if row and best and best[1]:
            yield _finding(observation, counter, row, *best)


def _finding(observation: Observation, counter: Counter, row: Row, way: Way, differing: int) -> Finding:
    examples = row_of(observation, counter.differing(way))
    return Finding(
        object=named(counter.table, counter.column.name),
        message=f"should be the {way.words} of {counter.child.name}, and is another number in {differing:,} rows",
        severity=Severity.ERROR,
        evidence=known((
            catalog("by way of", named(counter.child, counter.through.columns[0])), catalog("counts", way.words),
            scan("rows", row.count("stored")), scan("differing", differing),
            scan("differing rows, for example", examples.texts("examples") if examples else ()),
        )),
        advice="compute it anew; then count when asked, or keep it by a trigger on the rows that are counted",
        cost=Cost(rows=differing),
    )  # fmt: skip
