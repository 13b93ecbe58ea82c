"""A replication slot whose WAL is gone."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Slot
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import NOTHING, settings, with_server

GONE = {
    "lost": (
        Severity.ERROR,
        "WAL that its reader needs was removed: the reader cannot go on",
        "drop the slot and make its reader anew; raise max_slot_wal_keep_size or wal_keep_size",
    ),
    "unreserved": (
        Severity.WARNING,
        "WAL that its reader needs goes at the next checkpoint, unless it catches up before",
        "raise max_slot_wal_keep_size now, and see why the reader is so far behind",
    ),
}


@rule(
    code="SRV027",
    title="Replication slot that has lost its WAL",
    why="The replica or subscriber behind it stands still, with ever older data, until it is made anew.",
    example=NOTHING,
    given=with_server(slots=(Slot(name="standby", kind="physical", active=False, wal_status="lost"),)),
    clean=NOTHING,
)
def lost_slot(observation: Observation) -> Iterator[Finding]:
    """Slots that went beyond max_slot_wal_keep_size or were made invalid otherwise.

    Source: https://www.postgresql.org/docs/current/view-pg-replication-slots.html (wal_status).
    """
    server = observation.server
    for slot in server.slots:
        if slot.wal_status in GONE:
            severity, message, advice = GONE[slot.wal_status]
            yield Finding(
                object=f"slot {slot.name}",
                message=message,
                severity=severity,
                evidence=(statistic("WAL", slot.wal_status), *settings(server, "max_slot_wal_keep_size")),
                advice=advice,
            )
