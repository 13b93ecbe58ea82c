"""Reading the catalog as of one moment, with nothing that others set changing what is printed."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from time import sleep
from typing import Any, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from pgrefit.errors import LockNotGranted, StoppedSafely
from pgrefit.model.run import Blocker
from pgrefit.pg.catalogs import explained, locked_catalogs
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch, fetch_dicts

Value = TypeVar("Value")
WAITS_SECONDS = (0.05, 0.1, 0.2, 0.4, 0.8)
ROUNDS = 4  # of reading past locks: each costs at most one wait for a lock
# What the server says where it cannot print a definition or a value: something was dropped meanwhile, or the catalog, a
# file of it, or the library of an extension is damaged or gone.
UNPRINTABLE = (
    psycopg.errors.InternalError_,
    psycopg.errors.DataCorrupted,
    psycopg.errors.IndexCorrupted,
    psycopg.errors.UndefinedFile,
    psycopg.errors.UndefinedFunction,
)
PASSING = (*UNPRINTABLE, psycopg.errors.SerializationFailure)  # a standby removed rows that were being read


def at_one_moment(conn: psycopg.Connection[Any], read: Callable[[], Value], *, rounds: int = 1) -> Value:
    """What `read` returns, run in a repeatable-read, read-only transaction, or in a savepoint of the caller's.

    The server prints definitions from the catalog as it is now, not as of the transaction: where an object is dropped
    in between that fails, and all is read again. Raises StoppedSafely where that does not help, and LockNotGranted
    where a lock was in the way `rounds` times: give more than one to a `read` that looks for locks first and goes round
    them.
    """
    for wait in WAITS_SECONDS:
        try:
            return _once(conn, read)
        except PASSING:
            sleep(wait)
        except LockNotGranted:
            rounds -= 1
            if not rounds:
                raise
    try:
        return _once(conn, read)
    except PASSING as error:
        raise StoppedSafely(
            "the schema changes while it is read", why=str(error).strip(),
            next_step="run again when no DDL runs; where it always says the same, the catalog is damaged there",
        ) from error  # fmt: skip


def _once(conn: psycopg.Connection[Any], read: Callable[[], Value]) -> Value:
    try:
        with translated(), _pinned(conn):
            return read()
    except LockNotGranted as error:
        raise _who(conn, error) from error


def _who(conn: psycopg.Connection[Any], error: LockNotGranted) -> LockNotGranted:
    """The same, with who holds the lock."""
    if catalogs := locked_catalogs(conn):
        return explained(error, catalogs)
    return LockNotGranted(
        "the schema cannot be read while a table is locked against everybody",
        why="; ".join(map(str, fetch(conn, "exclusive_locks", Blocker))) or error.why,
        next_step="run again when that session has ended, or end it with pg_terminate_backend",
    )


@contextmanager
def _pinned(conn: psycopg.Connection[Any]) -> Generator[None]:
    outermost = conn.info.transaction_status is TransactionStatus.IDLE
    with conn.transaction(force_rollback=True):
        conn.execute("SET TRANSACTION READ ONLY")
        if outermost:
            conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        fetch_dicts(conn, "pin_session")
        yield
