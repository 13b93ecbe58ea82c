"""A column that repeats one of the row it refers to, and in some rows says something else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
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
    statistics_of,
)
from pgrefit.rules._columns import seen_values, stored_tables
from pgrefit.rules._languages import english, meanings
from pgrefit.rules._names import reference_name
from pgrefit.rules._said import as_it_was
from pgrefit.rules.copies._documents import FORMAL, in_time, is_formal, was_so_then
from pgrefit.rules.copies._farther import grandparents
from pgrefit.rules.copies._letters import are_capitals, in_plain_letters
from pgrefit.rules.copies._through import Through, asks, references
from pgrefit.rules.data._sample import MOMENTS, bare_type

ROWS_TRIED = 1000
MANY_TEXTS = 100  # different ones, of which ANALYZE keeps a part
MOST_KEPT = 2_000  # columns whose patterns are kept
ALIKE = 0.8  # share of the ways of writing
MOST_ALIKE = 4
DIGITS, LETTERS = re.compile(r"\d+"), re.compile(r"[^\W\d_]+")
FEWEST_ROWS = 20
FEWEST_VALUES = 4
MOST_DIFFERING = 0.1
FEWEST_TEXTS = 20  # different ones, where no name tells
SHARED = 0.3  # of the values that ANALYZE kept of the copy
BY_CHANCE = 0.25  # of the rows that do not have the most frequent value, so many may differ
TYPES = (
    "text", "character varying", "character", "integer", "bigint", "smallint", "uuid", "numeric", "boolean", *MOMENTS,
)  # fmt: skip
OF_A_THING = {"birth", "born", "dob", "birthday", "hired", "joined", "founded", "opened", "built"}  # happens but once
# What both rows have of their own.
COMMON = {
    "name", "title", "description", "note", "comment", "status", "state", "type", "kind", "category", "position",
    "order", "active", "version", "slug", "url", "key", "code", "id", "uuid", "label", "value", "data", "language",
    "locale", "createdby", "updatedby", "modifiedby", "userid", "ownerid", "createdbyid", "updatedbyid", "rank",
    "parentid", "color", "image", "icon", "content", "body", "text", "summary", "year", "month", "priority",
    "lastupdate",
}  # fmt: skip
# What is written down as it was at the time.
AS_IT_WAS = {
    "price", "cost", "rate", "amount", "fee", "tax", "discount", "total", "subtotal", "quantity", "balance", "salary",
    "address", "street", "city", "zip", "postal", "postcode", "original", "initial", "snapshot", "old", "previous",
    "at", "then", "former", "historic", "sold", "paid", "ordered", "billing", "shipping", "bill", "ship", "age",
    "version", "last", "first", "points", "score", "stock", "margin", "weight", "final",
}  # fmt: skip
PLACES = {"address", "street", "city", "zip", "postal", "postcode"}
# Whose rows say where something was at the time.
DOCUMENTS = {
    "bill", "booking", "claim", "contract", "delivery", "label", "letter", "payment", "policy", "receipt", "rental",
    "reservation", "shipment", "shipping", "statement", "ticket", "transaction", "transfer", "trip", "visit",
}  # fmt: skip
SALES = {"order", "sale", "purchase", "invoice", "receipt", "quote", "cart"}
LINES = {"item", "line", "detail", "position"}
TABLES_OF_THE_PAST = {
    "log", "history", "journal", "trail", "revision", "audit", "archive", "snapshot", "version", "event", "backup",
    "staging", "import", "tmp", "temp",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Copy:
    """A column, the reference that leads to the source, and the column there."""

    table: Table
    column: Column
    through: Through
    parent: Table
    source: Column
    plain: bool = False  # whether it is kept in plain capital letters

    @property
    def fewest(self) -> int:
        """Different values that tell something."""
        return 2 if self.column.type == "boolean" else FEWEST_VALUES

    def tried(self, observation: Observation) -> Question:
        """The counts on some rows."""
        return Question(self.table.name, self._counted(sample_of(observation, self.table, ROWS_TRIED)), sampled=True)

    def counts(self) -> Question:
        """Rows with both values, those that differ, and how many have the most frequent value."""
        return Question(self.table.name, self._counted(expression("{table}", table=self.table.name)))

    def in_time(self) -> Question:
        """Whether the rows that differ are older than those that agree."""
        return in_time(self.table, self.column, self.through, self.source)

    def _value(self, value: Expression) -> Expression:
        return in_plain_letters(value) if self.plain else value

    def _counted(self, rows: Expression) -> Statement:
        key = [expression("t.{c}::text", c=name) for name in self.table.row_key] or [Expression("t.ctid::text")]
        return ddl(
            "WITH pair AS (SELECT {own} AS own, {source} AS source, pg_catalog.concat_ws(', ', {key}) AS key"
            " FROM {rows} AS t JOIN {parent} AS p ON {same} WHERE t.{c} IS NOT NULL AND p.{s} IS NOT NULL)"
            " SELECT count(*) AS rows, count(DISTINCT own) AS distinct,"
            " count(*) FILTER (WHERE own <> source) AS differing,"
            " (SELECT count(*) FROM pair GROUP BY own ORDER BY 1 DESC LIMIT 1) AS most,"
            " (SELECT json_agg(d.key) FROM (SELECT key FROM pair WHERE own <> source ORDER BY key LIMIT {limit}) AS d)"
            " AS examples FROM pair",
            own=raw(self._value(expression("t.{c}", c=self.column.name))),
            source=raw(self._value(expression("p.{c}", c=self.source.name))),
            c=self.column.name, s=self.source.name, key=raw(joined(key)), rows=raw(rows), parent=self.parent.name,
            same=raw(self.through.same), limit=SAMPLE_KEYS,
        )  # fmt: skip


def _asks(observation: Observation) -> Iterator[Question]:
    yield from asks(observation)
    for copy in _candidates(observation):
        yield copy.tried(observation)
        row = row_of(observation, copy.tried(observation))
        if row and _alike(row, copy.fewest):
            yield copy.counts()
            counts = row_of(observation, copy.counts())
            if is_formal(copy.table) and counts and _alike(counts, copy.fewest) and counts.count("differing"):
                yield copy.in_time()


def _candidates(observation: Observation) -> Iterator[Copy]:
    db = observation.snapshot
    for table in stored_tables(observation):
        past = meanings(table.name.name) & TABLES_OF_THE_PAST or _is_line_of_sale(table)
        for key in () if past or is_empty(observation, table) else references(observation, table):
            parent = db.find_table(key.parent) if key.parent != table.name else None
            if parent:
                yield from _copies(observation, table, key, parent)
        formal = past or meanings(table.name.name) & (SALES | FORMAL)
        for key in () if formal or is_empty(observation, table) else grandparents(observation, table):
            parent = db.find_table(key.parent)
            if parent:
                yield from _copies(observation, table, key, parent)


def _is_line_of_sale(table: Table) -> bool:
    """Whether its rows say what was sold, and keep it as it was called then."""
    said = meanings(table.name.name)
    return bool(said & SALES and said & LINES)


def _copies(observation: Observation, table: Table, key: Through, parent: Table) -> Iterator[Copy]:
    """Columns named as one of the parent's, or as the parent and its column; texts that have the same values."""
    sources = {"".join(english(column.name)): column for column in parent.columns}
    kept_equal = {name for other in table.foreign_keys if other.parent == parent.name for name in other.columns}
    kept_equal.update(key.columns)
    for column in table.columns:
        if column.name in kept_equal or column.generated or _is_as_it_was(table, column) or not _typed(column):
            continue
        named_so = sources.get(_named_after(parent, key, english(column.name)))
        own = column.type == "boolean" or (bare_type(column) in MOMENTS and not meanings(column.name) & OF_A_THING)
        named_so = named_so or (None if own else _of_same_name(sources, column))
        others = [source for source in parent.columns if source != named_so]
        same = [s for s in others if _have_the_same(observation, (table, column), (parent, s))]
        direct = () if key.by is not None else others
        alike = [s for s in direct if s not in same and _look_alike(observation, (table, column), (parent, s))]
        for source in (named_so, *same, *alike[:MOST_ALIKE]):
            if source and _typed(source) and _same_type(source, column) and source.name not in parent.primary_key:
                plain = source is named_so and _is_plain(observation, (table, column), (parent, source))
                yield Copy(table, column, key, parent, source, plain)


