"""Several values in one text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import TEXT_TYPES, catalog, known, named, statistics_of
from pgrefit.rules._columns import columns_of_type, seen_values
from pgrefit.rules._names import words

LISTS = {"csv", "ids", "uuids", "guids"}  # a name that says so
PLURALS = {
    "accounts", "allergies", "attributes", "authors", "categories", "codes", "countries", "domains", "emails",
    "features", "flags", "genres", "groups", "hobbies", "hosts", "ingredients", "interests", "keys", "keywords",
    "labels", "languages", "list", "members", "names", "numbers", "options", "permissions", "phones", "recipients",
    "roles", "scopes", "skills", "symptoms", "tags", "teams", "topics", "types", "urls", "users", "values",
}  # fmt: skip
ITEMS = re.compile(r"\[?[^,;|\s][^,;|]{0,60}(?:\s?[,;|]\s?[^,;|]{1,60})+\]?")
SHARE = 0.3  # of the values that ANALYZE kept
FEWEST = 2  # values, and lists among them
SENTENCE = 5  # words of a part of prose


@rule(
    code="RED011",
    title="List kept in a text",
    why=(
        "No foreign key holds its items, no index finds one, and removing one means rewriting the text; a search by"
        " LIKE for 7 finds 17."
    ),
    example="CREATE TABLE project (id int PRIMARY KEY, member_ids text NOT NULL);",
    clean="""
        CREATE TABLE project (id int PRIMARY KEY, member_ids int[], label_ids jsonb, tags text, emails text, kids text);
        INSERT INTO project SELECT n, '{}', '[]', 'tag ' || n, n || '@example.org', 'a, b'
        FROM generate_series(1, 50) AS n;
        ANALYZE project;
    """,
)
def list_in_text(observation: Observation) -> Iterator[Finding]:
    """Columns of text named x_ids or x_csv, and those named in the plural whose sampled values are lists."""

    def may_hold_lists(_: Table, column: Column) -> bool:
        said = words(column.name)
        return bool(said) and not column.type.endswith("[]") and said[-1] in LISTS | PLURALS

    for table, columns in columns_of_type(
        observation, lambda type_: type_.partition("(")[0] in TEXT_TYPES, may_hold_lists
    ):
        for column in columns:
            share = _share_of_lists(observation, table, column)
            by_name = words(column.name)[-1] in LISTS
            if share >= SHARE or (by_name and share < 0):
                yield _finding(table, column, share)


def _share_of_lists(observation: Observation, table: Table, column: Column) -> float:
    """The share of lists among the values that ANALYZE kept, 0 where they are no two; -1 where no values tell."""
    values = [value for value in seen_values(statistics_of(observation, table).column(column.name)) if value.strip()]
    lists = sum(_is_list(value) for value in values)
    if len(values) < FEWEST:
        return -1.0
    return lists / len(values) if lists >= FEWEST else 0.0


def _is_list(value: str) -> bool:
    items = re.split(r"[,;|]", value)
    return ITEMS.fullmatch(value.strip()) is not None and all(len(item.split()) < SENTENCE for item in items)


def _finding(table: Table, column: Column, share: float) -> Finding:
    seen = share >= 0
    return Finding(
        object=named(table, column.name),
        message="holds lists as text" if seen else "is named like a list, and is a text",
        severity=Severity.WARNING if seen else Severity.INFO,
        evidence=known((
            catalog("type", column.type),
            Evidence(measure="share of lists among values that ANALYZE kept", source="statistics",
                     value=round(share, 2) if seen else ()),
        )),
        advice="make a table of its own with a row for each item; or an array, where nothing else refers to the items",
    )  # fmt: skip
