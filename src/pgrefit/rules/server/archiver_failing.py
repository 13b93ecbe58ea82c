"""WAL that is not archived."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Archiver, Server
from pgrefit.rules._ask import known, statistic
from pgrefit.rules.server._say import MOMENT, NOTHING, settings, together, with_server, with_settings

LONG = timedelta(minutes=10)
FAILING = Archiver(
    archived=1000, failed=40, last_archived_at=MOMENT - timedelta(hours=2), last_failed_at=MOMENT,
    last_failed="000000010000000A000000FE",
)  # fmt: skip


@rule(
    code="SRV028",
    title="Archiver fails",
    why="The backup cannot be rolled forward beyond the last file, and the server keeps what is not archived until"
    " its disk is full.",
    example=NOTHING,
    given=together(with_server(archiver=FAILING, observed_at=MOMENT), with_settings(archive_mode="on")),
    clean=NOTHING,
)
def archiver_failing(observation: Observation) -> Iterator[Finding]:
    """Its last attempt failed, and nothing was archived for ten minutes.

    Source: https://www.postgresql.org/docs/current/monitoring-stats.html (pg_stat_archiver).
    """
    server, archiver = observation.server, observation.server.archiver
    if server.value("archive_mode") in {"on", "always"} and _fails(server, archiver):
        since = archiver.last_archived_at
        yield Finding(
            object="setting archive_command",
            message=f"nothing was archived since {since:%Y-%m-%d %H:%M %Z}, the last attempt failed"
            if since
            else "nothing was ever archived, the last attempt failed",
            severity=Severity.ERROR,
            evidence=known(
                (
                    statistic("failures", archiver.failed),
                    statistic("last failed file", archiver.last_failed),
                    statistic("last failure", archiver.last_failed_at.isoformat() if archiver.last_failed_at else ()),
                    statistic("last success", since.isoformat() if since else ()),
                    *settings(server, "archive_mode"),
                )
            ),
            advice="the server's log has the command's own words; mend it before the disk with pg_wal is full",
        )


def _fails(server: Server, archiver: Archiver) -> bool:
    failed, archived = archiver.last_failed_at, archiver.last_archived_at
    if failed is None or server.observed_at is None or (archived and archived >= failed):
        return False
    return archived is None or server.observed_at - archived >= LONG
