"""A synchronous standby that is named and not there."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, about_settings, with_settings

WAITS = {"on", "remote_write", "remote_apply"}
SYNCHRONOUS = {"sync", "quorum", "potential"}


@rule(
    code="SRV050",
    title="Synchronous standby that is not there",
    why="Every commit that waits for it hangs until it comes; and what was to be in two places is in one.",
    example=NOTHING,
    given=with_settings(synchronous_standby_names="replica1", synchronous_commit="on"),
    clean=NOTHING,
)
def synchronous_standby_missing(observation: Observation) -> Iterator[Finding]:
    """synchronous_standby_names is set, and no standby is connected that it names.

    Source: https://www.postgresql.org/docs/current/warm-standby.html (synchronous replication).
    """
    server = observation.server
    there = [replica for replica in server.replicas if replica.sync in SYNCHRONOUS]
    seen = not any("replicas" in one.about for one in server.unseen)
    if server.value("synchronous_standby_names") and seen and not server.in_recovery and not there:
        waits = server.value("synchronous_commit") in WAITS
        yield about_settings(
            server, ("synchronous_standby_names", "synchronous_commit"),
            "names a synchronous standby, and none is connected"
            + (": commits wait for ever" if waits else ": commits do not wait, and nothing is in two places"),
            Severity.ERROR if waits else Severity.WARNING,
            statistic("replicas", len(server.replicas)),
            advice="bring the standby back, under the application_name that is listed, or empty the setting and reload",
        )  # fmt: skip
