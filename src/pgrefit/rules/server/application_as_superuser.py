"""An application whose every query may do anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Session
from pgrefit.model.snapshot import Role
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.server._say import NOTHING, together, with_server

FEWEST_SESSIONS = 5  # a person has fewer, a pool as many or more
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

    Source: https://www.postgresql.org/docs/current/role-attributes.html.
    """
    remote = Counter(session.role for session in observation.server.sessions if not session.local)
    for role in observation.snapshot.roles:
        if role.superuser and remote[role.name] >= FEWEST_SESSIONS:
            yield Finding(
                object=f"role {role.name}",
                message=f"is a superuser and has {remote[role.name]} sessions from other machines",
                severity=Severity.WARNING,
                evidence=(statistic("sessions from other machines", remote[role.name]), catalog("superuser", "yes")),
                advice="let the application connect as a role that owns nothing and has the privileges that it needs",
            )
