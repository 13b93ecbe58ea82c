"""Counters that somebody has set back, so that nothing of what is used can be told from them yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import MOMENT, NOTHING, duration

YOUNG = timedelta(days=1)
LOOKED_BACK = 150000  # the version from which on no time is kept unless somebody has reset them


def _just_reset(observation: Observation) -> Observation:
    young = replace(observation.statistics, taken_at=MOMENT, reset_at=MOMENT - timedelta(hours=1), was_reset=True)
    return replace(observation, statistics=young)


@rule(
    code="SRV053",
    title="Counters just reset",
    why="What is never read, or read from end to end, cannot be told yet; an index that seems unused may be due once a"
    " month.",
    example=NOTHING,
    given=_just_reset,
    clean=NOTHING,
)
def counters_just_reset(observation: Observation) -> Iterator[Finding]:
    """The database's counters were reset within a day.

    Source: https://www.postgresql.org/docs/current/monitoring-stats.html (pg_stat_database.stats_reset).
    """
    seen = observation.statistics
    if not seen.was_reset or seen.reset_at is None or seen.taken_at is None:
        return
    if observation.snapshot.server_version >= LOOKED_BACK and seen.taken_at - seen.reset_at < YOUNG:
        since = duration((seen.taken_at - seen.reset_at).total_seconds())
        yield Finding(
            object=f"database {observation.snapshot.database}",
            message=f"its counters were reset {since} ago: what is used, and what is not, is provisional",
            severity=Severity.INFO,
            evidence=(statistic("stats_reset", seen.reset_at.isoformat(timespec="seconds")),),
            advice="let it count for a month before an index goes; reset statements alone, by"
            " pg_stat_statements_reset, to measure a change",
        )
