"""One SELECT, bounded in time, locks and rows, whose failure is a result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.numeric import FloatLoader
from psycopg.types.string import TextLoader

from pgrefit.errors import ConnectionLost, LockNotGranted
from pgrefit.pg.errors import translate
from pgrefit.pg.queries import fetch_dicts

CURSOR = "pgrefit_question"
FOREIGN = "08"  # said by a server that is still there: it is a server behind a foreign table that is not
# Python cannot hold all that these can say (infinity, year 10000), and nobody calculates with them.
AS_TEXT = ("date", "timestamp", "timestamptz", "time", "timetz", "interval", "uuid", "json", "jsonb", "inet", "cidr")


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
        with conn.transaction(force_rollback=True):
            conn.execute("SET TRANSACTION READ ONLY")
            fetch_dicts(conn, "pin_session")
            fetch_dicts(conn, "bound_statement", runtime_ms=runtime_ms, lock_wait_ms=lock_wait_ms)
            return _reply(conn, select, rows)
    except psycopg.Error as error:
        explained = translate(error)
        if isinstance(explained, ConnectionLost) and (conn.closed or (error.sqlstate or "")[:2] != FOREIGN):
            raise explained from error
        words = error.diag.message_primary or str(error).strip() or type(error).__name__
        return Reply(error=words, locked=isinstance(explained, LockNotGranted))


def _reply(conn: psycopg.Connection[Any], select: str, rows: int) -> Reply:
    with psycopg.ServerCursor(conn, CURSOR) as cursor:
        for name in AS_TEXT:
            cursor.adapters.register_loader(name, TextLoader)
        cursor.adapters.register_loader("numeric", FloatLoader)
        cursor.execute(select.encode())
        columns = tuple(column.name for column in cursor.description or ())
        return Reply(columns=columns, rows=tuple(cursor.fetchmany(rows)))
