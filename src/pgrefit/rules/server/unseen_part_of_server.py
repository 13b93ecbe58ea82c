"""What the role that looks may not see."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Unseen
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, with_server

FOR_SUPERUSERS = {"pg_hba.conf", "configuration files", "settings not loaded", "how passwords are stored"}


@rule(
    code="SRV036",
    title="Part of the server that was not looked at",
    why="What the audit may not see it says nothing of; that nothing was found there does not mean that all is well.",
    example=NOTHING,
    given=with_server(unseen=(Unseen(about="pg_hba.conf", reason="permission denied for view pg_hba_file_rules"),)),
    clean=NOTHING,
)
def unseen_part_of_server(observation: Observation) -> Iterator[Finding]:
    """Parts that the server refused to show; where a provider runs it, not those that it shows to nobody else.

    Source: https://www.postgresql.org/docs/current/predefined-roles.html.
    """
    server = observation.server
    unseen = [one for one in server.unseen if not (server.hosted and one.about in FOR_SUPERUSERS)]
    if unseen:
        yield Finding(
            object="server",
            message=f"not looked at: {', '.join(one.about for one in unseen)}",
            severity=Severity.INFO,
            evidence=tuple(catalog(one.about, one.reason) for one in unseen),
            advice="connect as a member of pg_monitor; access rules and passwords only a superuser may see",
        )
