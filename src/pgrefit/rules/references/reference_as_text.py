"""A text column that holds ids of another table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.changes.retype_columns import Conversion, RetypeColumns
from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.finding import Evidence, Finding, Severity, rule
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
    rows_of,
    sampled_values,
    scan,
    statistics_of,
)
from pgrefit.rules._columns import seen_values
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import affinity, reference_name, stems
from pgrefit.rules._purposes import is_log
from pgrefit.rules.data._meanings import PLACES
from pgrefit.rules.references._directory import keys_for
from pgrefit.rules.references._far import begins_far
from pgrefit.rules.references._parents import Parents, Reference, Search, candidates, polymorphic, usual_on_delete
from pgrefit.rules.references._ranking import standing
from pgrefit.rules.references._vocabulary import CODES, QUANTITIES

UUID = re.compile(r"\s*\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?\s*", re.IGNORECASE)
NUMBER = re.compile(r"\s*[0-9]{1,18}\s*")
ENOUGH = 0.8
FEWEST_NUMBERS, MOST_FAR = 10, 4
WHOLE, UUIDS = ("bigint", "integer"), ("uuid",)
OTHER_NUMBERS = {
    *PLACES,
    "phone",
    "mobile",
    "fax",
    "plz",
    "postal",
    "year",
    "version",
    "pin",
    "account",
    "iban",
    "vat",
    "tax",
}
OF_TEXT = {"txt", "text", "str", "string", "char"}


def _asks(observation: Observation) -> Iterator[Question]:
    for lead in _leads(observation):
        if isinstance(lead, Search):
            yield lead.question(observation)
        reference = lead.found(observation) if isinstance(lead, Search) else lead
        row = row_of(observation, _counts(reference)) if reference else None
        if reference:
            yield _counts(reference)
        if reference and row and _holds_ids(row) and (row.count("orphans") or row.count("not_castable")):
            yield _examples(reference)


def _leads(observation: Observation) -> Iterator[Reference | Search]:
    """Text columns whose name tells the table, or whose values tell that they are ids."""
    texts = [(table, c) for table, c in candidates(observation) if is_text(c) and not is_empty(observation, table)]
    if not texts:
        return
    parents = Parents.keyed_by(observation, ("uuid", *WHOLE))
    of_uuid, of_number = (Parents.keyed_by(observation, types, unique=types == UUIDS) for types in (UUIDS, WHOLE))
    far = [parent for parent in of_number.keyed.values() if begins_far(observation, parent)][:MOST_FAR]
    called = _by_key(of_number)
    for table, column in texts:
        share = _uuid_share(observation, table, column)
        marked = reference_name(column.name).marked
        if (marked or share == 1.0) and not polymorphic(table, column):
            near = of_uuid if share == 1.0 else parents
            best = near.named(column.name, table, but=frozenset({"uuid"} if share == 0.0 else ()))
            if best:
                yield Reference(table, column, *best)
                continue
        likely = of_uuid.likely(column.name, table) if (marked if share is None else share >= ENOUGH) else ()
        if share == 0.0 and not polymorphic(table, column) and _are_numbers(observation, table, column):
            meant = _by_its_words(of_number, called, table, column) or _as_a_number(observation, table, column)
            if meant:
                yield Reference(
                    table, column, meant, affinity(reference_name(column.name), meant.name, owner=table.name)
                )
                continue
            other = meanings(column.name) & (OTHER_NUMBERS | QUANTITIES)
            likely = () if other else tuple(parent for parent in far if parent.name != table.name)
        if likely and not polymorphic(table, column):
            yield Search(table, column, likely)


def _are_numbers(observation: Observation, table: Table, column: Column) -> bool:
    """Whether most values are whole numbers, of which there are several."""
    values = seen_values(statistics_of(observation, table).column(column.name))
    return len(set(values)) >= FEWEST_NUMBERS and sum(map(bool, map(NUMBER.fullmatch, values))) >= ENOUGH * len(values)


def _by_key(parents: Parents) -> dict[tuple[str, ...], list[Table]]:
    """Tables by what their keys are called, without the mark: shp of shp_id."""
    found: dict[tuple[str, ...], list[Table]] = {}
    for table in parents.keyed.values():
        reference = reference_name(table.primary_key[0])
        if reference.marked:
            found.setdefault(reference.base, []).append(table)
    return found


def _by_its_words(
    parents: Parents, called: dict[tuple[str, ...], list[Table]], table: Table, column: Column
) -> Table | None:
    """The one table that is called as the column is, or whose key is: shipment, shp_no of shp_id."""
    base = stems(column.name)
    while len(base) > 1 and base[-1] in CODES | OF_TEXT:
        base = base[:-1]
    named = {t.name: t for t in (*parents.by_ending.get(base, ()), *parents.by_name.get("".join(base), ()))}
    found = [t for t in list(named.values()) or called.get(base, []) if t.name != table.name]
    return found[0] if len(found) == 1 else None


def _as_a_number(observation: Observation, table: Table, column: Column) -> Table | None:
    """The one table whose main key a column of that name would hold, were it a number."""
    options = keys_for(observation.snapshot, table).options(table, replace(column, type="bigint"))
    likely = [o for o in options if standing(table, o) == standing(table, options[0])]
    found = {o.key.table.name: o.key.table for o in likely if o.key.primary and not o.bare}
    return next(iter(found.values())) if len(found) == 1 and table.name not in found else None


def _uuid_share(observation: Observation, table: Table, column: Column) -> float | None:
    """Which share of the values that ANALYZE kept look like a uuid; None where it kept none."""
    statistics = statistics_of(observation, table).column(column.name)
    values = (*statistics.values, *statistics.bounds) if statistics else ()
    return sum(UUID.fullmatch(value) is not None for value in values) / len(values) if values else None


def _counts(reference: Reference) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) - count(v.text) AS nulls, count(p.{key}) AS matching,"
        " count(v.value) - count(p.{key}) AS orphans, count(v.text) - count(v.value) AS not_castable,"
        " count(*) FILTER (WHERE v.value::text <> v.text) AS written_otherwise"
        " FROM {values} AS v LEFT JOIN {parent} AS p ON p.{key} = v.value",
        key=reference.key.name, values=raw(_values(reference)), parent=reference.parent.name,
    )  # fmt: skip
    return Question(reference.table.name, select)


def _values(reference: Reference) -> Expression:
    """Each row's text and its value; a sub-select of its own, so that each is converted once."""
    return expression(
        "(SELECT t.{column}::text AS text, {value} AS value FROM {table} AS t OFFSET 0)",
        column=reference.column.name, value=raw(reference.value), table=reference.table.name,
    )  # fmt: skip


