"""A stored count or sum of rows that refer to a row, which in some rows is another number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Constraint, Table
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    Row,
    catalog,
    is_empty,
    is_numeric,
    key_columns,
    known,
    named,
    row_of,
    scan,
    statistics_of,
)
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import stems, words

ENOUGH = 0.85  # share of the rows that agree
FEWEST_FILLED = 10  # rows that are not zero
FEWEST_NUMBERS = 3
MOST_WAYS = 24
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
                ways = _ways(observation, column, child) if len(key.columns) == 1 and not child.partition_of else ()
                if ways:
                    yield Counter(table, column, child, key, ways[:MOST_WAYS])


def _ways(observation: Observation, column: Column, child: Table) -> tuple[Way, ...]:
    counted = _counts_by_name(column, child)
    values = [Way(Expression("count(*)"), "rows")] if counted else []
    values += [] if counted and set(stems(column.name)) & {"count", "counter", "cnt", "num"} else _sums(column, child)
    filters = _filters(observation, child) if values else []
    some = [
        Way(expression("{value} FILTER (WHERE {test})", value=raw(way.value), test=raw(test)), f"{way.words} {words_}")
        for way in values for test, words_ in filters
    ]  # fmt: skip
    return (*values, *some)


def _counts_by_name(column: Column, child: Table) -> bool:
    """comment_count, num_comments, comments: named after the child, or after the end of its name."""
    parts, name = stems(column.name), stems(child.name.name)
    rest = tuple(part for part in parts if part not in COUNTS)
    marked = rest != parts
    plural = not marked and words(column.name)[-1:] != parts[-1:]
    whole = column.type in {"smallint", "integer", "bigint", "numeric"}
    return whole and bool(rest) and (marked or plural) and name[-len(rest) :] == rest


def _sums(column: Column, child: Table) -> list[Way]:
    """Sums of a column that is named alike, or of quantity times price."""
    parts = set(stems(column.name))
    keys = key_columns(child)
    numbers = [c.name for c in child.columns if is_numeric(c) and c.name not in keys and not c.identity]
    if not parts & SUMS:
        return []
    alike = [name for name in numbers if set(stems(name)) & (SUMMED | parts)]
    found = [Way(expression("sum(t.{c})", c=name), f"sum of {name}") for name in alike[:4]]
    quantities = [name for name in numbers if set(stems(name)) & {"quantity", "qty"}]
    prices = [name for name in numbers if set(stems(name)) & {"price", "cost"}]
    return found + [
        Way(expression("sum(t.{a} * t.{b})", a=a, b=b), f"sum of {a} * {b}")
        for a in quantities[:1] for b in prices[:2]
    ]  # fmt: skip


def _filters(observation: Observation, child: Table) -> list[tuple[Expression, str]]:
    """Conditions by which some rows may be left out: flags, what is gone, a status."""
    found: list[tuple[Expression, str]] = []
    for column in child.columns:
        if column.type == "boolean":
            found += [(expression("t.{c}", c=column.name), f"with {column.name}"),
                      (expression("t.{c} IS NOT TRUE", c=column.name), f"without {column.name}")]  # fmt: skip
        elif set(stems(column.name)) & GONE and column.type.startswith(("timestamp", "date")):
            found.append((expression("t.{c} IS NULL", c=column.name), f"without {column.name}"))
        elif set(stems(column.name)) & {"status", "state", "type", "kind"}:
            statistics = statistics_of(observation, child).column(column.name)
            for value in statistics.values if statistics and len(statistics.values) <= MOST_VALUES else ():
                found.append((_equal(column, value), f"with {column.name} {value}"))
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
