"""A major version that gets no more corrections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._releases import RELEASES
from pgrefit.rules.server._say import MOMENT, NOTHING, with_server

AHEAD = timedelta(days=180)


@rule(
    code="SRV006",
    title="Version without support",
    why="Holes in security and bugs that lose data are corrected in newer versions only.",
    example=NOTHING,
    given=with_server(version_num=120022, version="12.22", observed_at=MOMENT),
    clean=NOTHING,
)
def unsupported_version(observation: Observation) -> Iterator[Finding]:
    """Major versions whose support has ended, or ends within half a year.

    Source: https://www.postgresql.org/support/versioning/.
    """
    server = observation.server
    release = RELEASES.get(server.major)
    if release is None or server.observed_at is None:
        return
    today = server.observed_at.date()
    if today + AHEAD >= release.last:
        over = today > release.last
        yield Finding(
            object=f"version {server.major}",
            message=f"support of PostgreSQL {server.major} {'ended' if over else 'ends'} on {release.last}",
            severity=Severity.WARNING if over else Severity.INFO,
            evidence=(catalog("server version", server.version), catalog("end of support", str(release.last))),
            advice="plan the upgrade: pg_upgrade, or logical replication to a new server for a short interruption",
        )
