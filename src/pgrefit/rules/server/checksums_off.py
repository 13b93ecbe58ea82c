"""Pages without checksums."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, is_throwaway, with_settings


@rule(
    code="SRV003",
    title="Data checksums off",
    why="A page that the storage has damaged is read as if it were sound, and goes into every backup.",
    example=NOTHING,
    given=with_settings(data_checksums="off", listen_addresses="*"),
    clean=NOTHING,
)
def checksums_off(observation: Observation) -> Iterator[Finding]:
    """Not where a provider runs the server: it answers for the storage, and nobody else could switch them on.

    From version 18 on initdb switches them on. Source: https://www.postgresql.org/docs/current/checksums.html.
    """
    server = observation.server
    if server.is_off("data_checksums") and server.hosted is None and not is_throwaway(server):
        yield about_settings(
            server, ("data_checksums",), "damage by the storage goes unnoticed: pages have no checksums", Severity.INFO,
            advice="pg_checksums --enable while the server is stopped, or first on a replica that then takes over",
        )  # fmt: skip
