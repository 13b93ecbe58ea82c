"""What a dump of one database leaves out and its copy needs: roles, encoding and locale, settings."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import psycopg
from psycopg import sql

from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch, fetch_dicts

logger = logging.getLogger(__name__)

# Unknown locale, locale that does not go with the encoding, provider that the server was built without.
LOCALE_REFUSED = (
    psycopg.errors.WrongObjectType,
    psycopg.errors.InvalidParameterValue,
    psycopg.errors.FeatureNotSupported,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that the dump names."""

    name: str
    superuser: bool
    inherit: bool
    bypassrls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """`member` is a member of `role`: may it grant that, has it its privileges, and may it SET ROLE to it."""

    member: str
    role: str
    admin: bool
    inherit: bool
    may_be: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """Roles, and what they are members of."""

    roles: list[Role]
    memberships: list[Membership]


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """How a database was created; `provider` is the server's letter: c libc, i ICU, b builtin."""

    encoding: str
    provider: str
    collate: str
    ctype: str
    locale: str | None
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of the database, or of a role in it; `value` as the server stores it."""

    role: str | None
    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Everything about a source database that its dump does not hold."""

    major: int
    database: Database
    roles: Roles
    settings: list[Setting]
    extensions: list[str]


def read_source(connection: Session) -> Source:
    """Read it from the connected database."""
    return Source(
        major=connection.info.server_version // 10000,
        database=fetch(connection, "clone_database", Database)[0],
        roles=read_roles(connection),
        settings=fetch(connection, "clone_settings", Setting),
        extensions=[row["name"] for row in fetch_dicts(connection, "clone_extensions")],
    )


def check_fits(target: Session, source: Source) -> None:
    """Raise ServerUnsuitable where the target is older than the source or lacks one of its extensions."""
    major = target.info.server_version // 10000
    if major < source.major:
        raise ServerUnsuitable(
            f"a database of PostgreSQL {source.major} cannot be copied to PostgreSQL {major}",
            next_step=f"use a server of version {source.major} or later",
        )
    missing = [row["name"] for row in fetch_dicts(target, "clone_missing", extensions=source.extensions)]
    if missing:
        raise ServerUnsuitable(
            f"the target server lacks the extension{'s' * (len(missing) > 1)} {', '.join(missing)}",
            why="the source database uses it, and its dump creates it",
            next_step="install it there, or rehearse on a server that has it",
        )


def read_roles(connection: Session, also: Iterable[str] = ()) -> Roles:
    """The roles that a dump of the connected database names, and `also` these, with all that they are members of."""
    roles = fetch(connection, "clone_roles", Role, also=list(also))
    memberships = fetch(connection, "clone_memberships", Membership, members=[role.name for role in roles])
    return Roles(roles=roles, memberships=memberships)


def make_roles(target: Session, found: Roles) -> None:
    """Make the roles that the target does not have, without login; those it has are left alone."""
    there = {row["name"] for row in fetch_dicts(target, "role_names")}
    missing = [role for role in found.roles if role.name not in there]
    for role in missing:
        target.execute(
            sql.SQL("CREATE ROLE {} NOLOGIN {} {} {}").format(
                sql.Identifier(role.name),
                sql.SQL("SUPERUSER" if role.superuser else "NOSUPERUSER"),
                sql.SQL("INHERIT" if role.inherit else "NOINHERIT"),
                sql.SQL("BYPASSRLS" if role.bypassrls else "NOBYPASSRLS"),
            )
        )
    made = {role.name for role in missing}
    for membership in found.memberships:
        if membership.member in made:
            target.execute(_grant(membership, target.info.server_version // 10000))


def _grant(membership: Membership, major: int) -> sql.Composed:
    """With all its options, where the server has them."""
    grant = sql.SQL("GRANT {} TO {}").format(sql.Identifier(membership.role), sql.Identifier(membership.member))
    if major < 16:
        return grant + sql.SQL(" WITH ADMIN OPTION" if membership.admin else "")
    return grant + sql.SQL(" WITH ADMIN {}, INHERIT {}, SET {}").format(
        *map(sql.Literal, (membership.admin, membership.inherit, membership.may_be))
    )


def make_database(target: Session, database: Database, name: str) -> None:
    """Create an empty database with the source's encoding, owner and, where the target has it, locale."""
    start = sql.SQL("CREATE DATABASE {} TEMPLATE template0 OWNER {} ENCODING {}").format(
        sql.Identifier(name), sql.Identifier(database.owner), sql.Literal(database.encoding)
    )
    try:
        target.execute(start + _locale(database))
    except LOCALE_REFUSED:
        logger.warning("the target has no locale %s: the copy sorts text by code point", database.collate)
        target.execute(start if database.encoding == "UTF8" else start + sql.SQL(" LOCALE 'C'"))


def _locale(database: Database) -> sql.Composed:
    collation = sql.SQL(" LC_COLLATE {} LC_CTYPE {}").format(sql.Literal(database.collate), sql.Literal(database.ctype))
    match database.provider:
        case "i":
            return collation + sql.SQL(" LOCALE_PROVIDER icu ICU_LOCALE {}").format(sql.Literal(database.locale))
        case "b":
            return collation + sql.SQL(" LOCALE_PROVIDER builtin BUILTIN_LOCALE {}").format(
                sql.Literal(database.locale)
            )
        case _:
            return collation


def copy_settings(target: Session, settings: list[Setting], database: str) -> None:
    """Give a database, and roles in it, these settings."""
    for setting in settings:
        name = sql.Identifier(*setting.name.split("."))
        whose = sql.SQL("DATABASE {}").format(sql.Identifier(database))
        if setting.role is not None:
            whose = sql.SQL("ROLE {} IN {}").format(sql.Identifier(setting.role), whose)
        value: sql.Composable
        if setting.name == "search_path":
            # Only the server takes such a list apart rightly: let it read the list, then keep what it read.
            target.execute("SELECT pg_catalog.set_config(%s, %s, false)", (setting.name, setting.value))
            value = sql.SQL("FROM CURRENT")
        else:
            value = sql.SQL("TO {}").format(sql.Literal(setting.value))
        target.execute(sql.SQL("ALTER {} SET {} {}").format(whose, name, value))
