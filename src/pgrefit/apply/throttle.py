"""How fast the batches may go: at full speed, for a part of the time, or not before something is over."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pgrefit.model.names import Relation
from pgrefit.model.run import ThrottleMode

from .gauge import Gauge, Reading, Replica
from .settings import LoadLimits, Settings

LEAST_DUTY = 0.1
POLITE_DUTY = 0.33
VACUUM_DUTY = 0.5
LONGEST_REST_SECONDS = 2.0
SLOWER = 4.0  # times what a probe took when we did nothing
FAST_PROBE_MS = 5.0  # a server that answers within that is not busy, whatever it took before


@dataclass(frozen=True, slots=True)
class Pace:
    """For which part of the time the batches may work (0: wait), and why not for all of it."""

    duty: float = 1.0
    kind: str = ""
    reason: str = ""


FULL = Pace()


class Throttle:
    """Asked before each batch. Without a gauge it lets everything pass."""

    def __init__(self, gauge: Gauge | None, settings: Settings) -> None:
        self._gauge = gauge
        self._settings = settings
        self._told_unreadable = False

    @contextmanager
    def watching(self, table: Relation) -> Generator[None]:
        """Read how busy the server is while a table is walked."""
        if self._gauge is None:
            yield
            return
        with self._gauge.reading(table):
            yield

    def pace(self) -> Pace:
        """What the latest reading allows."""
        reading = self._gauge.latest if self._gauge else None
        if reading is None:
            return FULL
        return slowest(paces(reading, self._settings))

    def unreadable(self) -> str:
        """What cannot be read, in words, the first time that this is asked; then nothing."""
        if self._gauge is None or self._told_unreadable:
            return ""
        reading = self._gauge.latest
        self._told_unreadable = self._gauge.failure != "" or (reading is not None and not reading.sees_all)
        if self._gauge.failure:
            return f"how busy the server is cannot be read, so nothing slows the batches: {self._gauge.failure}"
        if self._told_unreadable:
            return (
                "the role may not see active sessions, vacuums and streaming replicas, so they slow nothing;"
                " GRANT pg_read_all_stats lets it"
            )
        return ""


def slowest(candidates: Iterator[Pace]) -> Pace:
    """The one that allows least."""
    return min(candidates, key=lambda pace: pace.duty, default=FULL)


def paces(reading: Reading, settings: Settings) -> Iterator[Pace]:
    """What each part of a reading allows."""
    limits = settings.limits
    yield from _replicas(reading.replicas, limits)
    yield from _archive(reading, limits)
    if limits.active_sessions and (reading.active_sessions or 0) > limits.active_sessions:
        why = f"{reading.active_sessions} sessions are active, more than {limits.active_sessions}"
        yield Pace(0, "active sessions", why)
    rate, most = reading.wal_mb_a_second, limits.wal_mb_a_second
    if most and rate > most:
        why = f"the server writes {rate:.1f} MB of WAL a second, more than {most:g}"
        yield Pace(max(LEAST_DUTY, most / rate), "WAL rate", why)
    yield from _probe(reading, settings)
    if reading.vacuum is not None:
        yield Pace(VACUUM_DUTY, "vacuum", f"pid {reading.vacuum} vacuums the table")
    if settings.throttle is ThrottleMode.POLITE:
        yield Pace(POLITE_DUTY, "polite", "it is to be polite")


def _replicas(replicas: tuple[Replica, ...], limits: LoadLimits) -> Iterator[Pace]:
    for replica in replicas:
        behind = f"{replica.name} is {replica.mb:.0f} MB and {replica.seconds:.0f} s behind"
        if limits.replica_mb and replica.mb > limits.replica_mb:
            yield Pace(0, replica.name, f"{behind}, more than {limits.replica_mb:g} MB")
        elif limits.replica_seconds and replica.seconds > limits.replica_seconds:
            yield Pace(0, replica.name, f"{behind}, more than {limits.replica_seconds:g} s")


def _archive(reading: Reading, limits: LoadLimits) -> Iterator[Pace]:
    files = reading.archive_files or 0
    if limits.archive_files and files > limits.archive_files:
        failing = "; the archive command fails" if reading.archive_fails else ""
        yield Pace(0, "archive", f"{files} files of WAL wait to be archived, more than {limits.archive_files}{failing}")


def _probe(reading: Reading, settings: Settings) -> Iterator[Pace]:
    most = settings.limits.probe_ms or max(FAST_PROBE_MS, SLOWER * reading.idle_probe_ms)
    if reading.probe_ms > most:
        why = f"a trivial query takes {reading.probe_ms:.1f} ms, {reading.idle_probe_ms:.1f} ms before we began"
        yield Pace(max(LEAST_DUTY, most / reading.probe_ms), "probe", why)


def rest_seconds(pace: Pace, busy_ms: float) -> float:
    """How long to rest after a batch of so many ms, so that batches run for the pace's part of the time."""
    if pace.duty >= 1:
        return 0.0
    return min(LONGEST_REST_SECONDS, busy_ms / 1000 * (1 / pace.duty - 1))
