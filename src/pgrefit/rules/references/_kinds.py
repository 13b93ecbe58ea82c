"""Columns that say of which table a reference beside them is."""

from __future__ import annotations

from collections.abc import Callable

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import is_text, statistics_of
from pgrefit.rules._languages import meanings
from pgrefit.rules._names import stems

from ._directory import keys_for
from ._vocabulary import RECORDS

MOST_KINDS = 50
MOSTLY = 0.6  # of the values of a column that must be names of tables


def names_tables(observation: Observation, table: Table, column: Column) -> bool:
    """Whether nearly all of the few values of a column are names of tables; of records of the past none does."""
    keys = keys_for(observation.snapshot, table)
    return mostly_told(
        observation,
        table,
        column,
        lambda kind: any(key.primary for key in keys.of_word("".join(stems(last_name(kind))))),
    )


def mostly_told(observation: Observation, table: Table, column: Column, tells: Callable[[str], bool]) -> bool:
    """Whether nearly all of the few values of a column tell a table; of records of the past none does."""
    seen = statistics_of(observation, table).column(column.name)
    few = seen is not None and 0 < seen.distinct <= MOST_KINDS and len(seen.values) > 1
    if seen is None or not few or keeps_records(table):
        return False
    return sum(map(tells, seen.values)) >= MOSTLY * len(seen.values)


def has_kinds(observation: Observation, table: Table) -> bool:
    """Whether a column of the table says of which table its rows are about."""
    return any(is_text(c) and names_tables(observation, table, c) for c in table.columns)


def keeps_records(table: Table) -> bool:
    """Whether the table is a log, in any language."""
    return bool(meanings(table.name.name) & RECORDS)


def last_name(kind: str) -> str:
    r"""Of App\Models\Photo, app.photo, App::Photo: Photo."""
    return kind.replace("\\", ".").replace("/", ".").replace("::", ".").rpartition(".")[2]
