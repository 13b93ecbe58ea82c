"""A table that a crash empties."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._access import is_users
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._names import stems

# What can be made anew, by its name.
PASSING = {
    "buffer", "cache", "cached", "heartbeat", "import", "job", "limit", "load", "lock", "nonce", "presence", "queue",
    "scratch", "session", "stage", "staging", "stg", "temp", "temporary", "tmp", "throttle", "work",
}  # fmt: skip


@rule(
    code="RED017",
    title="Unlogged table",
    why="After a crash it is empty, replicas and archives never have its rows, and neither does a restored backup.",
    example="CREATE UNLOGGED TABLE booking (id int PRIMARY KEY, guest text);",
    clean="""
        CREATE UNLOGGED TABLE page_cache (id int PRIMARY KEY, body text);
        CREATE UNLOGGED TABLE stg_booking (id int PRIMARY KEY, guest text);
        CREATE TABLE booking (id int PRIMARY KEY, guest text);
    """,
)
def unlogged_table(observation: Observation) -> Iterator[Finding]:
    """Unlogged tables, single partitions too, whose names do not say that their rows can be made anew."""
    for table in observation.snapshot.tables:
        if table.persistence == "unlogged" and is_users(observation.snapshot, table) and not _is_passing(table):
            rows = statistics_of(observation, table).rows
            yield Finding(
                object=str(table.name),
                message="loses all rows in a crash",
                severity=Severity.WARNING,
                evidence=(
                    catalog("persistence", table.persistence),
                    *((statistic("rows", rows),) if rows >= 0 else ()),
                ),
                advice="ALTER TABLE … SET LOGGED writes it anew under an exclusive lock: do so in a quiet hour, unless"
                " its rows can be made anew",
                cost=Cost(rows=max(rows, 0)),
            )


def _is_passing(table: Table) -> bool:
    """By a word of its name, or of its schema's."""
    return bool(PASSING & {*stems(table.name.schema), *stems(table.name.name)})
