"""Which columns take their values from which sequences."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes._defaults import nextval_of
from pgrefit.model.ddl import Expression
from pgrefit.model.lookup import remembered, tables
from pgrefit.model.names import Relation, split_dotted
from pgrefit.model.snapshot import Column, Sequence, Snapshot, Table
from pgrefit.model.sql_tree import UnreadableError

LARGEST = {"smallint": 2**15 - 1, "integer": 2**31 - 1}
CAST = re.compile(r"\A\((nextval\(.*\))\)::(?:smallint|integer|bigint)\Z")  # of the number
HEAD, TAIL = "nextval('", "'::regclass)"  # of a default as the server prints it
LATE_HEAD, LATE_TAIL = "nextval(('", "'::text)::regclass)"  # the same, looked up by name each time


@dataclass(frozen=True, slots=True)
class Draw:
    """A column that takes numbers from a sequence; `whole`: its value is the number, not made of it."""

    table: Table
    column: Column
    sequence: Sequence
    whole: bool = True

    @property
    def owned(self) -> bool:
        """Whether the sequence belongs to the column."""
        return self.sequence.owned_by == (self.table.name, self.column.name)


@remembered
def draws(db: Snapshot) -> tuple[Draw, ...]:
    """All such columns of the user's tables; partitions, and heirs that draw as their parents do, left out."""
    sequences = {s.name: s for s in db.sequences if not s.extension}
    identities = {s.owned_by: s for s in sequences.values() if s.identity}
    return tuple(
        Draw(table, column, *found)
        for table in db.own_tables()
        if table.partition_of is None
        for column in table.columns
        for found in _sequences(table, column, sequences, identities)
        if not _as_parents_do(db, table, column)
    )


@remembered
def draws_by_sequence(db: Snapshot) -> dict[Relation, tuple[Draw, ...]]:
    """The same, by the sequence."""
    found: defaultdict[Relation, list[Draw]] = defaultdict(list)
    for draw in draws(db):
        found[draw.sequence.name].append(draw)
    return {name: tuple(together) for name, together in found.items()}


def _sequences(
    table: Table, column: Column, known: dict[Relation, Sequence],
    identities: dict[tuple[Relation, str] | None, Sequence],
) -> Iterator[tuple[Sequence, bool]]:  # fmt: skip
    if column.identity:
        identity = identities.get((table.name, column.name))
        yield from ((identity, True),) if identity else ()
    elif column.default is not None and "nextval(" in column.default:
        bare = _bare(CAST.sub(r"\1", column.default))
        names = _names(column.default) if bare is None else (bare,)
        yield from ((known[name], bare is not None) for name in names if name in known)


def _bare(default: str) -> Relation | None:
    """The sequence of a default that is nothing but its nextval(), which is how nearly all are: it needs no parser."""
    if default.startswith(LATE_HEAD) and default.endswith(LATE_TAIL):
        name = default[len(LATE_HEAD) : -len(LATE_TAIL)]
    elif default.startswith(HEAD) and default.endswith(TAIL):
        name = default[len(HEAD) : -len(TAIL)]
    else:
        return None
    return None if "'" in name.replace("''", "") else _relation(name.replace("''", "'"))


def _names(default: Expression) -> tuple[Relation, ...]:
    try:
        found = {_relation(name) for name in nextval_of(default)}
    except UnreadableError:
        return ()
    return tuple(sorted(name for name in found if name))


def _relation(name: str) -> Relation | None:
    try:
        parts = split_dotted(name)
    except ValueError:
        return None
    return Relation(*parts) if len(parts) == 2 else None


def _as_parents_do(db: Snapshot, table: Table, column: Column) -> bool:
    """Whether the column, with its default, came from a parent."""
    parents = (tables(db).get(name) for name in table.inherits)
    return any(c.name == column.name and c.default == column.default for p in parents if p for c in p.columns)
