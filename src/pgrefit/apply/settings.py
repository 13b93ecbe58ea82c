"""What a caller may tell the executor: how patient to be, and whom to tell of progress."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pgrefit.model.plan import PlanStep
from pgrefit.model.run import Event, ThrottleMode
from pgrefit.pg.connect import Session


def _ignore(*_: object) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """Whom to tell.

    `on_event` is called between transactions, never while a lock on a table is held. `before_commit` is called inside
    each transaction of a step (each batch too), after its statements and before its proof: the locks that the session
    then holds are those of the statements.
    """

    on_event: Callable[[Event], None] = _ignore
    before_commit: Callable[[Session, PlanStep], None] = _ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLimits:
    """What the batches keep to. Beyond a limit they wait; 0 is none."""

    replica_mb: float = 256  # of WAL that a replica, or a slot, has not yet got
    replica_seconds: float = 30
    archive_files: int = 256  # of WAL, not archived yet
    active_sessions: int = 0
    wal_mb_a_second: float = 0  # of the whole server; kept to by slowing down
    probe_ms: float = 0  # of a trivial query of ours; slows down. 0: what it took before we began tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How long to wait and how much to do at a time."""

    # Both at most half of the server's deadlock_timeout, so that in a deadlock we give way and no client.
    lock_wait_ms: int = 250  # for each lock, at each try; statements of a step that only changes the catalog share it
    batch_lock_wait_ms: int = 200
    tries: int = 12
    pause_ms: tuple[int, int] = (200, 5000)  # after the first and after the last refusals, before jitter
    old_snapshot_wait_ms: int = 60_000  # for what a CONCURRENTLY statement would have to wait for
    # A client that writes a row of the batch waits for its end. Batches of this size still reach four fifths of the
    # speed of one UPDATE over the whole table, and are not felt in clients' p99.
    batch_target_ms: int = 50
    first_batch_rows: int = 500
    max_batch_rows: int = 5_000
    throttle: ThrottleMode = ThrottleMode.NORMAL
    limits: LoadLimits = LoadLimits()
    passes: int = 3  # over a table, until the proof of a batched step holds


SILENT = Hooks()
DEFAULTS = Settings()
