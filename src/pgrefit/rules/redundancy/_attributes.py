"""Tables that keep attributes as rows, by what they hold: a few names, and values of as many kinds."""

from __future__ import annotations

import re
from collections import Counter

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import is_text, statistics_of
from pgrefit.rules._columns import seen_values
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import reference_name

MOST_COLUMNS = 9
ATTRIBUTES = range(2, 201)  # different ones
ROWS_OF_EACH = 10  # attribute
KINDS = (re.compile(r"[+-]?\d+([.,]\d+)?"), re.compile(r"\d{4}-\d\d-\d\d.*|\d\d?[./]\d\d?[./]\d{4}"))
SOME = 0.08  # share of the values that are of another kind
ONE = 0.05  # by which the columns that are filled may be off one a row
RECORDS = {"log", "audit", "history", "journal", "trail", "event", "change", "revision", "setting", "config",
           "preference", "translation", "message", "parameter"}  # fmt: skip


def by_values(observation: Observation, table: Table) -> tuple[Column, Column, list[Column]] | None:
    """What it refers to, the column of a few names, and that of the values, or one for each type."""
    few_rows = statistics_of(observation, table).rows < ROWS_OF_EACH * ATTRIBUTES.start
    if few_rows or len(table.columns) > MOST_COLUMNS or meanings(table.name.name) & RECORDS:
        return None
    entities = [c for c in table.columns if _refers(table, c)]
    free = [c for c in table.columns if c not in entities and (c.name,) != table.primary_key]
    names = [c for c in free if is_text(c) and c.not_null and _are_few(observation, table, c)]
    if len(entities) != 1 or len(names) != 1 or not _has_room(observation, table, entities[0], names[0]):
        return None
    rest = [c for c in free if c != names[0]]
    mixed = [c for c in rest if is_text(c) and _are_mixed(observation, table, c)]
    values = mixed if len(mixed) == 1 else _one_of(observation, table, rest)
    return (entities[0], names[0], values) if values else None


def _has_room(observation: Observation, table: Table, entity: Column, attribute: Column) -> bool:
    """Whether there are as many pairs of the two as rows: an entity has an attribute once."""
    seen = statistics_of(observation, table)
    pairs = 1.0
    for column in (seen.column(entity.name), seen.column(attribute.name)):
        different = column.distinct if column else 0
        pairs *= different if different > 0 else -different * seen.rows
    return pairs >= seen.rows


def _refers(table: Table, column: Column) -> bool:
    by_key = any(column.name in key.columns for key in table.foreign_keys)
    if any(index.unique and index.columns == (column.name,) for index in table.indexes):  # one row for each
        return False
    return by_key or (reference_name(column.name).marked and (column.name,) != table.primary_key)


def _are_few(observation: Observation, table: Table, column: Column) -> bool:
    statistics = statistics_of(observation, table)
    seen = statistics.column(column.name)
    few = seen is not None and seen.distinct > 0 and round(seen.distinct) in ATTRIBUTES
    return few and seen is not None and statistics.rows >= ROWS_OF_EACH * seen.distinct


def _are_mixed(observation: Observation, table: Table, column: Column) -> bool:
    """Whether numbers, dates and words are among the values, some of two of them at least."""
    seen = statistics_of(observation, table).column(column.name)
    values = [value.strip() for value in seen_values(seen)]
    shares = dict(zip(seen.values, seen.frequencies, strict=False)) if seen else {}
    kinds = Counter[int]()
    other = (1 - sum(shares.values())) / max(1, len(values) - len(shares))
    for value in values:
        kind = next((n for n, form in enumerate(KINDS) if form.fullmatch(value)), len(KINDS))
        kinds[kind] += round(1000 * shares.get(value, other))
    return sum(rows >= SOME * kinds.total() for rows in kinds.values()) > 1


def _one_of(observation: Observation, table: Table, columns: list[Column]) -> list[Column]:
    """Optional columns, of which each row has one: of several types."""
    statistics = statistics_of(observation, table)
    optional = [c for c in columns if not c.not_null and (s := statistics.column(c.name)) and s.null_fraction > 0]
    filled = sum(1 - s.null_fraction for c in optional if (s := statistics.column(c.name)))
    several = len(optional) > 1 and len({c.type.partition("(")[0] for c in optional}) == len(optional)
    return optional if several and abs(filled - 1) <= ONE else []
