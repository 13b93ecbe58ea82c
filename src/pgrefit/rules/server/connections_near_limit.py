"""A server that soon lets nobody in."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Session
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, about_settings, together, with_server, with_settings

NEAR, FULL = 0.8, 0.95
CROWD_AT = 1000
RESERVED = ("superuser_reserved_connections", "reserved_connections")  # the second from version 16 on
CROWD = tuple(Session(pid=n, role="shop", state="idle", local=True) for n in range(90))


@rule(
    code="SRV012",
    title="Connections near the limit",
    why="At the limit new connections are refused: to users the application is down, although the server runs.",
    example=NOTHING,
    given=together(with_server(sessions=CROWD), with_settings(max_connections="100")),
    clean=NOTHING,
)
def connections_near_limit(observation: Observation) -> Iterator[Finding]:
    """More than four fifths of the connections that are for everybody are taken.

    Source: https://www.postgresql.org/docs/current/runtime-config-connection.html (what is reserved for whom).
    """
    server = observation.server
    most = server.number("max_connections")
    if most is None:
        return
    room = max(1, int(most - sum(server.number(name) or 0 for name in RESERVED)))
    used = len(server.sessions)
    if most >= CROWD_AT and used < NEAR * room:
        yield about_settings(
            server, ("max_connections",),
            f"lets {most:.0f} sessions in, each a process with memory of its own; {used} are there", Severity.INFO,
            statistic("sessions", used),
            advice="put a connection pooler before the server, and let in some times as many as it has processors",
        )  # fmt: skip
    if used >= NEAR * room:
        idle = sum(session.state == "idle" for session in server.sessions)
        yield about_settings(
            server, ("max_connections", *RESERVED),
            f"{used} of {room} connections are taken, {idle} of them by sessions that do nothing",
            Severity.ERROR if used >= FULL * room else Severity.WARNING,
            statistic("sessions", used), statistic("idle sessions", idle),
            advice="put a connection pooler in transaction mode before the server, or limit the pools; raise the"
            " limit last",
        )  # fmt: skip
