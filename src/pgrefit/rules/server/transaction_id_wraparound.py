"""Rows so old that the server soon refuses to write."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import known, statistic
from pgrefit.rules.server._say import NOTHING, settings, with_server

LAST = 2**31  # three million before it the server assigns no more
FAILSAFE = 1_600_000_000  # vacuum_failsafe_age by default
OLDEST_NAMED = 5


@dataclass(frozen=True, slots=True)
class _Clock:
    """One of the two counters that must not come full circle."""

    words: str
    setting: str
    database: int
    tables: dict[str, int]


@rule(
    code="SRV024",
    title="Transaction numbers run out",
    why="When the oldest row is two billion transactions old the server accepts no more writes until all is vacuumed.",
    example=NOTHING,
    given=with_server(xid_age=1_000_000_000),
    clean=NOTHING,
)
def transaction_id_wraparound(observation: Observation) -> Iterator[Finding]:
    """Databases far older than the age at which autovacuum freezes: it is not getting there.

    Source: https://www.postgresql.org/docs/current/routine-vacuuming.html; from which age on it is an error says
    vacuum_failsafe_age, which is 1.6 billion by default: vacuum then leaves all else.
    """
    server, tables = observation.server, observation.statistics.tables
    for clock in (
        _Clock("transactions", "autovacuum_freeze_max_age", server.xid_age, _ages(tables, "xid_age")),
        _Clock("multixacts", "autovacuum_multixact_freeze_max_age", server.mxid_age, _ages(tables, "mxid_age")),
    ):
        limit = server.number(clock.setting)
        if limit is None:
            continue
        late = min(2 * limit, limit + (LAST - limit) / 4)
        if clock.database >= late:
            yield _finding(observation, clock, late)


def _ages(tables: tuple[TableStatistics, ...], which: str) -> dict[str, int]:
    return {str(table.table): getattr(table, which) for table in tables}


def _finding(observation: Observation, clock: _Clock, late: float) -> Finding:
    oldest = sorted(clock.tables, key=lambda name: clock.tables[name], reverse=True)
    named = tuple(f"{name} ({clock.tables[name]:,})" for name in oldest if clock.tables[name] >= late)[:OLDEST_NAMED]
    return Finding(
        object=f"database {observation.snapshot.database}",
        message=f"its oldest row is {clock.database:,} {clock.words} old, {clock.database / LAST:.0%} of what there is",
        severity=Severity.ERROR if clock.database >= max(FAILSAFE, late) else Severity.WARNING,
        evidence=known(
            (
                statistic(f"age in {clock.words}", clock.database),
                *settings(observation.server, clock.setting),
                statistic("oldest tables", named),
            )
        ),
        advice="see what holds vacuum back (transactions, slots, prepared transactions), then VACUUM (FREEZE) the"
        " oldest tables; where the user's are young, VACUUM (FREEZE) the whole database",
    )
