"""What keeps dead rows from being removed, in every table of the database."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Holder, Server
from pgrefit.rules._ask import known, statistic
from pgrefit.rules.server._say import NOTHING, duration, settings, with_server

OLD = 10_000_000  # transactions
LONG_SECONDS = {"session": 6 * 3600, "prepared transaction": 3600}
YOUNG = {"session": 100_000, "prepared transaction": 0}  # age from which a long transaction matters
MEANWHILE = 5000  # transactions of others in which a client has done nothing
PREPARED = 1000  # in which nobody has come back to what was prepared
ADVICE = {
    "session": "end it with pg_terminate_backend, and find out why it does not commit",
    "prepared transaction": "COMMIT PREPARED or ROLLBACK PREPARED, after asking who made it",
    "slot": "bring its consumer back, or drop the slot",
    "replica": "end the long query there, or switch hot_standby_feedback off on it",
}
HELD = Holder(kind="session", name="shop (pid 7)", age=40_000_000, seconds=90_000)


@rule(
    code="SRV025",
    title="Vacuum held back",
    why="No row that died since then can be removed: tables and indexes grow, and every query reads the dead with the"
    " living.",
    example=NOTHING,
    given=with_server(holders=(HELD,)),
    clean=NOTHING,
)
def vacuum_held_back(observation: Observation) -> Iterator[Finding]:
    """Transactions, slots and replicas that are older than vacuum should have to wait for.

    Source: https://www.postgresql.org/docs/current/routine-vacuuming.html; the ages are our judgement.
    """
    limit = observation.server.number("autovacuum_freeze_max_age") or 0
    dead = sum(table.dead_rows for table in observation.statistics.tables)
    for holder in observation.server.holders:
        if holder.age >= OLD or _lasts(holder) or _waits(observation.server, holder):
            since = f" ({duration(holder.seconds)})" if holder.seconds is not None else ""
            yield Finding(
                object=f"{holder.kind} {holder.name}",
                message=f"keeps vacuum from removing what died in the last {holder.age:,} transactions{since}",
                severity=_severity(holder, limit),
                evidence=known(
                    (
                        statistic("age in transactions", holder.age),
                        statistic("seconds", () if holder.seconds is None else round(holder.seconds)),
                        statistic("dead rows", dead),
                        *settings(observation.server, "autovacuum_freeze_max_age"),
                    )
                ),
                advice=ADVICE[holder.kind],
            )


def _severity(holder: Holder, limit: float) -> Severity:
    if limit and holder.age >= limit:
        return Severity.ERROR
    return Severity.WARNING if holder.age >= OLD or _lasts(holder) else Severity.INFO


def _waits(server: Server, holder: Holder) -> bool:
    """Whether nobody works in the transaction, while many others have come and gone: it is forgotten, however young."""
    if holder.kind == "prepared transaction":
        return holder.age >= PREPARED
    if holder.age < MEANWHILE or holder.kind != "session":
        return False
    idle = (s for s in server.sessions if s.state.startswith("idle in transaction"))
    return any(f"(pid {one.pid}" in holder.name for one in idle)


def _lasts(holder: Holder) -> bool:
    """Whether a transaction is open for too long, and others have written meanwhile."""
    longest = LONG_SECONDS.get(holder.kind)
    return longest is not None and (holder.seconds or 0) >= longest and holder.age >= YOUNG[holder.kind]
