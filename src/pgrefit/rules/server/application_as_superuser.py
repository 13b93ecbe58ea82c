"""An application whose every query may do anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Session
from pgrefit.model.snapshot import Role, Snapshot
from pgrefit.rules._ask import statistic
from pgrefit.rules._languages import english
from pgrefit.rules._names import words
from pgrefit.rules.server._roles import own_logins
from pgrefit.rules.server._say import NOTHING, together, with_server

FEWEST_SESSIONS = 5  # a person has fewer, a pool as many or more
APPLICATION = frozenset({"api", "app", "application", "backend", "frontend", "portal", "report", "reporting", "server",
                         "service", "site", "svc", "web", "webapp", "website", "worker"})  # fmt: skip
ADMINISTRATION = frozenset({"admin", "administrator", "backup", "dba", "maintenance", "master", "migration", "migrator",
                            "monitor", "owner", "postgres", "replication", "replicator", "root", "sa", "super",
                            "superuser", "sys", "sysadmin", "system"})  # fmt: skip
POOL = tuple(Session(pid=n, role="shop_admin", state="idle") for n in range(10))


def _with_a_superuser(observation: Observation) -> Observation:
    roles = (Role(name="shop_admin", superuser=True, can_login=True),)
    return replace(observation, snapshot=replace(observation.snapshot, roles=roles))


@rule(
    code="SRV015",
    title="Application connects as a superuser",
    why=(
        "Row security and privileges do not hold for it, and one injected statement may read the server's files and run"
        " programs on its machine."
    ),
    example=NOTHING,
    given=together(_with_a_superuser, with_server(sessions=POOL)),
    clean=NOTHING,
)
def application_as_superuser(observation: Observation) -> Iterator[Finding]:
    """Superusers with as many sessions from other machines as only a pool of connections has.

    Without sessions, those that log in and are named after an application, or after the database or a schema of it, and
    not after a person's task; on a hosted server, only the user's own.

    Source: https://www.postgresql.org/docs/current/role-attributes.html.
    """
    remote = Counter(session.role for session in observation.server.sessions if not session.local)
    for role in observation.snapshot.roles:
        if role.superuser and remote[role.name] >= FEWEST_SESSIONS:
            sessions = remote[role.name]
            yield _finding(role.name, f"is a superuser and has {sessions} sessions from other machines", sessions)
    for role in own_logins(observation) if observation.server.version_num else ():
        held = _held(observation.snapshot, role)
        named = _named_after(observation.snapshot, role) if held else ""
        if named and (not role.superuser or remote[role.name] < FEWEST_SESSIONS):
            yield _finding(role.name, f"logs in, is named after {named}, and {held}", remote[role.name])


def _held(db: Snapshot, role: Role) -> str:
    """What it may that no application needs; '' where there is nothing."""
    if role.superuser:
        return "is a superuser"
    if role.bypass_rls and any(table.policies for table in db.tables):
        return "has BYPASSRLS: no policy binds it"
    return "has CREATEROLE: it makes roles, and sets passwords of those" if role.create_role else ""


def _finding(role: str, says: str, sessions: int) -> Finding:
    return Finding(
        object=f"role {role}",
        message=says,
        severity=Severity.WARNING,
        evidence=(statistic("sessions from other machines", sessions),),
        advice="let the application connect as a role that owns nothing and has the privileges that it needs",
    )


def _named_after(db: Snapshot, role: Role) -> str:
    """What tells that it is an application's; '' where nothing does, or where it is for administration."""
    parts = {*words(role.name), *english(role.name)}
    if parts & ADMINISTRATION or role.name in ADMINISTRATION:
        return ""
    names = {db.database, *(schema.name for schema in db.schemas)} - {"public", "postgres"}
    first = words(role.name)[:1]
    same = next((name for name in sorted(names) if first and words(name)[:1] == first), "")
    return same or next(iter(sorted(parts & APPLICATION)), "")
