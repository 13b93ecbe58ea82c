"""Clients that use the database while something else is done to it."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import Self

from pgrefit.bench.client import Client, Deployment, deployment
from pgrefit.bench.lock_watch import LockWatch
from pgrefit.bench.oracle import WriteLog
from pgrefit.bench.tally import report
from pgrefit.model.measure import LoadReport
from pgrefit.model.workload import Workload
from pgrefit.pg.connect import Session

# How long a client may take to come over to a new version: its statement, and a connection.
MOVE_SECONDS = 60.0


class Load:
    """`clients` threads issue the workload's queries by weight, writes committed, `pause_ms` between two statements.

    `open_` yields sessions in autocommit. Starts where it is entered; raises UsageError where a query's parameters
    cannot be read. Nothing that a statement does wrong is raised: it is counted.
    """

    def __init__(
        self,
        open_: Callable[[], Session],
        workload: Workload,
        *,
        clients: int = 4,
        pause_ms: float = 5.0,
        recycle_s: float = 2.0,
        seed: int = 0,
    ) -> None:
        self._open = open_
        self._workload = workload
        self._make_client: Callable[[Deployment, int], Client] = lambda version, number: Client(
            version, pause_s=pause_ms / 1000, recycle_s=recycle_s, seed=seed + number
        )
        self._count = clients
        self._clients: list[Client] = []
        self._watch = LockWatch(open_, self._backends)
        self._begin = 0.0
        self._report: LoadReport | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> Self:
        """Sample parameters and let the clients in."""
        version = deployment(self._open, self._workload)
        self._begin = monotonic()
        self._clients = [self._make_client(version, number) for number in range(self._count)]
        for thread in (self._watch, *self._clients):
            thread.start()
        return self

    def switch(self, workload: Workload, open_: Callable[[], Session] | None = None) -> None:
        """Deploy another version of the application: the clients move one by one, and all have moved on return."""
        version = deployment(open_ or self._open, workload)
        for client in self._clients:
            client.deploy(version)
            client.moved.wait(MOVE_SECONDS)

    def stop(self) -> LoadReport:
        """End the clients and say how they fared; the same report when called again."""
        if self._report is None:
            for client in self._clients:
                client.stop()
            for client in self._clients:
                client.join()
            end = monotonic()
            self._watch.stop()
            self._watch.join()
            tallies = [client.tally for client in self._clients]
            self._report = report(tallies, begin=self._begin, end=end, waits=list(self._watch.waits.values()))
        return self._report

    @property
    def written(self) -> WriteLog:
        """The rows that write queries with RETURNING have committed so far."""
        return WriteLog(written=tuple(row for client in self._clients for row in client.tally.written))

    def lost(self, conn: Session, workload: Workload) -> tuple[tuple[str, str], ...]:
        """The rows of `written`, by queries of that workload, that are in neither their table nor quarantine."""
        return self.written.lost(conn, workload)

    def _backends(self) -> list[int]:
        return [client.pid for client in self._clients if client.pid]
