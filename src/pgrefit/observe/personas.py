"""Who is asked what he reaches, and how to be him for a moment."""

from __future__ import annotations

from pgrefit.model.access import Persona
from pgrefit.model.ddl import ddl
from pgrefit.model.snapshot import Policy, Snapshot, Table
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts


def personas(db: Snapshot) -> tuple[Persona, ...]:
    """Roles that hold something on a table of the user's, or own one, and are no superusers; PUBLIC is in all."""
    held = {grant.grantee for table in db.own_tables() for grant in table.grants}
    on_columns = {g.grantee for table in db.own_tables() for column in table.columns for g in column.grants}
    holders = held | on_columns | {table.owner for table in db.own_tables()}
    return tuple(
        Persona(role.name)
        for role in db.roles
        if not role.superuser and holders & {role.name, "", *memberships(db, role.name)}
    )


def become(conn: Session, persona: Persona) -> str:
    """Take the role and its settings on, for this transaction; why not, where the server refuses."""
    for name, value in persona.settings:
        if refused := attempt(conn, "SELECT pg_catalog.set_config($1, $2, true)", (name, value)).error:
            return refused
    return attempt(conn, ddl("SET LOCAL ROLE {role}", role=persona.role)).error


def memberships(db: Snapshot, role: str) -> set[str]:
    """All roles that it is a member of, whether it inherits from them or not."""
    groups = {found.name: found.member_of for found in db.roles}
    found, new = set[str](), {role}
    while new:
        found |= new
        new = {group for name in new for group in groups.get(name, ())} - found
    return found - {role}


def effective_roles(conn: Session, persona: Persona) -> frozenset[str]:
    """The role itself and those whose privileges it inherits."""
    return frozenset(row["name"] for row in fetch_dicts(conn, "effective_roles", role=persona.role))


def binding(table: Table, roles: frozenset[str], command: str) -> tuple[Policy, ...]:
    """The policies of a table that speak of one of these roles and a command."""
    return tuple(p for p in table.policies if p.command in {"all", command} and (not p.roles or roles & {*p.roles}))
