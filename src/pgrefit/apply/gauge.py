"""How busy the server is, read from a session of its own, so that no batch waits for a reading."""

from __future__ import annotations

import statistics
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from pgrefit.errors import PgrefitError
from pgrefit.model.ddl import expression
from pgrefit.model.names import Relation
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch_dicts

READ_SECONDS = 0.5
MB = 1 << 20
BASELINE_PROBES = 7
PROBES = 5  # whose median counts: a single one tells more of chance than of the server


@dataclass(frozen=True, slots=True)
class Replica:
    """How far a replica, or whoever a replication slot is kept for, is behind."""

    name: str
    mb: float  # of WAL
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one look at the server found; None is what the role may not see or the server does not know."""

    probe_ms: float = 0.0  # median of the last few trivial queries
    idle_probe_ms: float = 0.0  # the same before the first batch
    replicas: tuple[Replica, ...] = ()
    archive_files: int | None = None
    archive_fails: bool = False
    wal_mb_a_second: float = 0.0
    vacuum: int | None = None  # pid of a vacuum of the table
    active_sessions: int | None = None
    sees_all: bool = True


class Gauge:
    """Reads every half second while a table is walked; `latest` is None where the server cannot be read."""

    def __init__(self, conn: Session) -> None:
        self._conn = conn
        self._probes: deque[float] = deque(maxlen=PROBES)
        self._idle = 0.0
        self._wal: tuple[float, float] | None = None
        self.latest: Reading | None = None
        self.failure = ""

    @contextmanager
    def reading(self, table: Relation) -> Generator[None]:
        """Read at once, and then from time to time."""
        over = threading.Event()
        name = expression("{table}", table=table)
        self._begin(name)
        thread = threading.Thread(target=self._read_on, args=(name, over), daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _begin(self, table: str) -> None:
        try:
            probes = [self._probe() for _ in range(BASELINE_PROBES)]
            self._idle = statistics.median(probes)
            self._probes.clear()
            self.latest = self._read(table)
        except (psycopg.Error, PgrefitError) as error:
            self._fail(error)

    def _read_on(self, table: str, over: threading.Event) -> None:
        while not over.wait(READ_SECONDS) and not self.failure:
            try:
                self.latest = self._read(table)
            except (psycopg.Error, PgrefitError) as error:
                self._fail(error)

    def _fail(self, error: psycopg.Error | PgrefitError) -> None:
        """Without readings the work goes on."""
        self.latest, self.failure = None, str(error).strip() or type(error).__name__

    def _probe(self) -> float:
        began = time.monotonic()
        self._conn.execute("SELECT 1").fetchone()
        return (time.monotonic() - began) * 1000

    def _read(self, table: str) -> Reading:
        self._probes.append(self._probe())
        row = fetch_dicts(self._conn, "server_load", table=table)[0]
        return Reading(
            probe_ms=statistics.median(self._probes), idle_probe_ms=self._idle,
            replicas=tuple(Replica(name, size / MB, float(seconds)) for name, size, seconds in row["replicas"]),
            archive_files=row["archive_files"], archive_fails=row["archive_fails"],
            wal_mb_a_second=self._wal_rate(row["wal_bytes"]), vacuum=row["vacuum"],
            active_sessions=row["active"], sees_all=row["all_stats"],
        )  # fmt: skip

    def _wal_rate(self, wal: float) -> float:
        now, before = time.monotonic(), self._wal
        self._wal = (now, wal)
        return (wal - before[1]) / MB / (now - before[0]) if before and now > before[0] else 0.0
