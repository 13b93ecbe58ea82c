"""Queries on a standby that are cancelled so that it can go on."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, about_settings, together, with_server, with_settings

FEWEST = 10


@rule(
    code="SRV032",
    title="Standby that cancels queries",
    why="Its primary removes rows that a query here still needs: the query ends with an error, again and again.",
    example=NOTHING,
    given=together(
        with_server(in_recovery=True, counters=Counters(conflicts=500)), with_settings(hot_standby_feedback="off")
    ),
    clean=NOTHING,
)
def replica_cancels_queries(observation: Observation) -> Iterator[Finding]:
    """A standby without feedback to its primary that has cancelled ten queries or more.

    Source: https://www.postgresql.org/docs/current/hot-standby.html (handling query conflicts).
    """
    server = observation.server
    cancelled = server.counters.conflicts
    if server.in_recovery and cancelled >= FEWEST and server.is_off("hot_standby_feedback"):
        yield about_settings(
            server, ("hot_standby_feedback", "max_standby_streaming_delay"),
            f"{cancelled} queries were cancelled, so that replay could go on", Severity.WARNING,
            statistic("conflicts", cancelled),
            advice="switch it on where queries here are short, else raise max_standby_streaming_delay; either has its"
            " price",
        )  # fmt: skip
