"""A column that is named, typed and filled like a reference, without a foreign key."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.model.change import Change
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    WHOLE_TYPES,
    Row,
    is_empty,
    known,
    named,
    row_of,
    rows_of,
    sampled_values,
    scan,
)
from pgrefit.rules._indexes import index_on, serves_lookup
from pgrefit.rules._names import reference_name
from pgrefit.rules.references._parents import Parents, Reference, Search, candidates, polymorphic, usual_on_delete

ENOUGH = 0.8
FEWEST_ROWS = 20  # that tell more than chance, where small numbers meet small numbers
KEY_TYPES = ("uuid", *WHOLE_TYPES)


def _asks(observation: Observation) -> Iterator[Question]:
    for lead in _leads(observation):
        if isinstance(lead, Search):
            yield lead.question(observation)
        reference = lead.found(observation) if isinstance(lead, Search) else lead
        if reference and not is_empty(observation, reference.table):
            yield _counts(reference)
            row = row_of(observation, _counts(reference))
            if row and _contained(row) and row.count("orphans"):
                yield _examples(reference)


def _leads(observation: Observation) -> Iterator[Reference | Search]:
    """Columns whose name tells the table; of those of type uuid, which are equal by no chance, any other too."""
    parents = {type_: Parents.keyed_by(observation, (type_,)) for type_ in KEY_TYPES}
    for table, column in candidates(observation, skip_primary_key=False):
        if column.type not in KEY_TYPES or polymorphic(table, column):
            continue
        marked = reference_name(column.name).marked
        best = parents[column.type].named(column.name, table) if marked else None
        if best:
            yield Reference(table, column, *best)
        elif column.type == "uuid" and column.default is None and not is_empty(observation, table):
            likely = parents["uuid"].likely(column.name, table)
            if likely:
                yield Search(table, column, likely)


def _counts(reference: Reference) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) - count(t.{column}) AS nulls, count(p.{key}) AS matching,"
        " count(t.{column}) - count(p.{key}) AS orphans"
        " FROM {table} AS t LEFT JOIN {parent} AS p ON p.{key} = t.{column}",
        table=reference.table.name, column=reference.column.name, parent=reference.parent.name, key=reference.key.name,
    )  # fmt: skip
    return Question(reference.table.name, select)


def _examples(reference: Reference) -> Question:
    select = ddl(
        "SELECT DISTINCT 'orphan' AS kind, t.{column}::text AS value FROM {table} AS t WHERE t.{column} IS NOT NULL"
        " AND NOT EXISTS (SELECT FROM {parent} AS p WHERE p.{key} = t.{column}) ORDER BY value LIMIT {limit}",
        table=reference.table.name, column=reference.column.name, parent=reference.parent.name, key=reference.key.name,
        limit=SAMPLE_KEYS,
    )  # fmt: skip
    return Question(reference.table.name, select)


def _contained(row: Row) -> bool:
    filled = row.count("rows") - row.count("nulls")
    return filled > 0 and row.count("matching") >= ENOUGH * filled


@rule(
    code="REF002",
    title="Reference without a foreign key",
    why=(
        "Nothing stops a row from referring to something that does not exist, or its parent from going away; and the"
        " planner does not know that the join finds exactly one row."
    ),
    asks=_asks,
    example="""
        CREATE TABLE customer (id bigint PRIMARY KEY);
        INSERT INTO customer SELECT generate_series(1, 20);
        CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id bigint NOT NULL);
        INSERT INTO invoice SELECT n, n % 20 + 1 FROM generate_series(1, 100) AS n;
        ANALYZE customer, invoice;
    """,
    clean="""
        CREATE TABLE customer (id bigint PRIMARY KEY);
        INSERT INTO customer SELECT generate_series(1, 20);
        CREATE TABLE invoice (id bigint PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customer, subject_id bigint,
                              subject_type text, external_id bigint);
        CREATE INDEX ON invoice (customer_id);
        INSERT INTO invoice SELECT n, n % 20 + 1, n, 'invoice', n FROM generate_series(1, 100) AS n;
        ANALYZE customer, invoice;
    """,
)
def missing_foreign_key(observation: Observation) -> Iterator[Finding]:
    """Columns whose name and values say that they refer to another table."""
    for lead in _leads(observation):
        reference = lead.found(observation) if isinstance(lead, Search) else lead
        row = row_of(observation, _counts(reference)) if reference else None
        if reference and row and _contained(row):
            yield _finding(observation, reference, row)
        elif reference and _unfilled(observation, reference, row) and _meant_by_name(observation, reference):
            yield _by_name_alone(reference)


def _meant_by_name(observation: Observation, reference: Reference) -> bool:
    """Another table of the very name, in the same schema or in one that this schema refers to."""
    schema, parent = reference.table.name.schema, reference.parent.name
    children = (table.name.schema for table, _ in observation.snapshot.references_to(parent))
    near = schema == parent.schema or schema in children
    return reference.by_name == 3 and parent != reference.table.name and near


def _unfilled(observation: Observation, reference: Reference, row: Row | None) -> bool:
    return is_empty(observation, reference.table) or (row is not None and not row.count("rows"))


def _tells(reference: Reference, row: Row) -> bool:
    """Whether the values cannot well be equal by chance."""
    return reference.by_name == 3 or reference.key.type == "uuid" or row.count("matching") >= FEWEST_ROWS


def _finding(observation: Observation, reference: Reference, row: Row) -> Finding:
    orphans, sure = row.count("orphans"), _tells(reference, row)
    key = named(reference.parent, reference.key.name)
    examples = sampled_values(rows_of(observation, _examples(reference)), "orphan")
    broken = "mend or put aside the rows that refer to nothing, then add the foreign key"
    return Finding(
        object=named(reference.table, reference.column.name),
        message=f"holds ids of {key} without a foreign key" + (", and some of them are gone" if orphans else ""),
        severity=Severity.INFO if not sure else Severity.ERROR if orphans else Severity.WARNING,
        evidence=known((
            scan("rows", row.count("rows")), scan("null", row.count("nulls")), scan("matching", row.count("matching")),
            scan("orphans", orphans), scan("orphans, for example", examples),
        )),
        remedy=_foreign_key(observation, reference) if sure and not orphans else (),
        advice="there are too few rows to be sure" if not sure else broken if orphans else "",
    )  # fmt: skip


def _by_name_alone(reference: Reference) -> Finding:
    return Finding(
        object=named(reference.table, reference.column.name),
        message=f"is named like a reference to {named(reference.parent, reference.key.name)}; the table is empty",
        severity=Severity.INFO,
        evidence=(scan("rows", 0),),
        advice="audit again when there are rows, or declare the foreign key if it is one",
    )


def _foreign_key(observation: Observation, reference: Reference) -> tuple[Change, ...]:
    columns = (reference.column.name,)
    key = AddForeignKey(
        table=reference.table.name, columns=columns, parent=reference.parent.name,
        parent_columns=(reference.key.name,), on_delete=usual_on_delete(observation, reference.parent),
    )  # fmt: skip
    served = any(serves_lookup(index, columns) for index in reference.table.indexes)
    return (key,) if served else (index_on(observation.snapshot, reference.table, columns), key)
