"""Rows of a hierarchy that are below themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_empty, known, named, row_of, scan, statistics_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import reference_name, stems

from ._directory import keys_for
from ._graph import Links, goes_in_circles, links
from ._keys import Keys
from ._vocabulary import ABOVE, GENERIC, HIERARCHY

DEEPEST = 10_000  # levels that are walked down
LONGEST = 200  # rows around a cycle
MOSTLY = 0.9
MOST_CIRCLING = 0.1  # of the rows below another one; spouses and rings go in circles by nature
FEWEST_BELOW, FEWEST_LEVELS = 20, 3
REACHING = 0.5  # of the greatest key


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A table whose column holds the key of the row above; if `told`, its name says so."""

    table: Table
    column: str
    key: str
    told: bool

    def counts(self) -> Question:
        """Rows that no way from a top row leads to, and the levels that there are; top rows are their own parents too
        where none has no parent."""
        select = ddl(
            "WITH RECURSIVE below AS ("
            "SELECT t.{key} AS key, 1 AS level FROM {table} AS t LEFT JOIN {table} AS p ON p.{key} = t.{column}"
            " WHERE p.{key} IS NULL OR (t.{column} = t.{key} AND NOT EXISTS"
            " (SELECT FROM {table} AS r WHERE r.{column} IS NULL))"
            " UNION ALL SELECT t.{key}, b.level + 1 FROM below AS b JOIN {table} AS t"
            " ON t.{column} = b.key AND t.{key} <> b.key WHERE b.level < {deepest})"
            " SELECT (SELECT count(*) FROM {table}) AS rows, (SELECT count(*) FROM {table} WHERE {column} IS NULL)"
            " AS tops, count(*) AS reached, coalesce(max(level), 0) AS levels, s.* FROM below,"
            " LATERAL (SELECT count(*) AS below, count(*) FILTER (WHERE p.{key} < t.{key}) AS after,"
            " count(*) FILTER (WHERE p.{key} > t.{key}) AS before FROM {table} AS t JOIN {table} AS p"
            " ON p.{key} = t.{column} AND p.{key} <> t.{key}) AS s GROUP BY s.below, s.after, s.before",
            key=self.key, column=self.column, table=self.table.name, deepest=DEEPEST,
        )  # fmt: skip
        return Question(self.table.name, select)

    def circles(self) -> Question:
        """Rows that come back to themselves on the way up, and the keys of some."""
        select = ddl(
            "WITH RECURSIVE below AS ("
            "SELECT t.{key} AS key FROM {table} AS t LEFT JOIN {table} AS p ON p.{key} = t.{column}"
            " WHERE p.{key} IS NULL OR (t.{column} = t.{key} AND NOT EXISTS"
            " (SELECT FROM {table} AS r WHERE r.{column} IS NULL))"
            " UNION SELECT t.{key} FROM below AS b JOIN {table} AS t ON t.{column} = b.key),"
            " lost AS (SELECT t.{key} AS key, t.{column} AS above FROM {table} AS t"
            " WHERE NOT EXISTS (SELECT FROM below AS b WHERE b.key = t.{key})),"
            " up AS (SELECT l.key AS start, l.key, l.above, 1 AS steps FROM lost AS l"
            " UNION ALL SELECT u.start, l.key, l.above, u.steps + 1 FROM up AS u JOIN lost AS l ON l.key = u.above"
            " WHERE u.steps < {longest}) CYCLE key SET again USING path"
            " SELECT count(DISTINCT start) AS circling,"
            " (SELECT array_agg(e.start::text) FROM (SELECT DISTINCT u.start FROM up AS u WHERE u.above = u.start"
            " ORDER BY u.start LIMIT {limit}) AS e) AS examples FROM up WHERE above = start",
            key=self.key, column=self.column, table=self.table.name, longest=LONGEST, limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)


def _asks(observation: Observation) -> Iterator[Question]:
    for found in links(observation):
        yield found.counts()
        counts = row_of(observation, found.counts())
        farther = found.farther(counts) if counts else None
        if farther:
            yield farther
    for hierarchy in _hierarchies(observation):
        yield hierarchy.counts()
        row = row_of(observation, hierarchy.counts())
        if row and _lost(row):
            yield hierarchy.circles()


def _hierarchies(observation: Observation) -> Iterator[Hierarchy]:
    """Columns that refer to a row of their own table, by a foreign key or by name; of these some say who is above."""
    for table in stored_tables(observation):
        if len(table.primary_key) == 1 and not is_empty(observation, table):
            key = table.primary_key[0]
            for column in _within(observation, keys_for(observation.snapshot, table), table, key):
                yield Hierarchy(table, column.name, key, told=bool(meanings(column.name) & HIERARCHY))
        for other in () if is_empty(observation, table) else table.foreign_keys:
            if other.parent == table.name and len(other.columns) == 1 and other.parent_columns != table.primary_key:
                (column_name,), (key,) = other.columns, other.parent_columns
                yield Hierarchy(table, column_name, key, told=bool(meanings(column_name) & HIERARCHY))


def _within(observation: Observation, keys: Keys, table: Table, key: str) -> Iterator[Column]:
    declared = {fk.columns[0]: fk.parent == table.name for fk in table.foreign_keys if len(fk.columns) == 1}
    for column in table.columns:
        same = column.name != key and keys.family(column) == keys.family(table.column(key)) != ""
        own = declared.get(column.name, column.name not in declared and _own(keys, table, column))
        if same and own and (column.name in declared or _reaches(observation, keys, table, column, key)):
            yield column


