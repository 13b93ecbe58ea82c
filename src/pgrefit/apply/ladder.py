"""Locks: short waits and a ladder of tries for what takes a strong one, a look ahead for what waits without limit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import postgast
from postgast import pg_query_pb2

from pgrefit.errors import LockNotGranted
from pgrefit.model.ddl import Statement, ddl, expression
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.plan import PlanStep
from pgrefit.model.run import Blocker

from .control import obey
from .session import Work, deadlock_timeout_ms, execute, limit_lock_wait
from .watcher import describe

Result = TypeVar("Result")

GROWTH = 1.6
OLD_SECONDS = 1.0
LOOK_SECONDS = 0.25
AUTOVACUUM = "autovacuum worker"


@dataclass(frozen=True, slots=True)
class Try:
    """One rung of the ladder: its number, from 1, and who stood in the way at the one before."""

    number: int
    blockers: tuple[Blocker, ...] = ()


def climb(work: Work, step: PlanStep, attempt: Callable[[Try], Result]) -> Result:
    """Call `attempt` until it is not refused a lock; it must leave nothing behind when it is.

    Raises LockNotGranted, naming who stood in the way, after the last try.
    """
    blockers: tuple[Blocker, ...] = ()
    last_seen = blockers
    for number in range(1, work.settings.tries + 1):
        try:
            with work.watcher.watching():
                return attempt(Try(number, blockers))
        except LockNotGranted as refused:
            blockers = work.watcher.seen
            last_seen = blockers or last_seen
            if number == work.settings.tries:
                raise _not_granted(step, last_seen, number) from refused
        pause = _pause_ms(work, number)
        work.tell("retry", step, message=f"try {number}: {describe(blockers)}", elapsed_ms=pause)
        time.sleep(pause / 1000)
        obey(work, step)
    raise AssertionError("the last try returns or raises")


def make_autovacuum_yield(work: Work, step: PlanStep, this: Try) -> None:
    """Where an autovacuum stood in the way: make it give way, without making anybody wait, before the step's own locks.

    The server cancels an autovacuum only for a waiter of more than deadlock_timeout. SHARE UPDATE EXCLUSIVE conflicts
    with an autovacuum and with no statement of clients, so clients do not queue behind this wait.
    """
    if all(blocker.application != AUTOVACUUM for blocker in this.blockers):
        return
    limit_lock_wait(work.conn, deadlock_timeout_ms(work.conn) + 500)
    for lock in step.step.locks:
        if lock.mode.strength >= LockMode.SHARE_UPDATE_EXCLUSIVE.strength and _is_table(work, lock.on):
            execute(work.conn, ddl("LOCK TABLE {table} IN SHARE UPDATE EXCLUSIVE MODE", table=lock.on))


def is_concurrent(statements: tuple[Statement, ...]) -> bool:
    """Whether one of the statements is a CONCURRENTLY one, which waits for others instead of having them wait."""
    concurrently = pg_query_pb2.Token.CONCURRENTLY
    return any(token.token == concurrently for text in statements for token in postgast.scan(text).tokens)


def await_old_snapshots(work: Work, step: PlanStep) -> None:
    """Wait, for a bounded time, for transactions that a CONCURRENTLY statement would wait for without a limit.

    Raises LockNotGranted, naming them, when they are still there.
    """
    end = time.monotonic() + work.settings.old_snapshot_wait_ms / 1000
    told: set[int] = set()
    while blockers := work.watcher.old_snapshots(step.step.locks, OLD_SECONDS):
        if time.monotonic() >= end:
            raise _not_granted(step, blockers, 1)
        if new := {blocker.pid for blocker in blockers} - told:
            told |= new
            work.tell("waiting", step, message=f"older transactions must end first: {describe(blockers)}")
        time.sleep(LOOK_SECONDS)
        obey(work, step)


def _is_table(work: Work, relation: Relation) -> bool:
    query = "SELECT relkind IN ('r', 'p') FROM pg_catalog.pg_class WHERE oid = pg_catalog.to_regclass(%s)"
    row = work.conn.execute(query, (expression("{relation}", relation=relation),)).fetchone()
    return row is not None and bool(row[0])


def _pause_ms(work: Work, number: int) -> float:
    first, last = work.settings.pause_ms
    # Jitter keeps us out of step with work that comes at regular times.
    return min(float(last), first * GROWTH ** (number - 1)) * random.uniform(0.7, 1.3)  # noqa: S311


def _not_granted(step: PlanStep, blockers: tuple[Blocker, ...], tries: int) -> LockNotGranted:
    tables = ", ".join(str(lock.on) for lock in step.step.locks)
    return LockNotGranted(
        f"step {step.id} was not granted its locks on {tables} in {tries} tries",
        why=describe(blockers),
        next_step="run again when that session has ended, or end it with pg_terminate_backend",
    )
