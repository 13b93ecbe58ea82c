"""A column that keeps several ids of another table in one value: '3,17,25', or an array."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column
from pgrefit.rules._ask import Row, catalog, known, named, row_of, scan

from ._listed import Listed
from ._lists import lists, shapes


def _asks(observation: Observation) -> Iterator[Question]:
    yield from shapes(observation)
    for found in lists(observation):
        for listed in found:
            yield listed.tried(observation)
            row = row_of(observation, listed.tried(observation))
            if row and listed.holds(row):
                yield listed.counts()


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
    """Texts, arrays and arrays in documents most of whose items are keys of one table."""
    for found in lists(observation):
        counted = ((listed, _counts(observation, listed)) for listed in found)
        held = [(listed, row) for listed, row in counted if row]
        if held:
            yield _finding(*max(held, key=lambda entry: entry[1].count("matching") / entry[1].count("items")))


def _counts(observation: Observation, listed: Listed) -> Row | None:
    tried = row_of(observation, listed.tried(observation))
    row = row_of(observation, listed.counts()) if tried and listed.holds(tried) else None
    return row if row and listed.holds(row) else None


def _severity(column: Column, orphans: int) -> Severity:
    """Less of an array, which can be indexed and whose items are told apart."""
    if orphans:
        return Severity.ERROR
    return Severity.INFO if column.type.endswith("[]") else Severity.WARNING


def _finding(listed: Listed, row: Row) -> Finding:
    key, orphans = named(listed.key.table, listed.key.column.name), row.count("orphans")
    return Finding(
        object=named(listed.table, listed.column.name),
        message=f"lists ids of {key}" + (", and some of them are gone" if orphans else ""),
        severity=_severity(listed.column, orphans),
        evidence=known((
            catalog("key", key), *([catalog("at", listed.path)] if listed.path else []),
            scan("rows", row.count("rows")), scan("with a list", row.count("filled")),
            scan("with more than one item", row.count("several")), scan("items", row.count("items")),
            scan("distinct", row.count("distinct")), scan("matching", row.count("matching")), scan("orphans", orphans),
            scan("orphans, for example", row.texts("examples")),
        )),
        advice=f"a table with a row for each pair of {listed.table.name.name} and {listed.key.table.name.name}, and"
        " foreign keys to both, keeps them whole and finds them from both sides",
        cost=Cost(rows=orphans) if orphans else None,
    )  # fmt: skip
