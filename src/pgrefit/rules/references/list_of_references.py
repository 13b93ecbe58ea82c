"""A column that keeps several ids of another table in one value: '3,17,25', or an array."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    Row,
    catalog,
    is_empty,
    is_text,
    known,
    named,
    row_of,
    sample_of,
    scan,
)
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._languages import english
from pgrefit.rules._names import singular, words

from ._directory import keys_for
from ._key import Key
from ._keys import Keys
from ._types import base_type
from ._vocabulary import GENERIC

BETWEEN = r"\s*[,;|]\s*"
AROUND = " \t[]{}(),;|"
ROWS_TRIED = 300
FEWEST_ITEMS = 20
SEVERAL = 0.1  # share of the values that must hold more than one item
NEEDED = 0.8
MARKS = {"ids", "uuids", "guids", "codes", "keys", "refs"}
LIST = ("list",)
FORMS = {
    "whole": r"^[0-9]{1,18}$",
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "text": r"^.{1,80}$",
}  # fmt: skip
CASTS = {"whole": Expression("::numeric"), "uuid": Expression("::uuid"), "text": Expression("")}


@dataclass(frozen=True, slots=True)
class Listed:
    """A column, and the key that its items may be of."""

    table: Table
    column: Column
    key: Key
    family: str

    def tried(self, observation: Observation) -> Question:
        """The counts on some rows."""
        source = sample_of(observation, self.table, ROWS_TRIED)
        return Question(self.table.name, self._counted(source), sampled=True)

    def counts(self) -> Question:
        """Rows, those with a list, those with several items; items, those that match and those that do not."""
        return Question(self.table.name, self._counted(expression("{table}", table=self.table.name)))

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
        if self.column.type.endswith("[]"):
            return Expression("pg_catalog.unnest(s.list::text[])")
        return expression("pg_catalog.regexp_split_to_table(pg_catalog.btrim(s.list::text, {around}), {between})",
                          around=Literal(AROUND), between=Literal(BETWEEN))  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    for listed in _candidates(observation):
        yield listed.tried(observation)
        row = row_of(observation, listed.tried(observation))
        if row and _holds(row):
            yield listed.counts()


def _candidates(observation: Observation) -> Iterator[Listed]:
    """Texts and arrays whose name is that of a table, or of its key, in the plural."""
    for table in stored_tables(observation):
        keys = keys_for(observation.snapshot, table)
        for column in () if is_empty(observation, table) else table.columns:
            is_list = column.type.endswith("[]") or is_text(column)
            parts = words(column.name)
            if is_list and parts and (parts[-1] != singular(parts[-1]) or _is_list(column)) and not column.generated:
                key = _meant(keys, table, parts)
                own = keys.family(key.column) if key else ""
                if key and own in FORMS and _fits(keys, column, own):
                    yield Listed(table, column, key, own)


def _is_list(column: Column) -> bool:
    """kunden_liste, lista_clientes."""
    said = english(column.name)
    return len(said) > 1 and LIST in {said[:1], said[-1:]}


def _meant(keys: Keys, table: Table, parts: tuple[str, ...]) -> Key | None:
    """tag_ids, tags, permitted_tag_ids: the one table that is meant, by its primary key."""
    base = parts[:-1] if parts[-1] in MARKS or english(parts[-1]) == LIST else parts
    base = base[1:] if english(base[0] if base else "") == LIST else base
    marked = base != parts
    for start in range(len(base) if marked else 1):
        word = "".join(map(singular, base[start:]))
        near = [key for key in keys.of_word(word) if key.primary and word not in GENERIC]
        own = [key for key in near if key.table.name.schema == table.name.schema] or near
        if len(own) == 1:
            return own[0]
    return None


def _fits(keys: Keys, column: Column, wanted: str) -> bool:
    """Whether items of an array are of the key's type; of a text they may be of any."""
    if not column.type.endswith("[]"):
        return True
    item = column.type.removesuffix("[]")
    types = {"whole": ("smallint", "integer", "bigint"), "uuid": ("uuid",), "text": ("text", "character varying")}
    return base_type(keys.db, item).partition("(")[0] in (*types[wanted], "text")


def _holds(row: Row) -> bool:
    """Whether they are lists, and of that table's keys."""
    items, filled = row.count("items"), row.count("filled")
    several = row.count("several") >= SEVERAL * filled
    return items >= FEWEST_ITEMS and several and row.count("matching") >= NEEDED * items


@rule(
    code="REF031",
    title="References in a list",
    why=(
        "No foreign key can watch ids within a text or an array: what they name may be gone. To find the rows that"
        " name one, each value is taken apart, or an index of another kind must be kept."
    ),
    asks=_asks,
    example="""
        CREATE TABLE tag (id int PRIMARY KEY, name text NOT NULL);
        INSERT INTO tag SELECT n, 'tag ' || n FROM generate_series(1, 30) AS n;
        CREATE TABLE recipe (id int PRIMARY KEY, tag_ids text);
        INSERT INTO recipe SELECT n, concat(n % 30 + 1, ', ', n % 7 + 1) FROM generate_series(1, 100) AS n;
        INSERT INTO recipe VALUES (101, '3,77'), (102, '9;x'), (103, NULL), (104, '');
        ANALYZE;
    """,
    clean="""
        CREATE TABLE tag (id int PRIMARY KEY, name text NOT NULL);
        INSERT INTO tag SELECT n, 'tag ' || n FROM generate_series(1, 30) AS n;
        CREATE TABLE recipe (id int PRIMARY KEY, tags text, notes text, tag_ids text, sizes int[]);
        INSERT INTO recipe SELECT n, 'sweet, sour, ' || n, 'Stir 3, then 4, then rest.', (n % 30)::text, ARRAY[1, 2, 3]
        FROM generate_series(1, 100) AS n;
        ANALYZE;
    """,
)
def list_of_references(observation: Observation) -> Iterator[Finding]:
    """Texts and arrays most of whose items are keys of the table that they are named after."""
    for listed in _candidates(observation):
        tried = row_of(observation, listed.tried(observation))
        row = row_of(observation, listed.counts()) if tried and _holds(tried) else None
        if row and _holds(row):
            yield _finding(listed, row)


def _finding(listed: Listed, row: Row) -> Finding:
    key, orphans = named(listed.key.table, listed.key.column.name), row.count("orphans")
    return Finding(
        object=named(listed.table, listed.column.name),
        message=f"lists ids of {key}" + (", and some of them are gone" if orphans else ""),
        severity=Severity.ERROR if orphans else Severity.WARNING,
        evidence=known((
            catalog("key", key), scan("rows", row.count("rows")), scan("with a list", row.count("filled")),
            scan("with more than one item", row.count("several")), scan("items", row.count("items")),
            scan("distinct", row.count("distinct")), scan("matching", row.count("matching")), scan("orphans", orphans),
            scan("orphans, for example", row.texts("examples")),
        )),
        advice=f"a table with a row for each pair of {listed.table.name.name} and {listed.key.table.name.name}, and"
        " foreign keys to both, keeps them whole and finds them from both sides",
        cost=Cost(rows=orphans) if orphans else None,
    )  # fmt: skip
