"""A replication slot that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server, Slot
from pgrefit.rules._ask import known, statistic
from pgrefit.rules.server._say import GB, MB, NOTHING, bytes_of, settings, size, with_server

SOME = 64 * MB  # a replica that restarts leaves less
SEGMENT = 16 * MB
MUCH = GB
DANGEROUS = 20 * GB
LONG = timedelta(days=1)


@rule(
    code="SRV026",
    title="Replication slot that nobody reads",
    why="The server keeps all WAL that its reader has not seen, until the disk is full and the server stops.",
    example=NOTHING,
    given=with_server(slots=(Slot(name="standby", kind="physical", active=False, retained_bytes=3 * GB),)),
    clean=NOTHING,
)
def inactive_slot(observation: Observation) -> Iterator[Finding]:
    """Slots without a reader that keep 64 MB of WAL or more, or that have had none for a day.

    Where no limit is set a segment is enough; of a logical slot, anything: it holds back vacuum of the catalog, too.

    Below a gigabyte the reader may be about to come back: that is said in passing.

    Source: https://www.postgresql.org/docs/current/view-pg-replication-slots.html; how much is much is our judgement.
    """
    server = observation.server
    for slot in server.slots:
        kept = slot.retained_bytes or 0
        if slot.active or slot.temporary or slot.synced or slot.wal_status == "lost":
            continue
        lasts = kept >= MUCH or _is_long(server, slot)
        unbounded = bytes_of(server, "max_slot_wal_keep_size") is None
        if lasts or kept >= (SEGMENT if unbounded else SOME) or (unbounded and slot.kind == "logical" and kept):
            yield Finding(
                object=f"slot {slot.name}",
                message=f"nobody reads it, and it keeps {size(kept)} of WAL"
                + (", without a limit" if unbounded else ""),
                severity=_severity(kept, lasts=lasts, unbounded=unbounded),
                evidence=_evidence(server, slot),
                advice="bring its reader back, or pg_drop_replication_slot; bound what any slot keeps by"
                " max_slot_wal_keep_size",
                cost=Cost(bytes=kept),
            )


def _severity(kept: int, *, lasts: bool, unbounded: bool) -> Severity:
    if unbounded and kept >= DANGEROUS:
        return Severity.ERROR
    return Severity.WARNING if lasts else Severity.INFO


def _is_long(server: Server, slot: Slot) -> bool:
    return bool(slot.inactive_since and server.observed_at and server.observed_at - slot.inactive_since >= LONG)


def _evidence(server: Server, slot: Slot) -> tuple[Evidence, ...]:
    return known(
        (
            statistic("WAL bytes kept", slot.retained_bytes),
            statistic("kind", slot.kind),
            statistic("inactive since", slot.inactive_since.isoformat() if slot.inactive_since else ()),
            *settings(server, "max_slot_wal_keep_size", "idle_replication_slot_timeout"),
        )
    )