def _examples(reference: Reference) -> Question:
    select = ddl(
        "WITH broken AS (SELECT DISTINCT CASE WHEN v.value IS NULL THEN 'not castable' ELSE 'orphan' END AS kind,"
        " v.text FROM {values} AS v LEFT JOIN {parent} AS p ON p.{key} = v.value"
        " WHERE v.text IS NOT NULL AND p.{key} IS NULL)"
        " SELECT s.kind, s.text AS value"
        " FROM (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY text) AS place FROM broken) AS s"
        " WHERE s.place <= {limit} ORDER BY s.kind, s.text",
        values=raw(_values(reference)), parent=reference.parent.name, key=reference.key.name, limit=SAMPLE_KEYS,
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
    for lead in _leads(observation):
        reference = lead.found(observation) if isinstance(lead, Search) else lead
        row = row_of(observation, _counts(reference)) if reference else None
        if reference and row and _holds_ids(row):
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
        severity=_severity(reference, broken),
        evidence=_evidence(observation, reference, row),
        remedy=(RetypeColumns(table=reference.table.name, conversions=(conversion,)),),
    )


def _severity(reference: Reference, broken: int) -> Severity:
    """Less of a log, which outlives what it tells of."""
    if is_log(reference.table.name):
        return Severity.WARNING if broken else Severity.INFO
    return Severity.ERROR if broken else Severity.WARNING


def _evidence(observation: Observation, reference: Reference, row: Row) -> tuple[Evidence, ...]:
    examples = rows_of(observation, _examples(reference))
    return known(
        (
            catalog("key", named(reference.parent, reference.key.name)),
            scan("rows", row.count("rows")),
            scan("null", row.count("nulls")),
            scan("matching", row.count("matching")),
            scan("orphans", row.count("orphans")),
            scan("not castable", row.count("not_castable")),
            scan("in another spelling", row.count("written_otherwise")),
            scan("orphans, for example", sampled_values(examples, "orphan")),
            scan("not castable, for example", sampled_values(examples, "not castable")),
        )
    )
