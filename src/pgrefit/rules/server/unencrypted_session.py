"""Sessions from other machines that anybody on the way can read."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Session
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, about_settings, together, with_server, with_settings


@rule(
    code="SRV022",
    title="Session across the network without encryption",
    why="Who is on the way reads and changes what is sent: rows, and statements with their parameters.",
    example=NOTHING,
    given=together(with_server(sessions=(Session(pid=7, role="shop", state="idle"),)), with_settings(ssl="off")),
    clean=NOTHING,
)
def unencrypted_session(observation: Observation) -> Iterator[Finding]:
    """Sessions from other machines on a server that offers no TLS.

    Source: https://www.postgresql.org/docs/current/ssl-tcp.html.
    """
    server = observation.server
    clear = [session for session in server.sessions if not (session.local or session.encrypted)]
    if clear and server.is_off("ssl"):
        come = "session comes" if len(clear) == 1 else "sessions come"
        yield about_settings(
            server, ("ssl",), f"{len(clear)} {come} from other machines in clear", Severity.WARNING,
            statistic("sessions without encryption", len(clear)),
            statistic("roles", tuple(sorted({session.role for session in clear}))),
            advice="give the server a certificate, ssl = on, and let pg_hba.conf say hostssl",
        )  # fmt: skip
