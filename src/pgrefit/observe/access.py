"""What each role can read and change: asked as that role, in a read-only transaction that is rolled back.

Rows to be read are counted. Rows to be changed are those that the role finds and its policies for that command let
through: an UPDATE or DELETE with a condition needs both (CREATE POLICY, section on which policies apply).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pgrefit.model.access import COMMANDS, Persona, Reach
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

NOTHING = Expression("false")
ALL = Expression("true")


def personas(db: Snapshot) -> tuple[Persona, ...]:
    """Roles that hold something on a table of the user's, or own one, and are no superusers; PUBLIC is in all."""
    held = {grant.grantee for table in db.own_tables() for grant in table.grants}
    on_columns = {g.grantee for table in db.own_tables() for column in table.columns for g in column.grants}
    holders = held | on_columns | {table.owner for table in db.own_tables()}
    return tuple(
        Persona(role.name)
        for role in db.roles
        if not role.superuser and holders & {role.name, "", *_memberships(db, role.name)}
    )


def reach(conn: Session, db: Snapshot, who: Iterable[Persona], *, runtime_ms: int) -> tuple[Reach, ...]:
    """All that these personas reach of the user's tables; each count is bounded by `runtime_ms`."""
    there = {table.name: _count(conn, _rows(table.name, ALL), runtime_ms) for table in _tables(db)}
    return tuple(found for persona in who for found in _of(_Asker(conn, db, persona, there, runtime_ms)))


def _tables(db: Snapshot) -> Iterator[Table]:
    return (t for t in db.own_tables() if t.partition_of is None and t.kind != "foreign table")


@dataclass(frozen=True, slots=True)
class _Asker:
    conn: Session
    db: Snapshot
    persona: Persona
    there: dict[Relation, int | str]
    runtime_ms: int

    def rows(self, table: Relation, condition: Expression) -> int | str:
        """Rows that the persona finds and that satisfy the condition, or why they were not counted."""
        return _count(self.conn, _rows(table, condition), self.runtime_ms, self.persona)

    def policies(self, table: Table, command: str) -> tuple[Policy, ...]:
        """Those that bind the persona."""
        mine = {self.persona.role, *_memberships(self.db, self.persona.role)}
        return tuple(p for p in table.policies if p.command in {"all", command} and (not p.roles or mine & {*p.roles}))


def _of(asker: _Asker) -> Iterator[Reach]:
    may = {
        Relation(row["schema"], row["name"]): row
        for row in fetch_dicts(asker.conn, "table_privileges", role=asker.persona.role)
    }
    for table in _tables(asker.db):
        if table.name in may:
            yield from _of_table(asker, table, may[table.name])


def _of_table(asker: _Asker, table: Table, may: dict[str, Any]) -> Iterator[Reach]:
    total = asker.there[table.name]
    for command in COMMANDS:
        reach = Reach(persona=str(asker.persona), table=table.name, command=command, privilege=may[command],
                      of=total if isinstance(total, int) else None)  # fmt: skip
        if not may["enters"]:
            yield replace(reach, refused=f"may not use schema {table.name.schema}")
        elif may[command] == "none":
            yield replace(reach, refused="no privilege")
        elif command == "insert":
            yield _insertable(reach, asker.policies(table, command), bound=may["bound"])
        elif may["select"] == "none":
            yield replace(reach, refused="cannot be counted: it may not read the table")
        else:
            bound = command != "select" and may["bound"]
            found = asker.rows(table.name, _using(asker.policies(table, command)) if bound else ALL)
            yield replace(reach, rows=found) if isinstance(found, int) else replace(reach, refused=found)


def _insertable(reach: Reach, policies: tuple[Policy, ...], *, bound: bool) -> Reach:
    if not bound:
        return reach
    if not any(p.permissive for p in policies):
        return replace(reach, refused="no policy lets a row in")
    return replace(reach, condition=str(_all_of(policies, lambda p: p.check or p.using or ALL)))


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


def _count(conn: Session, statement: Statement, runtime_ms: int, persona: Persona | None = None) -> int | str:
    with conn.transaction(force_rollback=True):
        conn.execute("SET TRANSACTION READ ONLY")
        fetch_dicts(conn, "bound_statement", runtime_ms=runtime_ms, lock_wait_ms=500)
        if persona and (refused := _become(conn, persona)):
            return refused
        outcome = attempt(conn, statement)
    return outcome.error or int(outcome.rows[0][0])


def _become(conn: Session, persona: Persona) -> str:
    """Take the role and its settings on, for this transaction; why not, where the server refuses."""
    for name, value in persona.settings:
        if refused := attempt(conn, "SELECT pg_catalog.set_config($1, $2, true)", (name, value)).error:
            return refused
    return attempt(conn, ddl("SET LOCAL ROLE {role}", role=persona.role)).error


def _memberships(db: Snapshot, role: str) -> set[str]:
    """All roles whose privileges it has."""
    groups = {found.name: found.member_of for found in db.roles}
    found, new = set[str](), {role}
    while new:
        found |= new
        new = {group for name in new for group in groups.get(name, ())} - found
    return found - {role}
