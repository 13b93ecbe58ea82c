"""More people who may do anything than are needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Role
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._roles import own_logins
from pgrefit.rules.server._say import NOTHING

MOST = 1
FIRST, SHOWN = "postgres", 5  # the one that every server has


def _with_five(observation: Observation) -> Observation:
    roles = tuple(Role(name=name, superuser=True, can_login=True) for name in ("ann", "bob", "cy", "dee", "postgres"))
    return replace(observation, snapshot=replace(observation.snapshot, roles=roles))


@rule(
    code="SRV016",
    title="Many superusers",
    why="Each superuser's password opens everything, and nothing that one of them does can be forbidden or undone.",
    example=NOTHING,
    given=_with_five,
    clean=NOTHING,
)
def many_superusers(observation: Observation) -> Iterator[Finding]:
    """More superusers that log in than the one that every server has.

    Source: https://www.postgresql.org/docs/current/predefined-roles.html for what spares a superuser.
    """
    names = tuple(sorted(role.name for role in own_logins(observation) if role.superuser))
    others = [name for name in names if name != FIRST]
    if others and len(names) > MOST and observation.server.version_num:
        yield Finding(
            object=f"role {others[0]}",
            message=f"{len(names)} roles that log in are superusers: {', '.join(names[:SHOWN])}",
            severity=Severity.INFO,
            evidence=(catalog("superusers", names),),
            advice="ALTER ROLE … NOSUPERUSER, and grant what is needed: pg_monitor, pg_signal_backend, CREATEROLE",
        )
