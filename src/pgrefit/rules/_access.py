"""Who may do what, and what of a database belongs to the platform that hosts it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from pgrefit.model import lookup
from pgrefit.model.snapshot import Function, Grant, Policy, Role, Snapshot, Table, View

NAME_IN_PATH = re.compile(r'"((?:[^"]|"")+)"|([^\s,"]+)')
EVERYBODY = ""  # PUBLIC, as grants name it
API_ROLES = frozenset({"anon", "authenticated"})  # as which a PostgREST or Supabase API lets the world in
OPEN_ROLES = API_ROLES | {EVERYBODY}
READS = frozenset({"SELECT"})
WRITES = frozenset({"INSERT", "UPDATE", "DELETE"})
SUPABASE_SCHEMAS = frozenset({
    "auth", "cron", "extensions", "graphql", "graphql_public", "net", "pgbouncer", "pgmq", "pgsodium",
    "pgsodium_masks", "realtime", "_realtime", "_analytics", "_supavisor", "storage", "supabase_functions",
    "supabase_migrations", "vault",
})  # fmt: skip
# Tables in which tools for migrations keep their books.
MIGRATION_TABLES = frozenset({
    "__diesel_schema_migrations", "__efmigrationshistory", "_prisma_migrations", "_sqlx_migrations", "alembic_version",
    "ar_internal_metadata", "atlas_schema_revisions", "databasechangelog", "databasechangeloglock", "django_migrations",
    "flyway_schema_history", "goose_db_version", "knex_migrations", "knex_migrations_lock", "refinery_schema_history",
    "schema_migrations", "typeorm_metadata",
})  # fmt: skip


@lookup.remembered
def roles(db: Snapshot) -> dict[str, Role]:
    """Roles by name, without the server's own."""
    return {role.name: role for role in db.roles}


@lookup.remembered
def bypassing(db: Snapshot) -> frozenset[str]:
    """Roles that no policy binds, whatever the table."""
    return frozenset(role.name for role in db.roles if role.superuser or role.bypass_rls)


@lookup.remembered
def platform_schemas(db: Snapshot) -> frozenset[str]:
    """Schemas that a platform made and keeps, told by the roles that come with it."""
    return SUPABASE_SCHEMAS if roles(db).keys() >= API_ROLES else frozenset()


@lookup.remembered
def tables_of_tools(db: Snapshot) -> tuple[Table, ...]:
    """Tables that a tool made for itself, told by their names."""
    return tuple(table for table in db.tables if table.name.name.lower() in MIGRATION_TABLES)


@lookup.remembered
def entrants(db: Snapshot) -> dict[str, frozenset[str]]:
    """Who may look objects of a schema up, by the schema; its owner among them."""
    return {s.name: frozenset(g.grantee for g in s.grants if g.privilege == "USAGE") | {s.owner} for s in db.schemas}


@lookup.remembered
def schema_owners(db: Snapshot) -> dict[str, str]:
    """Owners of schemas."""
    return {schema.name: schema.owner for schema in db.schemas}


def tables_and_views(db: Snapshot) -> Iterator[Table | View]:
    """All relations that rows are read from."""
    yield from db.tables
    yield from db.views


def is_users(db: Snapshot, thing: Table | View | Function) -> bool:
    """Whether it belongs to the user, not to an extension or to the platform, and was read whole."""
    return not thing.extension and not thing.unread and thing.name.schema not in platform_schemas(db)


def shown(role: str) -> str:
    """A role as people name it."""
    return role or "PUBLIC"


def bound_holders(db: Snapshot, table: Table | View, privileges: Collection[str]) -> frozenset[str]:
    """Roles that hold one of the privileges on the whole or a column, and can get at it; '' is PUBLIC.

    Not the owner, nor those who bypass row security.
    """
    grants = (*table.grants, *(grant for column in table.columns for grant in column.grants))
    found = {grant.grantee for grant in grants if grant.privilege in privileges}
    return frozenset(role for role in found - {table.owner} - bypassing(db) if may_enter(db, role, table.name.schema))


def is_granted(thing: Table | View) -> bool:
    """Whether somebody besides its owner holds a privilege on it; where nobody does, who will is not known here."""
    owner = thing.owner
    own = any(grant.grantee != owner for grant in thing.grants)
    return own or any(grant.grantee != owner for column in thing.columns for grant in column.grants)


def may_enter(db: Snapshot, role: str, schema: str) -> bool:
    """Whether a role may look up what is in a schema; PUBLIC where any role but its owner and those beyond may."""
    let_in = entrants(db).get(schema, frozenset())
    if EVERYBODY in let_in:
        return True
    if role == EVERYBODY:
        return bool(let_in - bypassing(db) - {schema_owners(db).get(schema)})
    return bool({role, *memberships(db, role)} & let_in)


def memberships(db: Snapshot, role: str) -> frozenset[str]:
    """Roles whose privileges a role has."""
    known, found, left = roles(db), set[str](), [role]
    while left:
        member = known.get(left.pop())
        new = set(member.member_of) - found if member and member.inherit else set[str]()
        found |= new
        left.extend(new)
    return frozenset(found)


def schemas_of_path(path: str) -> tuple[str, ...]:
    """The schemas of a search_path in order, those in quotes without them."""
    return tuple(quoted.replace('""', '"') if quoted else plain for quoted, plain in NAME_IN_PATH.findall(path))


def executors(db: Snapshot, function: Function) -> frozenset[str]:
    """Who but its owner and superusers holds EXECUTE on a function; '' is PUBLIC."""
    grants: tuple[Grant, ...] = function.grants or (Grant(grantee=EVERYBODY, privilege="EXECUTE"),)
    return frozenset(g.grantee for g in grants if g.privilege == "EXECUTE") - {function.owner} - bypassing(db)


def callers(db: Snapshot, function: Function) -> frozenset[str]:
    """Those of them who can get at it."""
    return frozenset(role for role in executors(db, function) if may_enter(db, role, function.name.schema))


def governed(policy: Policy, holders: Collection[str]) -> frozenset[str]:
    """Of the roles that hold a privilege, those that a policy speaks of."""
    if not policy.roles:
        return frozenset(holders)
    named = frozenset(policy.roles)
    return named if EVERYBODY in holders else named & frozenset(holders)


def covers(policy: Policy, command: str) -> bool:
    """Whether a policy is asked for a command."""
    return policy.command in {"all", command}


def share_roles(one: Policy, other: Policy) -> bool:
    """Whether some role is subject to both."""
    return not one.roles or not other.roles or bool(set(one.roles) & set(other.roles))


def restricted(table: Table, policy: Policy, command: str) -> bool:
    """Whether a restrictive policy narrows what a permissive one lets through."""
    return any(not other.permissive and covers(other, command) and share_roles(policy, other)
               for other in table.policies)  # fmt: skip


def secured(db: Snapshot) -> Iterator[Table]:
    """The user's tables with row security switched on, each partitioned one with its parts."""
    return (table for table in db.tables if table.row_security and is_users(db, table))
