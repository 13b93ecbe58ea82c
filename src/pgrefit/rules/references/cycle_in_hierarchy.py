"""Rows of a hierarchy that are below themselves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_empty, known, named, row_of, scan
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import meanings

from ._directory import keys_for
from ._keys import Keys
from ._vocabulary import HIERARCHY

DEEPEST = 10_000  # levels that are walked down
LONGEST = 200  # rows around a cycle


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A table whose column holds the key of the row above."""

    table: Table
    column: str
    key: str

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
            " AS tops, count(*) AS reached, coalesce(max(level), 0) AS levels FROM below",
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
    for hierarchy in _hierarchies(observation):
        yield hierarchy.counts()
        row = row_of(observation, hierarchy.counts())
        if row and _lost(row):
            yield hierarchy.circles()


def _hierarchies(observation: Observation) -> Iterator[Hierarchy]:
    """Columns that say who is above, by a foreign key or by name; spouses and next ones may well go in circles."""
    for table in stored_tables(observation):
        if len(table.primary_key) == 1 and not is_empty(observation, table):
            key = table.primary_key[0]
            for column in _above(keys_for(observation.snapshot, table), table, key):
                yield Hierarchy(table, column, key)


def _above(keys: Keys, table: Table, key: str) -> Iterator[str]:
    declared = {fk.columns[0]: fk.parent == table.name for fk in table.foreign_keys if len(fk.columns) == 1}
    for column in table.columns:
        if meanings(column.name) & HIERARCHY and column.name != key:
            same = keys.family(column) == keys.family(table.column(key)) != ""
            if same and declared.get(column.name, column.name not in declared and _own(keys, table, column)):
                yield column.name


def _own(keys: Keys, table: Table, column: Column) -> bool:
    """Whether the name tells the table itself before any other."""
    options = keys.options(table, column)
    return bool(options) and options[0].key.table.name == table.name


def _lost(row: Row) -> bool:
    """Rows that were not reached; where no walk came to its end nothing is known."""
    return row.count("reached") < row.count("rows") and row.count("levels") < DEEPEST


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
        if row and circles and circles.count("circling"):
            yield _finding(hierarchy, row, circles)


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
