"""Pages that the storage has damaged."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, with_server


@rule(
    code="SRV030",
    title="Page with a wrong checksum",
    why="Rows on such a page are lost or wrong, and what damaged one page damages others.",
    example=NOTHING,
    given=with_server(counters=Counters(checksum_failures=2)),
    clean=NOTHING,
)
def checksum_failure(observation: Observation) -> Iterator[Finding]:
    """Reads that met a page whose checksum does not fit.

    Source: https://www.postgresql.org/docs/current/monitoring-stats.html (pg_stat_database).
    """
    failures = observation.server.counters.checksum_failures
    if failures:
        yield Finding(
            object=f"database {observation.snapshot.database}",
            message=f"{failures} {'read' if failures == 1 else 'reads'} met a page that is damaged",
            severity=Severity.ERROR,
            evidence=(statistic("checksum failures", failures),),
            advice="copy the data directory first; the log names file and block; restore them from a backup or a"
            " replica, and have the storage checked",
        )