def _reaches(observation: Observation, keys: Keys, table: Table, column: Column, key: str) -> bool:
    """Whether its name tells the table, or its numbers are more than the first few of the key's: no other one's."""
    if keys.options(table, column) or set(stems(column.name)) & ABOVE or meanings(column.name) & HIERARCHY:
        return True
    mine, theirs = (_greatest(observation, table, name) for name in (column.name, key))
    return mine is None or theirs is None or mine >= REACHING * theirs


def _greatest(observation: Observation, table: Table, column: str) -> int | None:
    seen = statistics_of(observation, table).column(column)
    numbers = [int(value) for value in (*seen.bounds, *seen.values) if value.isdecimal()] if seen else []
    return max(numbers, default=None)


def _own(keys: Keys, table: Table, column: Column) -> bool:
    """Whether the name tells the table itself before any other, or a reference and no other table."""
    options = keys.options(table, column)
    if options:
        return options[0].key.table.name == table.name
    alike = set(stems(column.name)) & set(stems(table.name.name)) - GENERIC
    above = set(stems(column.name)) & ABOVE or meanings(column.name) & HIERARCHY
    return not column.not_null and bool(above or alike or reference_name(column.name).marked)


def _lost(row: Row) -> bool:
    """Rows that were not reached; where no walk came to its end nothing is known."""
    return row.count("reached") < row.count("rows") and row.count("levels") < DEEPEST


def _is_hierarchy(hierarchy: Hierarchy, row: Row, circles: Row) -> bool:
    """Whether a name says that the one row is above the other, or else the rows: hardly any of them is in a circle,
    and nearly all refer to one that was there before them, or chance would have made many more circles.
    """
    rows, below, circling = row.count("rows"), row.count("below"), circles.count("circling")
    if hierarchy.told or not circling:
        return circling > 0
    contained = below >= MOSTLY * (rows - row.count("tops"))
    in_order = max(row.count("after"), row.count("before")) >= MOSTLY * below
    by_chance = min(below / (rows - below), (2 * rows) ** 0.5) if below < rows else (2 * rows) ** 0.5
    telling = below >= FEWEST_BELOW and row.count("levels") >= FEWEST_LEVELS and circling <= MOST_CIRCLING * below
    return telling and contained and (in_order or circling * 4 <= by_chance)


@rule(
    code="REF032",
    title="Cycle in a hierarchy",
    why=(
        "Such rows have no top: whoever walks up from them, for a path, a permission or a sum, walks for ever or stops"
        " somewhere, and whoever walks down from the top never sees them."
    ),
    asks=_asks,
    example="""
        CREATE TABLE folder (id int PRIMARY KEY, parent_id int REFERENCES folder);
        INSERT INTO folder SELECT n, CASE WHEN n > 1 THEN n / 2 END FROM generate_series(1, 100) AS n;
        UPDATE folder SET parent_id = 20 WHERE id = 5;
        ANALYZE folder;
    """,
    clean="""
        CREATE TABLE folder (id int PRIMARY KEY, parent_id int NOT NULL REFERENCES folder);
        INSERT INTO folder SELECT n, greatest(n / 2, 1) FROM generate_series(1, 100) AS n;
        CREATE TABLE person (id int PRIMARY KEY, manager_id int REFERENCES person, spouse_id int REFERENCES person);
        INSERT INTO person SELECT n, nullif(n / 3, 0), (n - 1) / 2 * 2 + 2 - (n - 1) % 2
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
)
def cycle_in_hierarchy(observation: Observation) -> Iterator[Finding]:
    """Rows of a hierarchy that no way from a top row leads to, because they go in circles or hang on such."""
    for hierarchy in _hierarchies(observation):
        row = row_of(observation, hierarchy.counts())
        circles = row_of(observation, hierarchy.circles()) if row and _lost(row) else None
        if row and circles and _is_hierarchy(hierarchy, row, circles):
            yield _finding(hierarchy, row, circles)
    for found in links(observation):
        counts = row_of(observation, found.counts())
        question = found.farther(counts) if counts else None
        farther = row_of(observation, question) if question else None
        if counts and goes_in_circles(counts, farther, within=found.within):
            yield _of_links(found, counts, farther)


def _of_links(found: Links, row: Row, farther: Row | None) -> Finding:
    circles = farther or row
    back = circles.count("circling")
    return Finding(
        object=named(found.table, found.other),
        message=f"links go in circles: {back:,} of them {'lead' if back > 1 else 'leads'} back to where they come from",
        severity=Severity.ERROR,
        evidence=known((
            scan("links", row.count("links")),
            scan("in a longer circle" if farther else "in a circle of three or fewer", circles.count("circling")),
            scan("from the later to the earlier key", row.count("down")),
            scan("from the earlier to the later key", row.count("up")),
            scan("in a circle, for example", circles.texts("examples")),
        )),
        advice="take one link out of each circle; a trigger that follows the links of what is written keeps it so",
        cost=Cost(rows=circles.count("circling")),
    )  # fmt: skip


def _finding(hierarchy: Hierarchy, row: Row, circles: Row) -> Finding:
    lost = row.count("rows") - row.count("reached")
    return Finding(
        object=named(hierarchy.table, hierarchy.column),
        message=f"goes in circles: {lost:,} rows are below themselves, or below such rows",
        severity=Severity.ERROR,
        evidence=known((
            scan("rows", row.count("rows")), scan("without a row above", row.count("tops")),
            scan("levels below the top", row.count("levels")), scan("in a circle", circles.count("circling")),
            scan("in a circle or below one", lost),
            scan("in a circle, for example", circles.texts("examples")),
        )),
        advice="put one row of each circle where it belongs; a trigger that walks up from what is written keeps it so",
        cost=Cost(rows=lost),
    )  # fmt: skip
