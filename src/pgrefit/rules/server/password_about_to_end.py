"""Roles that soon cannot log in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.model import lookup
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import PasswordEnd, Server, Session
from pgrefit.model.snapshot import Schema, Snapshot, Table, View
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.server._say import MOMENT, NOTHING, with_server

AHEAD = timedelta(days=14)
LONG = timedelta(days=30)


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

    Without sessions, those that ended long ago or hold privileges here: they were left over, or nobody has noticed.

    Source: https://www.postgresql.org/docs/current/sql-createrole.html (VALID UNTIL).
    """
    server = observation.server
    used = {session.role for session in server.sessions}
    for end in server.password_ends:
        if server.observed_at is None or end.at > server.observed_at + AHEAD:
            continue
        over = end.at <= server.observed_at
        if end.role in used:
            yield _of_one_in_use(server, end, over=over)
        elif end.at < server.observed_at - LONG or end.role in _privileged(observation.snapshot):
            yield _of_one_unused(end, over=over, privileged=end.role in _privileged(observation.snapshot))


def _of_one_in_use(server: Server, end: PasswordEnd, *, over: bool) -> Finding:
    return Finding(
        object=f"role {end.role}",
        message=f"its password {'ended' if over else 'ends'} on {end.at:%Y-%m-%d %H:%M %Z}, and it has sessions",
        severity=Severity.ERROR if over else Severity.WARNING,
        evidence=(
            catalog("valid until", end.at.isoformat()),
            statistic("sessions", sum(session.role == end.role for session in server.sessions)),
        ),
        advice="give it a new password and a later VALID UNTIL before that moment",
    )


def _of_one_unused(end: PasswordEnd, *, over: bool, privileged: bool) -> Finding:
    holds = ", and it holds privileges" if privileged else ""
    return Finding(
        object=f"role {end.role}",
        message=f"its password {'ended' if over else 'ends'} on {end.at:%Y-%m-%d}{holds}",
        severity=Severity.INFO,
        evidence=(catalog("valid until", end.at.isoformat()),),
        advice="where it is left over, DROP ROLE or NOLOGIN: VALID UNTIL is about the password, not about certificates,"
        " peer or trust; else give it a later one",
    )


@lookup.remembered
def _privileged(db: Snapshot) -> frozenset[str]:
    """Roles that hold a privilege of their own here, or by another role."""
    things: tuple[Table | View | Schema, ...] = (*db.tables, *db.views, *db.schemas)
    granted = {grant.grantee for thing in things for grant in thing.grants}
    return frozenset(granted | {role.name for role in db.roles if role.member_of})
