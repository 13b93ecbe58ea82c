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
from pgrefit.rules.redundancy._attributes import by_values

ATTRIBUTE = {
    "attr", "attribute", "property", "prop", "characteristic",
    "attribut", "merkmal", "eigenschaft", "atributo", "propiedad", "caracteristica", "propriete", "caracteristique",
    "attributo", "proprieta", "propriedade", "kenmerk", "eigenschap", "cecha", "atrybut",
    "ozellik", "ozelligi", "nitelik", "atribut", "egenskap", "ominaisuus", "zokusei", "vlastnost", "cirri",
}  # fmt: skip
# What is an attribute where a text is beside it that is named as its value, or several values of different types are.
FIELDS = {"param", "parameter", "field", "feature", "spec", "specification", "variable"}
KEYS = {*FIELDS, "key", "name", "code", "cle", "clef", "clave", "chave", "schluessel", "sleutel", "klucz", "champ",
        "campo", "feld", "veld", "nom", "nombre", "naam", "nazwa"}  # fmt: skip
LONG_WORDS = ("attribute", "property")  # also at the end of what is run together
LABELS = {"label", "tag", "annotation", "header"}
VALUE = {"value", "val", "wert", "valeur", "valor", "valore", "waarde", "wartosc", "deger", "degeri", "nilai", "varde",
         "vaerdi", "verdi", "hodnota", "arvo", "atai", "ertek"}  # fmt: skip
MOST_COLUMNS = 12
FEWEST_TYPES = 3
ONE = (0.8, 1.02)  # values of a row, on average
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
        CREATE TABLE product_attribute (product_id int REFERENCES product, attribute text, value text,
                                        PRIMARY KEY (attribute, value));
        CREATE TABLE attribute_value (attribute_id int REFERENCES attribute, value text);
        CREATE TABLE product_measure (product_id int REFERENCES product, name text, value numeric, taken_at timestamptz,
                                      PRIMARY KEY (product_id, name, taken_at));
    """,
)
def entity_attribute_value(observation: Observation) -> Iterator[Finding]:
    """Tables that name an entity, an attribute of it and, as text or in a column for each type, its value."""
    for table in stored_tables(observation):
        found = _by_names(table) or _by_types(observation, table) or by_values(observation, table)
        if found and not _identifies(table, *found[1:]):
            yield _finding(observation, table, *found)


def _identifies(table: Table, attribute: Column, values: list[Column]) -> bool:
    """Whether a value is one row's alone: the numbers that others have for the entity."""
    pair = {attribute.name, *(value.name for value in values)}
    return any(i.unique and {*i.columns} <= pair for i in table.indexes)


def _by_names(table: Table) -> tuple[Column, Column, list[Column]] | None:
    """The column of the entity, of the attribute, and those of the value."""
    values = [c for c in table.columns if _is_value(c)] if len(table.columns) <= MOST_COLUMNS else []
    if not values:
        return None
    attributes = [c for c in table.columns if _names_attribute(c.name) or _has_value_beside(table, c, values)]
    if not attributes:
        return None
    entities = [c for c in table.columns if _names_entity(table, c) and c not in attributes and c not in values]
    open_type = len(values) > 1 or any(is_text(value) for value in values)
    return (entities[0], attributes[0], values) if entities and open_type else None


def _by_types(observation: Observation, table: Table) -> tuple[Column, Column, list[Column]] | None:
    """Two columns of a key, and for each type of value a column, of which each row fills one."""
    statistics = statistics_of(observation, table)
    keys = [i.columns for i in table.indexes if i.unique and len(i.columns) == 2 and i.predicate is None]
    columns = table.columns if len(table.columns) <= MOST_COLUMNS else ()
    values = [c for c in columns if not c.not_null and all(c.name not in key for key in keys)]
    seen = [statistics.column(value.name) for value in values]
    filled = sum(1 - each.null_fraction for each in seen if each)
    if (
        not keys
        or len({value.type for value in values}) < FEWEST_TYPES
        or not all(seen)
        or not ONE[0] <= filled <= ONE[1]
    ):
        return None
    pair = [c for c in columns if c.name in keys[0]]
    entity = next((c for c in pair if any(c.name in key.columns for key in table.foreign_keys)), None)
    attribute = next((c for c in pair if c is not entity), None)
    return (entity, attribute, values) if entity and attribute else None


def _finding(
    observation: Observation, table: Table, entity: Column, attribute: Column, values: list[Column]
) -> Finding:
    rows = statistics_of(observation, table).rows
    return Finding(
        object=str(table.name),
        message=f"keeps attributes of {entity.name} as rows",
        severity=Severity.INFO,
        evidence=(
            catalog("attribute", attribute.name),
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


def _has_value_beside(table: Table, column: Column, values: list[Column]) -> bool:
    """param_name beside param_value as text; name or key beside value_int and value_text."""
    said = stems(column.name)
    labels = LABELS & {*stems(table.name.name)}
    paired = len(said) == 2 and said[0] in FIELDS and any(stems(v.name)[:1] == said[:1] for v in values)
    typed = len({value.type for value in values}) > 1 and len(said) == 1 and said[0] in KEYS
    return column not in values and is_text(column) and (paired or (typed and not labels))


def _is_value(column: Column) -> bool:
    """value, value_text, int_value, meta_value …"""
    said = stems(column.name)
    return len(said) < 4 and bool(VALUE & {*said[:1], *said[-1:]})


def _names_entity(table: Table, column: Column) -> bool:
    said = set(stems(column.name))
    by_key = any(column.name in key.columns for key in table.foreign_keys)
    by_name = reference_name(column.name).marked and (column.name,) != table.primary_key
    return (by_key or by_name) and not said & HOUSEKEEPING and not _names_attribute(column.name)
