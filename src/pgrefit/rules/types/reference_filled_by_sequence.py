"""A reference whose default is the next number of a sequence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.changes.set_default import SetDefault
from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import WHOLE_TYPES, catalog, known, named
from pgrefit.rules._columns import columns_of_type, takes_next_number
from pgrefit.rules._names import reference_name, stems


@rule(
    code="TYP013",
    title="Reference filled by a sequence",
    why=(
        "A row that is written without saying what it refers to does not fail: it refers to whatever happens to have"
        " the next number."
    ),
    example="""
        CREATE TABLE customer (id int PRIMARY KEY);
        CREATE TABLE invoice (id int PRIMARY KEY, customer_id serial REFERENCES customer);
    """,
    clean="""
        CREATE TABLE customer (id serial PRIMARY KEY, parent_id int REFERENCES customer, customer_id serial UNIQUE);
        CREATE TABLE invoice (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, position serial, seq bigserial,
                              customer_id int NOT NULL REFERENCES customer);
    """,
)
def reference_filled_by_sequence(observation: Observation) -> Iterator[Finding]:
    """Columns of foreign keys, or named like one, that are serial or an identity."""

    def filled(table: Table, column: Column) -> bool:
        return takes_next_number(column) and (_refers(table, column) or _is_named_so(observation, table, column))

    for table, columns in columns_of_type(observation, lambda type_: type_ in {*WHOLE_TYPES, "numeric"}, filled):
        for column in columns:
            yield Finding(
                object=named(table, column.name),
                message="refers to another table, and gets the next number of a sequence where a row leaves it out",
                severity=Severity.WARNING,
                evidence=known(
                    (
                        catalog("default", str(column.default or f"identity, {column.identity}")),
                        catalog("foreign keys", tuple(k.name for k in table.foreign_keys if column.name in k.columns)),
                    )
                ),
                remedy=() if column.identity else (SetDefault(table=table.name, column=column.name),),
                advice="DROP IDENTITY" if column.identity else "",
            )


def _refers(table: Table, column: Column) -> bool:
    """By a foreign key that is looked at once the statement is done; a deferred one lets the child come first."""
    return any(column.name in key.columns and not key.deferrable for key in table.foreign_keys)


def _is_named_so(observation: Observation, table: Table, column: Column) -> bool:
    """Named after another table of the schema, and part of no key of its own."""
    keys = {c for i in table.indexes if i.unique for c in i.columns}
    reference = reference_name(column.name)
    meant = _by_words(observation.snapshot).get((table.name.schema, reference.base), [])
    return reference.marked and bool(meant) and table not in meant and column.name not in keys


@lookup.remembered
def _by_words(db: Snapshot) -> dict[tuple[str, tuple[str, ...]], list[Table]]:
    found: defaultdict[tuple[str, tuple[str, ...]], list[Table]] = defaultdict(list)
    for table in db.own_tables():
        found[table.name.schema, stems(table.name.name)].append(table)
    return dict(found)
