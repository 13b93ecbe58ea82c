"""What cannot be read without waiting for somebody's lock, and who that is.

The server prints the definition of an index, a default, a check or a policy under a lock on its table, and that of a
view, a policy or an SQL body under locks on all that it names. It waits where another session holds ACCESS EXCLUSIVE on
one of these, or is queued for it. Names, columns, types, keys and foreign keys it prints without.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import psycopg

from pgrefit.model.names import Relation
from pgrefit.pg.queries import fetch, fetch_dicts

Reasons = dict[int, str]  # by oid
RELATION, FUNCTION = "pg_class", "pg_proc"
WHAT = {RELATION: "its definition, or a policy of it,", FUNCTION: "its body"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """What is behind locks: why, by oid. Of `locked` relations no definition can be printed.

    Of `restless` ones, which are locked too, not even that of a key: they may be gone when it is printed.

    Tables beside them in a tree of partitions or heirs are readable, but what is said of a tree needs all of it.
    """

    locked: Reasons = field(default_factory=Reasons)
    beside: Reasons = field(default_factory=Reasons)
    functions: Reasons = field(default_factory=Reasons)
    restless: tuple[int, ...] = ()

    def reason(self, relation: int) -> str:
        """Why a relation is not read whole; '' where it is."""
        return self.locked.get(relation) or self.beside.get(relation, "")

    def parameters(self) -> dict[str, list[int]]:
        """For the queries that print definitions."""
        return {
            "locked": list(self.locked), "locked_functions": list(self.functions), "restless": list(self.restless),
        }  # fmt: skip


OPEN = Closed()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A locked relation, and who holds the lock or is queued for it; pid 0: a prepared transaction."""

    oid: int
    schema: str
    name: str
    granted: bool
    pid: int
    user: str
    application: str
    since: str | None

    def __str__(self) -> str:
        """Without the text of the query, which may hold values of the data."""
        if not self.pid:
            return f"locked by the prepared transaction {self.application!r} of {self.since}"
        who = f"pid {self.pid} ({', '.join(filter(None, (self.user, self.application)))})"
        began = f", whose query began at {self.since}" if self.since else ""
        return f"{'' if self.granted else 'about to be '}locked by {who}{began}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Behind:
    """A relation or function whose text names a locked relation."""

    kind: str
    oid: int
    locked: int


def look_for_locks(conn: psycopg.Connection[Any], known: Closed = OPEN) -> Closed:
    """What is locked now, beside what is known to have been."""
    held = {each.oid: each for each in fetch(conn, "locked_relations", _Held)}
    if not held:
        return known
    behind = fetch(conn, "behind_locks", _Behind, locked=list(held))
    named = [(each, f"{WHAT[each.kind]} names {_told(held[each.locked])}") for each in behind]
    locked = known.locked | {each.oid: why for each, why in named if each.kind == RELATION}
    locked |= {oid: str(each) for oid, each in held.items()}
    functions = known.functions | {each.oid: why for each, why in named if each.kind == FUNCTION}
    beside = {oid: f"{Relation(each.schema, each.name)} of its tree is {each}" for oid, each in held.items()}
    return closed_with(conn, locked, functions, beside)


def closed_with(
    conn: psycopg.Connection[Any], locked: Reasons, functions: Reasons, beside: Reasons | None = None
) -> Closed:
    """These, and what is beside them in their trees; `beside`: what is said there of some in place of their reason."""
    said = {oid: f"another table of its tree cannot be read: {why}" for oid, why in locked.items()}
    return Closed(locked=locked, beside=_beside(conn, said | (beside or {})), functions=functions)


def _told(held: _Held) -> str:
    return f"{Relation(held.schema, held.name)}, {held}"


def _beside(conn: psycopg.Connection[Any], found: Reasons) -> Reasons:
    """What is said of the other tables of the trees that some tables are part of."""
    around: defaultdict[int, list[int]] = defaultdict(list)
    for row in fetch_dicts(conn, "table_trees"):
        around[row["child"]].append(row["parent"])
        around[row["parent"]].append(row["child"])
    return dict(_spread(around, found))


def _spread(around: Mapping[int, list[int]], found: Reasons) -> Iterator[tuple[int, str]]:
    left, said = list(found), dict(found)
    while left:
        here = left.pop()
        for oid in set(around.get(here, ())) - said.keys():
            left.append(oid)
            said[oid] = said[here]
            yield oid, said[oid]
