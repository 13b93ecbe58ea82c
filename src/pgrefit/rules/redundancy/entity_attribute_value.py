"""Rows that should be columns."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, is_text, statistic, statistics_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._names import MARKS, MOST_NAMES, reference_name, stems

ATTRIBUTE = {"attr", "attribute", "property", "prop", "characteristic"}
LONG_WORDS = ("attribute", "property")  # also at the end of what is run together
VALUE = {"value", "val"}
MOST_COLUMNS = 12
HOUSEKEEPING = {"at", "by", "created", "updated", "modified", "deleted", "last", "date", "version"}


@rule(
    code="RED012",
    title="Entity, attribute, value",
    why=(
        "Every attribute has one type for all, none can be required, checked or refer to something, and a row of the"
        " entity is a join for each of its attributes."
    ),
    example="""
        CREATE TABLE product (id int PRIMARY KEY);
        CREATE TABLE product_attribute (id int PRIMARY KEY, product_id int NOT NULL REFERENCES product,
                                        attribute_name text NOT NULL, value text, UNIQUE (product_id, attribute_name));
    """,
    clean="""
        CREATE TABLE product (id int PRIMARY KEY);
        CREATE TABLE setting (key text PRIMARY KEY, value text);
        CREATE TABLE attribute (id int PRIMARY KEY, name text, data_type text);
        CREATE TABLE product_price (product_id int REFERENCES product, currency text, value numeric,
                                    PRIMARY KEY (product_id, currency));
        CREATE TABLE product_label (product_id int REFERENCES product, key text, value text,
                                    PRIMARY KEY (product_id, key));
        CREATE TABLE attribute_value (attribute_id int REFERENCES attribute, value text);
    """,
)
def entity_attribute_value(observation: Observation) -> Iterator[Finding]:
    """Tables that name an entity, an attribute of it and, as text or in a column for each type, its value."""
    for table in stored_tables(observation):
        attributes = [c for c in table.columns if _names_attribute(c.name)]
        if not attributes or len(table.columns) > MOST_COLUMNS:
            continue
        values = [c for c in table.columns if _is_value(c)]
        entities = [c for c in table.columns if _names_entity(table, c) and c not in attributes and c not in values]
        open_type = len(values) > 1 or any(is_text(value) for value in values)
        if entities and open_type:
            rows = statistics_of(observation, table).rows
            yield Finding(
                object=str(table.name),
                message=f"keeps attributes of {entities[0].name} as rows",
                severity=Severity.INFO,
                evidence=(
                    catalog("attribute", attributes[0].name),
                    catalog("value", tuple(f"{value.name} {value.type}" for value in values)),
                    *((statistic("rows", rows),) if rows >= 0 else ()),
                ),
                advice="give attributes that most entities have a column; where users make them up, one jsonb column"
                " an entity is smaller and quicker",
            )


@lru_cache(maxsize=MOST_NAMES)
def _names_attribute(column: str) -> bool:
    """attribute, attribute_id, property_name, meta_key …"""
    said = stems(column)
    meta = said[:2] in {("meta", "key"), ("field", "name"), ("attribute", "key")}
    short = [word for word in said if word not in MARKS | {"name", "key", "code", "type"}]
    run_together = len(said) == 1 and said[0].removesuffix("id").endswith(LONG_WORDS)
    return meta or run_together or (bool(short) and short[-1] in ATTRIBUTE and len(short) < 3)


def _is_value(column: Column) -> bool:
    """value, value_text, int_value, meta_value …"""
    said = stems(column.name)
    return len(said) < 4 and bool({said[-1:], said[:1]} & {(word,) for word in VALUE})


def _names_entity(table: Table, column: Column) -> bool:
    said = set(stems(column.name))
    by_key = any(column.name in key.columns for key in table.foreign_keys)
    by_name = reference_name(column.name).marked and (column.name,) != table.primary_key
    return (by_key or by_name) and not said & HOUSEKEEPING and not _names_attribute(column.name)
