"""A server that was not updated for long."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._releases import least_minor
from pgrefit.rules.server._say import MOMENT, NOTHING, is_throwaway, together, with_server, with_settings

BEHIND = 4  # a year of releases


@rule(
    code="SRV007",
    title="Minor version a year behind",
    why="Minor releases hold nothing but corrections, of holes in security and of bugs that lose data.",
    example=NOTHING,
    given=together(
        with_server(version_num=160001, version="16.1", observed_at=MOMENT), with_settings(listen_addresses="*")
    ),
    clean=NOTHING,
)
def outdated_minor_version(observation: Observation) -> Iterator[Finding]:
    """Four or more releases behind what is known to be out; not of a server whose socket is among temporary files.

    Source: https://www.postgresql.org/support/versioning/.
    """
    server = observation.server
    if server.observed_at is None or server.hosted or is_throwaway(server):
        return
    minor = server.version_num % 10000
    newest = least_minor(server.major, server.observed_at.date())
    if newest - minor >= BEHIND:
        yield Finding(
            object=f"version {server.major}.{minor}",
            message=f"{newest - minor} or more minor releases behind: {server.major}.{newest} is out, if not a later"
            " one",
            severity=Severity.WARNING,
            evidence=(
                catalog("server version", server.version),
                catalog("minor version that is out at least", newest),
            ),
            advice="install the newest minor release and restart; the data files stay as they are",
        )
