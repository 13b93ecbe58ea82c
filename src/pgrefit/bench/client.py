"""One client of the load: a thread with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from threading import Event, Thread
from time import monotonic

from pgrefit.bench.parameters import Values, draw, sample
from pgrefit.bench.tally import Tally
from pgrefit.errors import PgrefitError, UsageError
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session

# How long a client rests when the server does not let it in.
TURNED_AWAY_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """A version of the application: how it connects, and what it issues with what values."""

    open_: Callable[[], Session]
    queries: tuple[Query, ...]
    weights: tuple[float, ...]
    values: tuple[list[Values], ...]


def deployment(open_: Callable[[], Session], workload: Workload) -> Deployment:
    """Sample the values of every query; queries for which there are none are left out.

    Raises UsageError where values cannot be read, or no query is left.
    """
    with open_() as conn:
        sampled = [(query, sample(conn, query)) for query in workload.queries]
    usable = [(query, rows) for query, rows in sampled if rows]
    if not usable:
        raise UsageError("the workload has no query to run as load", next_step="check what its parameters select")
    return Deployment(
        open_=open_,
        queries=tuple(query for query, _ in usable),
        weights=tuple(query.weight for query, _ in usable),
        values=tuple(rows for _, rows in usable),
    )


class Client(Thread):
    """Issues statements of its deployment until it is stopped; reconnects every `recycle_s` seconds, as pools do."""

    def __init__(self, version: Deployment, *, pause_s: float, recycle_s: float, seed: int) -> None:
        super().__init__(name=f"load {seed}", daemon=True)
        self.tally = Tally()
        self.moved = Event()
        self.pid = 0
        self._version = version
        self._next = version
        self._pause_s = pause_s
        self._recycle_s = recycle_s
        self._random = Random(seed)  # noqa: S311
        self._ended = Event()

    def deploy(self, version: Deployment) -> None:
        """Move to another version after the statement that is running; `moved` is set then."""
        self.moved.clear()
        self._next = version

    def stop(self) -> None:
        """End after the statement that is running."""
        self._ended.set()

    def run(self) -> None:
        """Connect, issue statements, connect again."""
        while not self._ended.is_set():
            begin = monotonic()
            version = self._next  # once: another may be deployed while the connection of this one is being made
            try:
                with version.open_() as conn:
                    self._enter(conn, version)
                    self._issue_until(conn, begin + self._recycle_s)
            except PgrefitError as error:
                self._count(begin, f"connect: {error.what}")
                self._ended.wait(TURNED_AWAY_SECONDS)
            self.pid = 0

    def _enter(self, conn: Session, version: Deployment) -> None:
        self.pid = conn.info.backend_pid
        if self._version is not version:
            self._version = version
            self.moved.set()

    def _issue_until(self, conn: Session, end: float) -> None:
        while not (self._ended.is_set() or conn.closed or monotonic() > end or self._next is not self._version):
            self._issue(conn)
            self._ended.wait(self._pause_s)

    def _issue(self, conn: Session) -> None:
        version = self._version
        (number,) = self._random.choices(range(len(version.queries)), version.weights)
        query = version.queries[number]
        begin = monotonic()
        outcome = attempt(conn, query.sql, draw(version.values[number], self._random.random()))
        self._count(begin, f"{query.name}: {outcome.error}" if outcome.error else "")
        if query.group == "write":
            self.tally.written.extend((query.name, str(row[0])) for row in outcome.rows)

    def _count(self, begin: float, error: str) -> None:
        now = monotonic()
        self.tally.add(now, (now - begin) * 1000, error)
