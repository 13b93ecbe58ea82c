"""A replica that does not keep up."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Replica
from pgrefit.rules._ask import known, statistic
from pgrefit.rules.server._say import GB, NOTHING, duration, size, with_server

FAR_BYTES = GB
FAR_SECONDS = 300.0
LATE = Replica(name="standby", state="streaming", sync="async", bytes_behind=3 * GB, seconds_behind=900.0)


@rule(
    code="SRV031",
    title="Replica far behind",
    why="Who reads there sees old data, and what it lacks is lost where it must take over.",
    example=NOTHING,
    given=with_server(replicas=(LATE,)),
    clean=NOTHING,
)
def replica_behind(observation: Observation) -> Iterator[Finding]:
    """Streaming replicas that lack a gigabyte of WAL, or five minutes, or more; not a backup that is being taken.

    Source: https://www.postgresql.org/docs/current/monitoring-stats.html (pg_stat_replication); how far, our judgement.
    """
    for replica in observation.server.replicas:
        behind, seconds = replica.bytes_behind or 0, replica.seconds_behind or 0.0
        if replica.state in {"streaming", "catchup"} and (behind >= FAR_BYTES or seconds >= FAR_SECONDS):
            yield Finding(
                object=f"replica {replica.name}",
                message=f"is {size(behind)} and {duration(seconds)} behind",
                severity=Severity.WARNING,
                evidence=known(
                    (
                        statistic("bytes behind", behind),
                        statistic("seconds behind", () if replica.seconds_behind is None else round(seconds)),
                        statistic("state", replica.state),
                        statistic("synchronous", replica.sync),
                    )
                ),
                advice="see whether its disk, the network or a long query there holds the replay back",
            )
