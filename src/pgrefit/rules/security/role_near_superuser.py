"""A role that logs in and can make itself a superuser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role, Snapshot
from pgrefit.rules._access import memberships
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._roles import own_logins
from pgrefit.rules.server._say import NOTHING

ROOT_BY_FILE = frozenset({"pg_execute_server_program", "pg_write_server_files"})
READS_FILES = frozenset({"pg_read_server_files"})
BOUNDED_SINCE = 160000  # from then on CREATEROLE reaches only roles that it made


def _with_program(observation: Observation) -> Observation:
    role = Role(name="etl", can_login=True, member_of=("pg_execute_server_program",))
    return replace(observation, snapshot=replace(observation.snapshot, roles=(role,)))


@rule(
    code="SEC028",
    title="Role that is a superuser in all but name",
    why=(
        "Who may run programs on the server, write its files, or (before PostgreSQL 16) make roles and grant any but a"
        " superuser's, can do whatever a superuser can; nobody who reads the list of superusers sees it."
    ),
    example=NOTHING,
    given=_with_program,
    clean=NOTHING,
)
def role_near_superuser(observation: Observation) -> Iterator[Finding]:
    """Roles that log in, and hold what leads to a superuser's rights.

    Source: https://www.postgresql.org/docs/current/predefined-roles.html and sql-createrole.html.
    """
    db = observation.snapshot
    rulers = {role.name for role in db.roles if role.superuser}
    for role in own_logins(observation) if observation.server.version_num else ():
        reached = {*role.member_of, *memberships(db, role.name)}
        superusers = {other.name for other in db.roles if other.superuser}
        held = sorted(reached & (ROOT_BY_FILE | READS_FILES | superusers))
        held += [f"membership in {name}, a superuser" for name in sorted(_all_above(db, role.name) & rulers)]
        if role.create_role and db.server_version < BOUNDED_SINCE:
            held.append("CREATEROLE")
        if held and not role.superuser:
            yield Finding(
                object=f"role {role.name}",
                message=f"holds {', '.join(held)}, which "
                + ("reads any file of the server" if set(held) <= READS_FILES else "leads to a superuser's rights"),
                severity=Severity.WARNING,
                evidence=(catalog("holds", tuple(held)),),
                advice="take it away, or let a role that does not log in hold it, for SET ROLE",
            )


def _all_above(db: Snapshot, name: str) -> set[str]:
    """Roles that it may become by SET ROLE, whether it inherits from them or not."""
    above = {role.name: role.member_of for role in db.roles}
    found, left = set[str](), [name]
    while left:
        new = set(above.get(left.pop(), ())) - found
        found |= new
        left.extend(new)
    return found
