"""An index with a moment between its keys."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog
from pgrefit.rules._families import users_tables
from pgrefit.rules._grouped import by_schema
from pgrefit.rules._names import stems
from pgrefit.rules.indexes._drops import weight

FEWEST_KEYS = 3
FEW = 10  # values of a state
GONE = {"archived", "deleted", "discarded", "removed"}  # asked for by IS NULL, which is no range


@rule(
    code="IDX021",
    title="Moment in the middle of an index",
    why=(
        "Moments are looked for in ranges, and behind the first range of an index the keys that follow narrow nothing"
        " down: they are compared one by one, and make the index longer."
    ),
    example="""
        CREATE TABLE visit (id int PRIMARY KEY, place int, at timestamptz, kind text);
        CREATE INDEX ON visit (place, at, kind);
    """,
    clean="""
        CREATE TABLE visit (id int PRIMARY KEY, place int, at timestamptz, kind text, UNIQUE (place, at, kind));
        CREATE INDEX ON visit (place, kind, at);
        CREATE INDEX ON visit (kind, at) INCLUDE (place);
        CREATE INDEX ON visit (kind, at, id);
    """,
)
def timestamp_inside_index(observation: Observation) -> Iterator[Finding]:
    """B-trees that are not unique, with a timestamp between other columns.

    A key at the end that tells rows of one moment apart (the primary key) serves to walk page by page; and whether a
    row is deleted is no range. A day is often looked for by itself: it counts only before keys of few values.
    """
    found = (
        (table.name.schema, _finding(observation, index, column))
        for table in users_tables(observation.snapshot)
        if table.partition_of is None
        for index in table.indexes
        if (column := _inside(observation, table, index))
    )
    return by_schema(found, "indexes have a moment before other keys")


def _inside(observation: Observation, table: Table, index: Index) -> str:
    if index.unique or index.method != "btree" or len(index.keys) < FEWEST_KEYS or index.partition_of is not None:
        return ""
    columns = list(index.columns)
    while columns and columns[-1] in table.primary_key:
        columns.pop()
    types = {column.name: column.type for column in table.columns if not GONE & set(stems(column.name))}
    for place, column in enumerate(columns[1:-1], start=1):
        type_ = types.get(column or "", "")
        after = columns[place + 1 :]
        if column and (type_.startswith("timestamp") or (type_ == "date" and _of_few(observation, table, after))):
            return column
    return ""


def _of_few(observation: Observation, table: Table, columns: list[str | None]) -> bool:
    """Whether each of them is looked for by equality: a reference, or a state by the number of its values."""
    seen = observation.statistics.table(table.name)
    known = [seen.column(name) if name else None for name in columns]
    kinds = {column.name for column in table.columns if not column.type.startswith(("time", "date"))}
    references = {name for key in table.foreign_keys for name in key.columns}
    few = {column.column for column in known if column and 0 < column.distinct <= FEW}
    return set(columns) <= kinds & (references | few)


def _finding(observation: Observation, index: Index, column: str) -> Finding:
    return Finding(
        object=str(index.name),
        message=f"{column} stands before other keys: a range of it leaves them without use",
        severity=Severity.INFO,
        evidence=(catalog("definition", str(index.definition)), *weight(observation, index)),
        advice=f"put {column} last, unless queries ask for it by equality",
    )
