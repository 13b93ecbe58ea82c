"""A table whose rows do not say when they were written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, key_columns
from pgrefit.rules._columns import plain_type, stored_tables
from pgrefit.rules._purposes import is_part

MOMENTS = ("timestamp", "date")
NOW = ("now()", "CURRENT_TIMESTAMP", "clock_timestamp()", "statement_timestamp()", "LOCALTIMESTAMP")
FEWEST = 3  # columns beside keys; a table of fewer is a list of values
FEWEST_ALIKE = 4  # tables that say it in a column of one name
USUAL = 0.6  # share of the tables, so that it is a convention


@rule(
    code="TYP024",
    title="Rows that do not say when they were written",
    why="When data turns out to be wrong, nobody can tell which rows were written before the mistake and which after.",
    example="CREATE TABLE product (id int PRIMARY KEY, name text, price numeric, stock int);",
    clean="""
        CREATE TABLE product (id int PRIMARY KEY, name text, price numeric, stock int, changed_at timestamptz);
        CREATE TABLE color (id int PRIMARY KEY, name text);
        CREATE TABLE visit (id int PRIMARY KEY, page text, came_at timestamptz NOT NULL);
    """,
    by_default=False,
)
def table_without_times(observation: Observation) -> Iterator[Finding]:
    """Tables of some columns beside keys, none of which is a moment or a day.

    And those without the column that most tables have for it, unless their rows are moments themselves.
    """
    usual = _usual_name(observation)
    for table in stored_tables(observation):
        own = [column for column in table.columns if column.name not in key_columns(table)]
        moments = [c for c in table.columns if plain_type(observation.snapshot, c.type).startswith(MOMENTS)]
        unlike = usual and not is_part(table) and not any(c.name == usual or c.not_null or c.default for c in moments)
        if len(own) >= _fewest(table, usual) and (unlike or not moments):
            yield Finding(
                object=str(table.name),
                message="has no column that tells when a row was written"
                + (f", as {usual} does in most tables" if usual else ""),
                severity=Severity.INFO,
                evidence=(catalog("columns beside keys", len(own)),),
                advice="add created_at timestamptz NOT NULL DEFAULT now(), and updated_at where rows change",
            )


def _fewest(table: Table, usual: str) -> int:
    """Columns beside keys from which on a table is more than a list of values, or than a link."""
    if not usual:
        return FEWEST
    return FEWEST - 2 if table.foreign_keys and not is_part(table) else FEWEST - 1


def _usual_name(observation: Observation) -> str:
    """The column in which most tables keep when a row was written, by its default; '' where there is none."""
    own = list(stored_tables(observation))
    names = Counter(c.name for table in own for c in table.columns if c.default and _is_now(observation, c))
    name, often = names.most_common(1)[0] if names else ("", 0)
    return name if often >= max(FEWEST_ALIKE, USUAL * len(own)) else ""


def _is_now(observation: Observation, column: Column) -> bool:
    moment = plain_type(observation.snapshot, column.type).startswith("timestamp")
    return moment and str(column.default).startswith(NOW)
