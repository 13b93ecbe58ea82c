"""A role whose password is its name."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import NamedPassword
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, with_server


@rule(
    code="SRV041",
    title="Password that is the name of its role",
    why="It is the first that is tried, by people and by programs: whoever knows the name is let in.",
    example=NOTHING,
    given=with_server(named_passwords=(NamedPassword(role="shop"),)),
    clean=NOTHING,
)
def password_like_name(observation: Observation) -> Iterator[Finding]:
    """Roles that log in with their name for a password, where what is stored of it could be compared: by a superuser.

    Source: https://www.postgresql.org/docs/current/auth-password.html.
    """
    for one in observation.server.named_passwords:
        yield Finding(
            object=f"role {one.role}",
            message="its password is its name",
            severity=Severity.ERROR,
            evidence=(catalog("role", one.role),),
            advice="ALTER ROLE … PASSWORD with one that nobody can guess, or let it in by certificate or peer alone",
        )