def _is_as_it_was(table: Table, column: Column) -> bool:
    """Whether it is written down as it was at the time; a place only in a document, for a thing has but one."""
    if as_it_was(column.comment):
        return True
    said = meanings(column.name) & AS_IT_WAS
    if said and said <= PLACES:
        return not _begins_as_a_reference(table, column) or bool(meanings(table.name.name) & (SALES | DOCUMENTS))
    return bool(said)


def _begins_as_a_reference(table: Table, column: Column) -> bool:
    """depot_city beside depot_id."""
    bases = (_reference(name) for key in table.foreign_keys for name in key.columns)
    return any(base and english(column.name)[: len(base)] == base for base in bases)


def _is_plain(observation: Observation, own: tuple[Table, Column], other: tuple[Table, Column]) -> bool:
    """Whether the one is in capital letters, and the other is not."""
    if not (is_text(own[1]) and is_text(other[1])):
        return False
    mine, theirs = (
        seen_values(statistics_of(observation, table).column(column.name)) for table, column in (own, other)
    )
    return are_capitals(mine) and not are_capitals(theirs)


def _have_the_same(observation: Observation, own: tuple[Table, Column], other: tuple[Table, Column]) -> bool:
    """Whether so many of the texts that ANALYZE kept of the one are among those of the other, and no list of a few."""
    if not (is_text(own[1]) and is_text(other[1])):
        return False
    mine, theirs = (
        {*seen_values(statistics_of(observation, table).column(column.name))} for table, column in (own, other)
    )
    return len(theirs) >= FEWEST_TEXTS and len(mine & theirs) >= SHARED * len(mine) > 0


