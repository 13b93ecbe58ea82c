"""Who is in the way: looked up from a second session while the first one waits, for afterwards nobody can tell."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress

import psycopg

from pgrefit.errors import PgrefitError
from pgrefit.model.locks import Lock
from pgrefit.model.run import Blocker
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch

FIRST_LOOK_SECONDS = 0.02
LOOK_SECONDS = 0.05


class Watcher:
    """Watches what the session of process `pid` waits for, through `conn`, which nobody else may use meanwhile."""

    def __init__(self, conn: Session, pid: int) -> None:
        self._conn = conn
        self._pid = pid
        self.seen: tuple[Blocker, ...] = ()

    @contextmanager
    def watching(self) -> Generator[None]:
        """Look from time to time; what was seen last stays in `seen`."""
        self.seen = ()
        over = threading.Event()
        thread = threading.Thread(target=self._watch, args=(over,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def old_snapshots(self, locks: tuple[Lock, ...], older_seconds: float) -> tuple[Blocker, ...]:
        """Transactions that a CONCURRENTLY statement over these tables would have to wait for."""
        return tuple(
            fetch(
                self._conn, "old_snapshots", Blocker, own=[self._pid, self._conn.info.backend_pid],
                older=older_seconds, schemas=[lock.on.schema for lock in locks], names=[lock.on.name for lock in locks],
            )
        )  # fmt: skip

    def _watch(self, over: threading.Event) -> None:
        wait = FIRST_LOOK_SECONDS
        # Without this session the work goes on; it only cannot say who stood in the way.
        with suppress(psycopg.Error, PgrefitError):
            while not over.wait(wait):
                self.seen = tuple(fetch(self._conn, "blockers", Blocker, pid=self._pid)) or self.seen
                wait = LOOK_SECONDS


def describe(blockers: tuple[Blocker, ...]) -> str:
    """Who they are, for people."""
    return "; ".join(map(str, blockers)) or "whoever held the lock is gone"
