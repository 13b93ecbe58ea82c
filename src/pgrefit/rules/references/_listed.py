"""Columns that may keep several ids in one value: which key their items are compared with, and how many match."""

from __future__ import annotations

from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, sample_of

from ._key import Key

BETWEEN = r"\s*[,;|]\s*"
AROUND = ' \t[]{}(),;|"#'
ROWS_TRIED = 300
FEWEST_ITEMS = 20
SEVERAL = 0.1  # share of the values that must hold more than one item
NEEDED, NEEDED_UNNAMED = 0.8, 0.9
FORMS = {
    "whole": r"^[0-9]{1,18}$",
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "text": r"^.{1,80}$",
}  # fmt: skip
CASTS = {"whole": Expression("::bigint"), "uuid": Expression("::uuid"), "text": Expression("")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A column, and the key that its items may be of; `path`: where they are in a JSON document."""

    table: Table
    column: Column
    key: Key
    family: str
    between: str = BETWEEN
    path: str = ""
    named: bool = True

    def tried(self, observation: Observation) -> Question:
        """The counts on some rows."""
        source = sample_of(observation, self.table, ROWS_TRIED)
        return Question(self.table.name, self._counted(source), sampled=True)

    def counts(self) -> Question:
        """Rows, those with a list, those with several items; items, those that match and those that do not."""
        return Question(self.table.name, self._counted(expression("{table}", table=self.table.name)))

    def holds(self, row: Row) -> bool:
        """Whether they are lists, and of that table's keys."""
        items, filled = row.count("items"), row.count("filled")
        several = row.count("several") >= SEVERAL * filled
        needed = NEEDED if self.named else NEEDED_UNNAMED
        return items >= FEWEST_ITEMS and several and row.count("matching") >= needed * items

    def _counted(self, source: Expression) -> Statement:
        return ddl(
            "WITH list AS (SELECT t.{c} AS list FROM {source} AS t), item AS (SELECT v.row, v.item FROM"
            " (SELECT s.row, {items} AS item FROM (SELECT row_number() OVER () AS row, t.list FROM list AS t"
            " WHERE t.list IS NOT NULL) AS s) AS v WHERE v.item <> ''),"
            " found AS (SELECT i.row, i.item, EXISTS (SELECT FROM {parent} AS p WHERE p.{k} = i.value) AS there"
            " FROM (SELECT i.*, CASE WHEN i.item ~ {form} THEN i.item{cast} END AS value FROM item AS i) AS i)"
            " SELECT (SELECT count(*) FROM list) AS rows, count(DISTINCT f.row) AS filled,"
            " (SELECT count(*) FROM (SELECT FROM item AS i GROUP BY i.row HAVING count(*) > 1) AS m) AS several,"
            " count(*) AS items, count(DISTINCT f.item) AS distinct, count(*) FILTER (WHERE f.there) AS matching,"
            " count(*) FILTER (WHERE NOT f.there) AS orphans,"
            " (array_agg(DISTINCT f.item) FILTER (WHERE NOT f.there))[1:{limit}] AS examples FROM found AS f",
            c=self.column.name, source=raw(source), items=raw(self._items), parent=self.key.table.name,
            k=self.key.column.name, form=Literal(FORMS[self.family]), cast=raw(CASTS[self.family]), limit=SAMPLE_KEYS,
        )  # fmt: skip

    @property
    def _items(self) -> Expression:
        """Set-returning: the items of s.list, as text."""
        if self.path:
            return expression("(pg_catalog.jsonb_path_query(s.list::jsonb, {path}::jsonpath) #>> '{{}}')",
                              path=Literal(self.path))  # fmt: skip
        if self.column.type.endswith("[]"):
            return Expression("pg_catalog.unnest(s.list::text[])")
        return expression("pg_catalog.regexp_split_to_table(pg_catalog.btrim(s.list::text, {around}), {between})",
                          around=Literal(AROUND), between=Literal(self.between))  # fmt: skip
