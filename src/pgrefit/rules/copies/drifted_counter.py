"""A stored count or sum of rows that refer to a row, which in some rows is another number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Trusted, ddl, expression, joined, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
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
)
from pgrefit.rules._columns import stored_tables
from pgrefit.rules.copies._farther import grandchildren, of_kinds
from pgrefit.rules.copies._through import Through, asks, undeclared_to
from pgrefit.rules.copies._ways import DECIMALS, Moments, Way, is_moment, keeps_one_of, ways_of

ENOUGH = 0.85  # share of the rows that agree
FEWEST_FILLED = 10  # rows that are not zero
FEWEST_NUMBERS = 3
LITTLE, FEWEST_LARGE = 9, 4  # numbers above that, of which so many do not agree by chance
MOSTLY = 0.6


@dataclass(frozen=True, slots=True)
class Counter:
    """A column, the rows that refer to its row, and how they may be counted or summed up."""

    table: Table
    column: Column
    child: Table
    through: Through
    ways: tuple[Way, ...]

    @property
    def is_moment(self) -> bool:
        """Whether it keeps the first or the last of the rows' moments."""
        return is_moment(self.column)

    @property
    def _counted(self) -> dict[str, Trusted | str | Relation]:
        """What both questions are filled with."""
        (value,) = self.through.values()
        return {"c": self.column.name, "table": self.table.name, "child": self.child.name, "f": raw(value),
                "k": self.through.parent_columns[0]}  # fmt: skip

    def _as_stored(self, number: Expression) -> Expression:
        """Nothing is 0, but for a moment; with as many decimals as the column has."""
        if self.is_moment:
            return number
        decimals = DECIMALS.search(self.column.type)
        if decimals is None:
            return expression("coalesce({number}, 0)", number=raw(number))
        return expression("round(coalesce({number}, 0)::numeric, {n})", number=raw(number), n=int(decimals[1]))

    def agreeing(self) -> Question:
        """In how many rows each way gives the number that is stored."""
        sums = [expression("{value} AS {name}", value=raw(way.value), name=f"w{i}") for i, way in enumerate(self.ways)]
        same = [
            expression(
                "count(*) FILTER (WHERE p.{c} = {there}) AS {name}",
                c=self.column.name,
                name=f"w{i}",
                there=raw(self._as_stored(expression("n.{name}", name=f"w{i}"))),
            )
            for i in range(len(self.ways))
        ]
        large = [
            expression(
                "count(DISTINCT p.{c}) FILTER (WHERE p.{c} = {there} AND p.{c} > {little}) AS {name}",
                c=self.column.name, name=f"l{i}", there=raw(self._as_stored(expression("n.{w}", w=f"w{i}"))),
                little=LITTLE,
            )
            for i in range(0 if self.is_moment else len(self.ways))
        ]  # fmt: skip
        means = [(i, way.differ) for i, way in enumerate(self.ways) if way.differ]
        sums += [expression("{differ} AS {d}", differ=raw(differ), d=f"d{i}") for i, differ in means]
        large += [
            expression(
                "count(p.{c}) FILTER (WHERE n.{d}) AS {d}, count(*) FILTER (WHERE n.{d} AND p.{c} = {there}) AS {e}",
                c=self.column.name, d=f"d{i}", e=f"e{i}", there=raw(self._as_stored(expression("n.{w}", w=f"w{i}"))),
            )
            for i, _ in means
        ]  # fmt: skip
        filled = expression("p.{c} IS NOT NULL" if self.is_moment else "p.{c} <> 0", c=self.column.name)
        select = ddl(
            "SELECT count(p.{c}) AS stored, count(*) FILTER (WHERE {filled}) AS filled,"
            " count(DISTINCT p.{c}) AS numbers, {same} FROM {table} AS p LEFT JOIN (SELECT {f} AS key, {sums}"
            " FROM {child} AS t GROUP BY 1) AS n ON n.key = p.{k}",
            sums=raw(joined(sums)), same=raw(joined([*same, *large])), filled=raw(filled),
            **self._counted,
        )  # fmt: skip
        return Question(self.child.name, select)

    def best(self, row: Row | None) -> tuple[Way, int] | None:
        """The way that agrees in most rows, and how many differ from it; None where none agrees in nearly all."""
        if row is None:
            return None
        agreeing, stored = [self._agreeing(row, i) for i in range(len(self.ways))], row.count("stored")
        place = agreeing.index(max(agreeing))
        several = FEWEST_FILLED if self.is_moment else FEWEST_NUMBERS
        common = row.count("filled") >= FEWEST_FILLED and row.count("numbers") >= several
        enough = common and agreeing[place] >= ENOUGH * stored
        if not enough and not self.is_moment and row.count(f"l{place}") >= FEWEST_LARGE:
            enough = agreeing[place] >= MOSTLY * stored
        return (self.ways[place], stored - agreeing[place]) if enough else None

    def _agreeing(self, row: Row, place: int) -> int:
        """In how many rows; in none where a mean agrees with numbers that are all the same, and with no others."""
        copied = self.ways[place].differ is not None and row.count(f"e{place}") < MOSTLY * row.count(f"d{place}")
        return 0 if copied else row.count(f"w{place}")

    def differing(self, way: Way) -> Question:
        """Some of the rows that differ: key, what is stored, what there is."""
        select = ddl(
            "SELECT json_agg(concat_ws(' ', d.key, 'says', d.stored, 'and has', d.there) ORDER BY d.key) AS examples"
            " FROM (SELECT p.{k}::text AS key, p.{c} AS stored, {there} AS there FROM {table} AS p"
            " LEFT JOIN (SELECT {f} AS key, {value} AS number FROM {child} AS t GROUP BY 1) AS n ON n.key = p.{k}"
            " WHERE p.{c} IS NOT NULL AND p.{c} IS DISTINCT FROM {there} ORDER BY p.{k} LIMIT {limit}) AS d",
            there=raw(self._as_stored(Expression("n.number"))),
            value=raw(way.value), limit=SAMPLE_KEYS, **self._counted,
        )  # fmt: skip
        return Question(self.child.name, select)