def _look_alike(observation: Observation, own: tuple[Table, Column], other: tuple[Table, Column]) -> bool:
    """Whether both are texts of many values that are written alike: too many to meet in what ANALYZE kept."""
    if not (is_text(own[1]) and is_text(other[1])):
        return False
    varied = [statistics_of(observation, table).column(column.name) for table, column in (own, other)]
    if not all(seen and (seen.distinct < 0 or seen.distinct >= MANY_TEXTS) for seen in varied):
        return False
    mine, theirs = (_patterns(tuple(seen_values(seen))) for seen in varied)
    return len(mine & theirs) >= ALIKE * len(mine) > 0


@lru_cache(maxsize=MOST_KEPT)
def _patterns(texts: tuple[str, ...]) -> frozenset[str]:
    """Letters and digits, whichever, and what is between them."""
    return frozenset(DIGITS.sub("9", LETTERS.sub("a", text)) for text in texts)


def _of_same_name(sources: dict[str, Column], column: Column) -> Column | None:
    """The parent's column that is called the same, unless every table has such a one."""
    name = "".join(english(column.name))
    return None if name in COMMON else sources.get(name)


def _named_after(parent: Table, key: Through, parts: tuple[str, ...]) -> str:
    """What follows the parent's name, or the reference's; '' where the name is not made so."""
    for before in (english(parent.name.name), *(_reference(column) for column in key.columns)):
        if len(parts) > len(before) > 0 and parts[: len(before)] == before:
            return "".join(parts[len(before) :])
        if len(parts) > len(before) > 0 and parts[-len(before) :] == before:
            return "".join(parts[: -len(before)])
    return ""


def _reference(column: str) -> tuple[str, ...]:
    base = reference_name(column).base
    return english("_".join(base))


