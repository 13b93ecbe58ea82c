"""A table that nothing ties to any other, in a schema where most are tied."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Rule, Severity, rule
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, is_text, statistics_of, tables
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import stems
from pgrefit.rules._purposes import SETTINGS, is_landed, is_log, is_of_settings, is_passed_on
from pgrefit.rules.references import (
    list_of_references,
    missing_foreign_key,
    reference_as_text,
    reference_to_several_tables,
)

FEWEST_LINKED = 3  # tables; in a smaller schema nothing is usual
VALUES = ("value", "val", "valeur", "valor", "valore", "waarde", "wert", "wartosc", "deger", "nilai")
TIES: tuple[Rule, ...] = (
    missing_foreign_key.missing_foreign_key,
    reference_as_text.reference_as_text,
    list_of_references.list_of_references,
    reference_to_several_tables.reference_to_several_tables,
)


def _asks(observation: Observation) -> Iterator[Question]:
    for tie in TIES:
        yield from tie.asks(observation)


@rule(
    code="REF019",
    title="Table linked to nothing",
    why="Among linked tables one without links was often forgotten: a reference is missing, or the table is dead.",
    asks=_asks,
    example="""
        CREATE TABLE author (id int PRIMARY KEY);
        CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author);
        CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book);
        CREATE TABLE shelf (id int PRIMARY KEY, room text);
    """,
    clean="""
        CREATE TABLE author (id int PRIMARY KEY);
        CREATE TABLE book (id int PRIMARY KEY, author_id int REFERENCES author);
        CREATE TABLE loan (id int PRIMARY KEY, book_id int REFERENCES book);
        CREATE TABLE setting (key text PRIMARY KEY, value text);
        CREATE TABLE const (id int PRIMARY KEY, name text NOT NULL UNIQUE, value text);
        CREATE TABLE review (id int PRIMARY KEY, book_id int NOT NULL, stars int);
        INSERT INTO author VALUES (1);
        INSERT INTO book SELECT n, 1 FROM generate_series(1, 30) AS n;
        INSERT INTO review SELECT n, n % 30 + 1, 3 FROM generate_series(1, 90) AS n;
        CREATE TABLE audit_log (id bigint PRIMARY KEY, row_id text, at timestamptz NOT NULL);
        CREATE TABLE job (id bigint PRIMARY KEY, kind text, attempts int, done_at timestamptz);
        CREATE SCHEMA loose;
        CREATE TABLE loose.event (id int PRIMARY KEY);
        CREATE TABLE loose.job (id int PRIMARY KEY);
    """,
    by_default=False,
)
def unlinked_table(observation: Observation) -> Iterator[Finding]:
    """Tables that refer to no other one, nor another to them, by keys or by values, where most of the schema do."""
    own = [table for table in tables(observation) if table.kind != "foreign table"]
    keys = ((table.name, key.parent) for table in observation.snapshot.tables for key in table.foreign_keys)
    linked = {name for ends in keys for name in ends if name} | set(_tied(observation))
    counts = Counter(table.name.schema for table in own if table.name in linked)
    loose = [table.name for table in own if table.name not in linked]
    loose_counts = Counter(name.schema for name in loose)
    apart = {t.name for t in own if _stands_alone(t) or statistics_of(observation, t).rows == 1}
    for name in loose:
        if name not in apart and counts[name.schema] >= max(FEWEST_LINKED, loose_counts[name.schema]):
            yield _finding(name, counts[name.schema], loose_counts[name.schema])


def _tied(observation: Observation) -> Iterator[Relation]:
    """Both ends of the references that values, or names where there are none, tell."""
    for tie in TIES:
        for finding in tie.check(observation):
            said = {evidence.measure: evidence.value for evidence in finding.evidence}
            places = [finding.object.partition(" (")[0] + ".*" if "columns" in said else finding.object]
            for value in (said.get(measure, ()) for measure in ("key", "keys", "references")):
                places += map(str, value) if isinstance(value, tuple) else [str(value)]
            ends = {Relation(*parts[:2]) for parts in map(_parts, places) if len(parts) > 2}
            yield from ends if len(ends) > 1 else ()


def _parts(name: str) -> tuple[str, ...]:
    try:
        return split_dotted(name)
    except ValueError:
        return ()


def _stands_alone(table: Table) -> bool:
    """Settings, logs, messages and imports refer to all and to nothing."""
    settings = is_of_settings(table) or _has_values_by_name(table)
    return settings or is_log(table.name) or is_passed_on(table) or is_landed(table)


def _has_values_by_name(table: Table) -> bool:
    """Whether each row is a name, of which there is one, and its value; in a table of settings at any rate."""
    single = {index.columns[0] for index in table.indexes if index.unique and len(index.columns) == 1}
    named = any(column.name in single and is_text(column) for column in table.columns)
    named |= bool(meanings(table.name.name) & SETTINGS)
    return named and any(stems(column.name)[-1:] == (value,) for column in table.columns for value in VALUES)


def _finding(name: Relation, linked: int, loose: int) -> Finding:
    return Finding(
        object=str(name),
        message=f"is linked to no other table, as {linked} of {linked + loose} tables of the schema are",
        severity=Severity.INFO,
        evidence=(catalog("linked tables of the schema", linked), catalog("tables of the schema", linked + loose)),
        advice="declare the foreign key that is missing, or drop the table if nothing uses it",
    )