def _asks(observation: Observation) -> Iterator[Question]:
    yield from asks(observation)
    for counter in _counters(observation):
        yield counter.agreeing()
        best = counter.best(row_of(observation, counter.agreeing()))
        if best and best[1]:
            yield counter.differing(best[0])


def _counters(observation: Observation) -> Iterator[Counter]:
    """Numbers that are named after a table whose rows refer to the row, or that come to about as much."""
    for table in stored_tables(observation):
        children = () if is_empty(observation, table) else tuple(_children(observation, table))
        keys = key_columns(table) if children else set[str]()
        for column in table.columns if children else ():
            if column.name in keys or column.generated or column.identity:
                continue
            for through in children:
                ways = _ways(observation, table, column, through)
                if ways:
                    yield Counter(table, column, through.table, through, ways)


def _ways(observation: Observation, table: Table, column: Column, through: Through) -> tuple[Way, ...]:
    if is_numeric(column):
        return ways_of(observation, table, column, through)
    kept = keeps_one_of(observation, column, through)
    return tuple(Moments(observation, column, through).ways()) if kept else ()


def _children(observation: Observation, table: Table) -> Iterator[Through]:
    """References to it by one column each; of a partitioned table those of the whole."""
    for child, key in observation.snapshot.references_to(table.name):
        if len(key.columns) == 1 and not child.partition_of:
            yield Through(child, key.columns, table.name, key.parent_columns)
    for through in undeclared_to(observation, table.name):
        if len(through.columns) == 1 and through.table.name != table.name:
            yield through
    yield from of_kinds(observation, table)
    yield from grandchildren(observation, table)


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
    """Numbers that agree with the rows that refer to them, but for some; those of the table with which most agree."""
    found: defaultdict[tuple[Relation, str], list[tuple[int, Counter, Row, Way]]] = defaultdict(list)
    for counter in _counters(observation):
        row = row_of(observation, counter.agreeing())
        best = counter.best(row)
        if row and best:
            found[counter.table.name, counter.column.name].append((best[1], counter, row, best[0]))
    for ways in found.values():
        differing, counter, row, way = min(ways, key=lambda each: each[0])
        if differing:
            yield _finding(observation, counter, row, way, differing)


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
