"""Watches for clients that wait for a lock of pgrefit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread

from pgrefit.errors import PgrefitError
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch

EVERY_SECONDS = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    pid: int
    statement: datetime
    waited: float


class LockWatch(Thread):
    """Looks every 10 ms; a wait that begins and ends between two looks is not seen.

    `waits`: the longest wait seen of each statement, in ms, by (backend, when the statement began).
    """

    def __init__(self, open_: Callable[[], Session], backends: Callable[[], list[int]]) -> None:
        super().__init__(name="lock watch", daemon=True)
        self.waits: dict[tuple[int, datetime], float] = {}
        self._open = open_
        self._backends = backends
        self._ended = Event()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._ended.set()

    def run(self) -> None:
        """Look, and connect again where the connection is lost."""
        while not self._ended.is_set():
            try:
                with self._open() as conn:
                    while not self._ended.wait(EVERY_SECONDS):
                        self._look(conn)
            except PgrefitError:
                self._ended.wait(EVERY_SECONDS)

    def _look(self, conn: Session) -> None:
        for wait in fetch(conn, "lock_waits", _Wait, pids=self._backends()):
            key = (wait.pid, wait.statement)
            self.waits[key] = max(self.waits.get(key, 0.0), wait.waited)
