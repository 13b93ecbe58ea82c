"""Roles that soon cannot log in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import PasswordEnd, Session
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.server._say import MOMENT, NOTHING, with_server

AHEAD = timedelta(days=14)


@rule(
    code="SRV017",
    title="Password about to end",
    why="From that moment on new connections of the role are refused, while those that are open hide it.",
    example=NOTHING,
    given=with_server(
        observed_at=MOMENT,
        password_ends=(PasswordEnd(role="shop", at=MOMENT + timedelta(days=3)),),
        sessions=(Session(pid=7, role="shop", state="idle"),),
    ),
    clean=NOTHING,
)
def password_about_to_end(observation: Observation) -> Iterator[Finding]:
    """Roles in use whose VALID UNTIL is reached within two weeks, or was reached while their sessions are open.

    Source: https://www.postgresql.org/docs/current/sql-createrole.html (VALID UNTIL).
    """
    server = observation.server
    used = {session.role for session in server.sessions}
    for end in server.password_ends:
        if server.observed_at is None or end.role not in used or end.at > server.observed_at + AHEAD:
            continue
        over = end.at <= server.observed_at
        yield Finding(
            object=f"role {end.role}",
            message=f"its password {'ended' if over else 'ends'} on {end.at:%Y-%m-%d %H:%M %Z}, and it has sessions",
            severity=Severity.ERROR if over else Severity.WARNING,
            evidence=(
                catalog("valid until", end.at.isoformat()),
                statistic("sessions", sum(session.role == end.role for session in server.sessions)),
            ),
            advice="give it a new password and a later VALID UNTIL before that moment",
        )
