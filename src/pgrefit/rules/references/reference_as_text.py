"""A text column that holds ids of another table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.model.ddl import ddl, raw
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_text, known, named, row_of, rows_of, sampled_values, scan
from pgrefit.rules._names import affinity, best_named, reference_name
from pgrefit.rules.references._parents import Reference, Search, candidates, keyed_by, search, usual_on_delete

UUID = re.compile(r"\s*\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?\s*", re.IGNORECASE)
ENOUGH = 0.8


def _asks(observation: Observation) -> Iterator[Question]:
    for sought in _searches(observation):
        yield sought.question(observation)
    for reference in _references(observation):
        yield _counts(reference)
        row = row_of(observation, _counts(reference))
        if row and _holds_ids(row) and (row.count("orphans") or row.count("not_castable")):
            yield _examples(reference)


def _references(observation: Observation) -> Iterator[Reference]:
    yield from _by_name(observation)
    yield from (found for sought in _searches(observation) if (found := sought.found(observation)))


def _by_name(observation: Observation) -> Iterator[Reference]:
    parents = keyed_by(observation, ("uuid", "bigint", "integer"))
    for table, column in candidates(observation, skip_primary_key=True):
        reference = reference_name(column.name)
        share = _uuid_share(observation, table, column) if is_text(column) else 0.0
        if not is_text(column) or (not reference.marked and share != 1.0):
            continue
        fitting = [p for p in parents if share != 0.0 or p.column(p.primary_key[0]).type != "uuid"]
        parent = best_named(reference, fitting, owner=table.name)
        if parent and reference.base != ("id",):
            yield Reference(table, column, parent, affinity(reference, parent.name, owner=table.name))


def _searches(observation: Observation) -> Iterator[Search]:
    parents = keyed_by(observation, ("uuid",))
    named_already = {(r.table.name, r.column.name) for r in _by_name(observation)}
    for table, column in candidates(observation, skip_primary_key=True):
        if not is_text(column) or (table.name, column.name) in named_already:
            continue
        share = _uuid_share(observation, table, column)
        likely = reference_name(column.name).marked if share is None else share >= ENOUGH
        sought = search(table, column, parents) if likely else None
        if sought:
            yield sought


def _uuid_share(observation: Observation, table: Table, column: Column) -> float | None:
    """Which share of the values that ANALYZE kept look like a uuid; None where it kept none."""
    statistics = observation.statistics.table(table.name).column(column.name)
    values = (*statistics.values, *statistics.bounds) if statistics else ()
    return sum(UUID.fullmatch(value) is not None for value in values) / len(values) if values else None


def _counts(reference: Reference) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) FILTER (WHERE t.{column} IS NULL) AS nulls, count(p.{key}) AS matching,"
        " count(*) FILTER (WHERE v.value IS NOT NULL AND p.{key} IS NULL) AS orphans,"
        " count(*) FILTER (WHERE t.{column} IS NOT NULL AND v.value IS NULL) AS not_castable,"
        " count(*) FILTER (WHERE v.value::text <> t.{column}::text) AS written_otherwise"
        " FROM {table} AS t CROSS JOIN LATERAL (SELECT {value} AS value) AS v"
        " LEFT JOIN {parent} AS p ON p.{key} = v.value",
        table=reference.table.name, column=reference.column.name, value=raw(reference.value),
        parent=reference.parent.name, key=reference.key.name,
    )  # fmt: skip
    return Question(reference.table.name, select)


def _examples(reference: Reference) -> Question:
    select = ddl(
        "(SELECT DISTINCT 'orphan' AS kind, t.{column}::text AS value FROM {table} AS t WHERE {value} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = {value}) ORDER BY value LIMIT {limit})"
        " UNION ALL"
        " (SELECT DISTINCT 'not castable', t.{column}::text AS value FROM {table} AS t"
        " WHERE t.{column} IS NOT NULL AND {value} IS NULL ORDER BY value LIMIT {limit})",
        table=reference.table.name, column=reference.column.name, value=raw(reference.value),
        parent=reference.parent.name, key=reference.key.name, limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(reference.table.name, select)


def _holds_ids(row: Row) -> bool:
    matching, castable = row.count("matching"), row.count("matching") + row.count("orphans")
    return matching > 0 and matching >= ENOUGH * castable and castable * 2 > row.count("not_castable")


@rule(
    code="REF001",
    title="Reference kept as text",
    why=(
        "The database cannot keep such a reference whole: it may name a row that never was or that is gone, in any"
        " spelling. Joins must convert each value, and so no index on the column or on the key serves them."
    ),
    asks=_asks,
    example="""
        CREATE TABLE author (id uuid PRIMARY KEY);
        INSERT INTO author SELECT md5(n::text)::uuid FROM generate_series(1, 20) AS n;
        CREATE TABLE book (id int PRIMARY KEY, author_id text NOT NULL);
        INSERT INTO book SELECT n, md5((n % 20 + 1)::text)::uuid::text FROM generate_series(1, 95) AS n;
        INSERT INTO book VALUES (96, upper(md5('1')::uuid::text)), (97, ' ' || md5('2')::uuid),
                                (98, md5('nobody')::uuid::text), (99, 'undefined'), (100, '');
        ANALYZE author, book;
    """,
    clean="""
        CREATE TABLE author (id uuid PRIMARY KEY);
        INSERT INTO author SELECT md5(n::text)::uuid FROM generate_series(1, 20) AS n;
        CREATE TABLE book (id int PRIMARY KEY, author_id uuid NOT NULL REFERENCES author,
                           chapter_id text, request_id text);
        CREATE INDEX ON book (author_id);
        INSERT INTO book SELECT n, md5((n % 20 + 1)::text)::uuid, 'chapter-' || n, md5('request ' || n)::uuid
        FROM generate_series(1, 95) AS n;
        ANALYZE author, book;
    """,
)
def reference_as_text(observation: Observation) -> Iterator[Finding]:
    """Text columns most of whose values are keys of another table."""
    for reference in _references(observation):
        row = row_of(observation, _counts(reference))
        if row and _holds_ids(row):
            yield _finding(observation, reference, row)


def _finding(observation: Observation, reference: Reference, row: Row) -> Finding:
    key = f"{named(reference.parent, reference.key.name)} ({reference.key.type})"
    broken = row.count("orphans") + row.count("not_castable")
    conversion = Conversion(
        column=reference.column.name, to_type=reference.key.type, parent=reference.parent.name,
        parent_column=reference.key.name, on_delete=usual_on_delete(observation, reference.parent),
        required=reference.column.not_null,
    )  # fmt: skip
    return Finding(
        object=named(reference.table, reference.column.name),
        message=f"text column holds ids of {key} without a foreign key",
        severity=Severity.ERROR if broken else Severity.WARNING,
        evidence=_evidence(observation, reference, row),
        remedy=(RetypeColumns(table=reference.table.name, conversions=(conversion,)),),
    )


def _evidence(observation: Observation, reference: Reference, row: Row) -> tuple[Evidence, ...]:
    examples = rows_of(observation, _examples(reference))
    return known((
        scan("rows", row.count("rows")),
        scan("null", row.count("nulls")),
        scan("matching", row.count("matching")),
        scan("orphans", row.count("orphans")),
        scan("not castable", row.count("not_castable")),
        scan("in another spelling", row.count("written_otherwise")),
        scan("orphans, for example", sampled_values(examples, "orphan")),
        scan("not castable, for example", sampled_values(examples, "not castable")),
    ))