def _typed(column: Column) -> bool:
    return bare_type(column) in TYPES


def _same_type(one: Column, other: Column) -> bool:
    texts = {"text", "character varying"}
    types = {bare_type(one), bare_type(other)}
    return len(types) == 1 or types <= texts


def _alike(row: Row, fewest: int) -> bool:
    """Whether nearly all rows agree, and not because nearly all have the same value."""
    rows, differing = row.count("rows"), row.count("differing")
    chance = BY_CHANCE * (rows - row.count("most"))
    return rows >= FEWEST_ROWS and row.count("distinct") >= fewest and differing <= min(MOST_DIFFERING * rows, chance)


@rule(
    code="CPY001",
    title="Copy that disagrees with its source",
    why=(
        "The same fact is kept in two tables, and somebody changed it in one of them: what an answer says depends on"
        " which table the query happens to read."
    ),
    asks=_asks,
    example="""
        CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL);
        INSERT INTO author SELECT n, 'author ' || n FROM generate_series(1, 20) AS n;
        CREATE TABLE article (id int PRIMARY KEY, author_id int NOT NULL REFERENCES author, author_name text NOT NULL);
        CREATE INDEX ON article (author_id);
        INSERT INTO article SELECT n, n % 20 + 1, 'author ' || n % 20 + 1 FROM generate_series(1, 200) AS n;
        UPDATE author SET name = 'author seven' WHERE id = 7;
        ANALYZE;
    """,
    clean="""
        CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL, country text NOT NULL);
        INSERT INTO author SELECT n, 'author ' || n, CASE WHEN n > 1 THEN 'us' ELSE 'fr' END
        FROM generate_series(1, 20) AS n;
        CREATE TABLE product (id int PRIMARY KEY, author_id int NOT NULL REFERENCES author, price int NOT NULL,
                              country text NOT NULL, author_name text NOT NULL);
        CREATE INDEX ON product (author_id);
        INSERT INTO product SELECT n, n % 20 + 1, n * 3, CASE WHEN n % 25 > 0 THEN 'us' ELSE 'at' || n END,
                                   'author ' || n % 20 + 1 FROM generate_series(1, 200) AS n;
        CREATE TABLE sale (id int PRIMARY KEY, product_id int NOT NULL REFERENCES product, product_price int NOT NULL);
        CREATE INDEX ON sale (product_id);
        INSERT INTO sale SELECT n, n, n * 3 FROM generate_series(1, 200) AS n;
        UPDATE product SET price = price + 1 WHERE id < 9;
        ANALYZE;
    """,
)
def drifted_copy(observation: Observation) -> Iterator[Finding]:
    """Columns that agree with one of the row they refer to, but for some rows."""
    for copy in _candidates(observation):
        tried = row_of(observation, copy.tried(observation))
        row = row_of(observation, copy.counts()) if tried and _alike(tried, copy.fewest) else None
        if row and _alike(row, copy.fewest) and row.count("differing") and not _was_so_then(observation, copy):
            yield _finding(copy, row)


def _was_so_then(observation: Observation, copy: Copy) -> bool:
    row = row_of(observation, copy.in_time()) if is_formal(copy.table) else None
    return row is not None and was_so_then(row)


def _finding(copy: Copy, row: Row) -> Finding:
    source = named(copy.parent, copy.source.name)
    return Finding(
        object=named(copy.table, copy.column.name),
        message=f"repeats {source}, and disagrees with it in {row.count('differing'):,} rows",
        severity=Severity.WARNING,
        evidence=known((
            catalog("repeats", source), catalog("by way of", copy.through.columns),
            scan("rows with both", row.count("rows")), scan("differing", row.count("differing")),
            scan("differing rows, for example", row.texts("examples")),
        )),
        advice="say which of the two is right and mend the other; then read it through the join, or keep it by a"
        " foreign key over both columns ON UPDATE CASCADE",
        cost=Cost(rows=row.count("differing")),
    )  # fmt: skip
