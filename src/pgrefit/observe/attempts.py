"""The statements by which it is tried what a role can do with a table or view; all but INSERT count the rows reached.

Without a column that is read no policy for reading is asked: such a statement is blind to what it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.access import Command
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.snapshot import Column, Snapshot, Table, View

TRIES = 3  # columns that are set, one after the other, until one can be


@dataclass(frozen=True, slots=True)
class Columns:
    """What a role may do with the columns of a table or view, those left out that nobody may set."""

    readable: tuple[str, ...]
    settable: tuple[str, ...]
    addable: tuple[str, ...]


def columns_of(db: Snapshot, thing: Table | View, may: dict[str, list[str]]) -> Columns:
    """By the privileges on each column."""
    fixed = _fixed(db, thing)
    by_ease = sorted(thing.columns, key=lambda column: _ease(db, thing, column))
    return Columns(
        readable=tuple(c.name for c in thing.columns if "select" in may.get(c.name, ())),
        settable=tuple(c.name for c in by_ease if "update" in may.get(c.name, ()) and c.name not in fixed),
        addable=tuple(c.name for c in thing.columns if "insert" in may.get(c.name, ()) and c.name not in fixed),
    )


def _fixed(db: Snapshot, thing: Table | View) -> set[str]:
    """Columns of which the server makes the value; of a view those of that name in what it reads."""
    below = {use.table for use in db.uses if use.kind == "view" and use.relation == thing.name}
    tables = [thing] if isinstance(thing, Table) else [t for t in map(db.find_table, below) if t]
    return {c.name for table in tables for c in table.columns if c.generated or c.identity == "always"}


def _ease(db: Snapshot, thing: Table | View, column: Column) -> tuple[bool, bool, bool]:
    """Columns first that may get their default, of which no policy and no constraint speaks."""
    kinds = {use.kind for use in db.uses_of(thing.name, column.name)}
    return column.not_null and column.default is None, "policy" in kinds, bool(kinds & {"constraint", "index"})


def by_condition(thing: Table | View, command: Command, columns: Columns) -> Iterator[Statement]:
    """Statements that read a column, the likeliest to succeed first; none where the role may read none."""
    if not columns.readable:
        return
    seen = expression("(t.{c} IS NULL) IS NOT NULL", c=columns.readable[0])
    if command == "delete":
        yield _counting(ddl("DELETE FROM {t} AS t WHERE {seen} RETURNING 1", t=thing.name, seen=raw(seen)))
        return
    both = [c for c in columns.settable if c in columns.readable]
    for name in both[:TRIES]:
        yield _counting(ddl("UPDATE {t} AS t SET {c} = t.{c} WHERE {seen} RETURNING 1", t=thing.name, c=name,
                            seen=raw(seen)))  # fmt: skip
    for name in columns.settable[: 0 if both else TRIES]:
        yield _counting(ddl("UPDATE {t} AS t SET {c} = DEFAULT WHERE {seen} RETURNING 1", t=thing.name, c=name,
                            seen=raw(seen)))  # fmt: skip


def blind(thing: Table | View, command: Command, columns: Columns) -> Iterator[Statement]:
    """Statements that read no column."""
    if command == "delete":
        yield _counting(ddl("DELETE FROM {t} RETURNING 1", t=thing.name))
    for name in columns.settable[: TRIES if command == "update" else 0]:
        yield _counting(ddl("UPDATE {t} SET {c} = DEFAULT RETURNING 1", t=thing.name, c=name))


def locking(thing: Table | View) -> Statement:
    """The rows that an UPDATE finds, whatever they may be changed to."""
    return ddl("SELECT count(*) FROM (SELECT FROM {t} FOR UPDATE) AS found", t=thing.name)


def reading(thing: Table | View) -> Statement:
    """All that can be read."""
    return ddl("SELECT count(*) FROM {t}", t=thing.name)


def copied(thing: Table | View, columns: Columns, rows: int) -> Statement:
    """Some rows, the same each time, with the columns that are added."""
    names = joined([expression("t.{c}", c=name) for name in columns.addable])
    return ddl(
        "SELECT {names} FROM (SELECT * FROM {t} LIMIT 10000) AS t"
        " ORDER BY pg_catalog.hashtextextended(t::pg_catalog.text, 0) LIMIT {rows}",
        names=raw(names), t=thing.name, rows=rows,
    )  # fmt: skip


def added(thing: Table | View, columns: Columns) -> Statement:
    """An INSERT of a row whose values are its parameters."""
    values = Expression(", ".join(f"${number}" for number in range(1, len(columns.addable) + 1)))
    return ddl("INSERT INTO {t} ({c}) VALUES ({v})", t=thing.name, c=columns.addable, v=raw(values))


def _counting(statement: Statement) -> Statement:
    return ddl("WITH reached AS ({s}) SELECT count(*) FROM reached", s=raw(statement))
