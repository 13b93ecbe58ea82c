"""What each role can read and change: asked as that role, in a read-only transaction that is rolled back.

Rows to be read are counted. Rows to be changed are those that the role finds and its policies for that command let
through: an UPDATE or DELETE with a condition needs both (CREATE POLICY, section on which policies apply). What a role
does through views and functions, and without a condition, is not asked here but tried: see `proof`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pgrefit.model.access import COMMANDS, Command, Persona, Reach
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot, Table, View
from pgrefit.observe.budget import far_relations
from pgrefit.observe.personas import become, binding, effective_roles
from pgrefit.pg.attempt import Outcome, attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

NOTHING = Expression("false")
ALL = Expression("true")
LOCK_WAIT_MS = 500
LOCKED = "55P03"
Counts = dict[Relation, Outcome]


def reach(conn: Session, db: Snapshot, who: Iterable[Persona], *, runtime_ms: int) -> tuple[Reach, ...]:
    """All that these personas reach of the user's tables and views; each count is bounded by `runtime_ms`.

    What was locked when the snapshot was taken is left out.
    """
    asker = _Asker(conn, runtime_ms)
    there = {thing.name: asker.count(_rows(thing.name, ALL)) for thing in relations(db)}
    return tuple(found for persona in who for found in _of(asker, db, persona, there))


def relations(db: Snapshot) -> Iterator[Table | View]:
    """What rows are read from and written to; far tables are not asked.

    Partitions are reached through their table, whose policies hold then; those that are granted themselves under a
    table with row security may be reached past it, too.
    """
    far = far_relations(db)
    yield from (table for table in db.own_tables() if _is_reached(db, table) and table.name not in far)
    yield from (view for view in db.views if not view.extension and not view.unread and view.name not in far)


def _is_reached(db: Snapshot, table: Table) -> bool:
    if table.partition_of is None:
        return True
    whole = db.find_table(table.partition_of)
    grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
    return bool(whole and whole.row_security) and any(grant.grantee != table.owner for grant in grants)


def privileges(conn: Session, persona: Persona) -> dict[Relation, dict[str, Any]]:
    """What a persona may do, by table and view: see the query."""
    found = fetch_dicts(conn, "table_privileges", role=persona.role)
    return {Relation(row["schema"], row["name"]): row for row in found}


def no_reach(persona: Persona, thing: Table | View, command: Command, may: dict[str, Any]) -> Reach:
    """What is known before anything is asked: the privilege, and why there is nothing to be asked."""
    refused = "" if may[command] != "none" else "no privilege"
    if not may["enters"]:
        refused = f"may not use schema {thing.name.schema}"
    return Reach(persona=str(persona), table=thing.name, command=command, privilege=may[command], refused=refused)


@dataclass(frozen=True, slots=True)
class _Asker:
    conn: Session
    runtime_ms: int

    def count(self, statement: Statement, persona: Persona | None = None) -> Outcome:
        """What a statement counts, as a persona or as who asks."""
        with self.conn.transaction(force_rollback=True):
            self.conn.execute("SET TRANSACTION READ ONLY")
            fetch_dicts(self.conn, "bound_statement", runtime_ms=self.runtime_ms, lock_wait_ms=LOCK_WAIT_MS)
            if persona and (refused := become(self.conn, persona)):
                return Outcome(error=refused)
            return attempt(self.conn, statement)


def _of(asker: _Asker, db: Snapshot, persona: Persona, there: Counts) -> Iterator[Reach]:
    may, roles = privileges(asker.conn, persona), effective_roles(asker.conn, persona)
    for thing in relations(db):
        if thing.name in may:
            yield from _of_relation(asker, persona, thing, may=may[thing.name], there=there[thing.name], roles=roles)


def _of_relation(
    asker: _Asker, persona: Persona, thing: Table | View, *, may: dict[str, Any], there: Outcome, roles: frozenset[str]
) -> Iterator[Reach]:
    for command in COMMANDS if isinstance(thing, Table) else COMMANDS[:1]:
        found = replace(no_reach(persona, thing, command, may), of=counted(there))
        bound = isinstance(thing, Table) and may["bound"]
        policies = binding(thing, roles, command) if isinstance(thing, Table) and bound else ()
        if found.refused:
            yield found
        elif command == "insert":
            yield _insertable(found, policies) if bound else found
        elif may["select"] == "none":
            yield replace(found, refused="cannot be counted: it may not read the table")
        elif there.sqlstate == LOCKED:
            yield replace(found, refused=there.error)
        else:
            condition = _using(policies) if bound and command != "select" else ALL
            outcome = asker.count(_rows(thing.name, condition), persona)
            yield replace(found, rows=counted(outcome), refused=outcome.error)


def counted(outcome: Outcome) -> int | None:
    """What a statement has counted; None where it failed."""
    return None if outcome.error else int(outcome.rows[0][0])


def _insertable(reach: Reach, policies: tuple[Policy, ...]) -> Reach:
    if not any(p.permissive for p in policies):
        return replace(reach, refused="no policy lets a row in")
    return replace(reach, condition=str(what_it_checks(policies)))


def what_it_checks(policies: tuple[Policy, ...]) -> Expression:
    """What a row must satisfy that is added or changed."""
    return _all_of(policies, lambda p: p.check or p.using or ALL)


def _using(policies: tuple[Policy, ...]) -> Expression:
    if not any(p.permissive for p in policies):
        return NOTHING
    return _all_of(policies, lambda p: p.using or ALL)


def _all_of(policies: tuple[Policy, ...], part: Callable[[Policy], Expression]) -> Expression:
    """Any of the permissive ones and each of the restrictive ones."""
    either = joined([expression("({p})", p=raw(part(p))) for p in policies if p.permissive], " OR ")
    each = [expression("({p})", p=raw(part(p))) for p in policies if not p.permissive]
    return joined([expression("({e})", e=raw(either)), *each], " AND ")


def _rows(table: Relation, condition: Expression) -> Statement:
    return ddl("SELECT count(*) FROM {t} WHERE {c}", t=table, c=raw(condition))
