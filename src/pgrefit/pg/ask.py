"""One SELECT, bounded in time, locks and rows, whose failure is a result."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from sys import intern
from typing import Any, Self, TypeVar

import psycopg
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import TextLoader

from pgrefit.errors import ConnectionLost, LockNotGranted, PgrefitError
from pgrefit.pg.errors import translate
from pgrefit.pg.queries import fetch_dicts

Cursor = TypeVar("Cursor", psycopg.Cursor[Any], psycopg.ServerCursor[Any])
CURSOR = "pgrefit_question"
FOREIGN = "08"  # said by a server that is still there: it is a server behind a foreign table that is not
# Python cannot hold all that these can say (infinity, year 10000), and nobody calculates with them.
AS_TEXT = ("date", "timestamp", "timestamptz", "time", "timetz", "interval", "uuid", "json", "jsonb", "inet", "cidr")
QUICK_MS, QUICK_LOCK_MS = 500, 50
SHARED_SECONDS = 0.2  # until which a shared transaction takes another SELECT in, and keeps what was read from DDL


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Rows of a SELECT, or in `error` the server's words why there are none."""

    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Any, ...], ...] = ()
    error: str = ""
    locked: bool = False  # what it reads is locked by others


def ask(conn: psycopg.Connection[Any], select: str, *, runtime_ms: int, lock_wait_ms: int, rows: int) -> Reply:
    """Run a SELECT in a read-only transaction, or savepoint, that is rolled back; at most `rows` rows are fetched.

    Raises ConnectionLost; every other failure is the reply.
    """
    try:
        with _bounded(conn, runtime_ms, lock_wait_ms), _plain(psycopg.ServerCursor(conn, CURSOR)) as cursor:
            return _reply(cursor, select, rows)
    except ConnectionLost:
        raise
    except PgrefitError as error:
        return Reply(error=error.why or error.what, locked=isinstance(error, LockNotGranted))
    except psycopg.Error as error:
        explained = translate(error)
        if isinstance(explained, ConnectionLost) and (conn.closed or (error.sqlstate or "")[:2] != FOREIGN):
            raise explained from error
        words = error.diag.message_primary or str(error).strip() or type(error).__name__
        return Reply(error=words, locked=isinstance(explained, LockNotGranted))


class Asker:
    """Asks SELECTs one after another. Small ones share a transaction for a moment: to make it takes longer than they.

    One that is not quick in it, or fails, is asked again alone.
    """

    def __init__(self, conn: psycopg.Connection[Any]) -> None:
        self.conn = conn
        self._shared = ExitStack()
        self._cursor: psycopg.Cursor[Any] | None = None
        self._until = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def ask(self, select: str, *, runtime_ms: int, lock_wait_ms: int, rows: int, small: bool) -> Reply:
        """The reply to one, as by the function `ask`."""
        reply = self._quick_reply(select, rows) if small and runtime_ms >= QUICK_MS else None
        if reply is None or time.monotonic() >= self._until:
            self._end()
        return reply or ask(self.conn, select, runtime_ms=runtime_ms, lock_wait_ms=lock_wait_ms, rows=rows)

    def _quick_reply(self, select: str, rows: int) -> Reply | None:
        try:
            return _reply(self._begun(), select, rows)
        except ConnectionLost:
            raise
        except (PgrefitError, psycopg.Error):
            return None

    def _begun(self) -> psycopg.Cursor[Any]:
        if self._cursor is None:
            self._shared.enter_context(_bounded(self.conn, QUICK_MS, QUICK_LOCK_MS))
            self._cursor = self._shared.enter_context(_plain(psycopg.ClientCursor(self.conn)))
            self._until = time.monotonic() + SHARED_SECONDS
        return self._cursor

    def _end(self) -> None:
        self._cursor = None
        with suppress(psycopg.Error):
            self._shared.close()


@contextmanager
def _bounded(conn: psycopg.Connection[Any], runtime_ms: int, lock_wait_ms: int) -> Generator[None]:
    with conn.transaction(force_rollback=True):
        conn.execute("SET TRANSACTION READ ONLY")
        fetch_dicts(conn, "pin_session")
        fetch_dicts(conn, "bound_statement", runtime_ms=runtime_ms, lock_wait_ms=lock_wait_ms)
        yield


def _plain(cursor: Cursor) -> Cursor:
    """The cursor, which gives plain values."""
    for name in AS_TEXT:
        cursor.adapters.register_loader(name, TextLoader)
    cursor.adapters.register_loader("numeric", FloatLoader)
    return cursor


def _reply(cursor: psycopg.Cursor[Any] | psycopg.ServerCursor[Any], select: str, rows: int) -> Reply:
    cursor.execute(select.encode())
    columns = tuple(intern(column.name) for column in cursor.description or ())
    return Reply(columns=columns, rows=tuple(cursor.fetchmany(rows)))
