"""Nobody vacuums."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, about_settings, is_throwaway, with_settings

NEEDED = ("autovacuum", "track_counts")


@rule(
    code="SRV002",
    title="Autovacuum switched off",
    why=(
        "Dead rows pile up and statistics grow old until somebody vacuums by hand; then, at the worst moment, the"
        " server must freeze every table at once lest it run out of transaction numbers."
    ),
    example=NOTHING,
    given=with_settings(autovacuum="off", listen_addresses="*"),
    clean=NOTHING + " WITH (autovacuum_enabled = off)",
)
def autovacuum_switched_off(observation: Observation) -> Iterator[Finding]:
    """The switch, or the counters that autovacuum goes by; not of a server whose socket is among temporary files.

    Source: https://www.postgresql.org/docs/current/routine-vacuuming.html.
    """
    server = observation.server
    wrong = [name for name in NEEDED if server.is_off(name)]
    if wrong and not (is_throwaway(server) and not server.is_on("fsync")):
        dead = sum(table.dead_rows for table in observation.statistics.tables)
        said = f"no table is vacuumed or analysed by itself: {' and '.join(wrong)} off"
        yield about_settings(
            server, tuple(wrong), said, Severity.WARNING, statistic("dead rows", dead),
            advice="switch it on and reload; where it was in the way, tune single tables",
        )  # fmt: skip
