"""Sessions on a server: one for those who write, and a read-only, bounded one for those who look."""

from __future__ import annotations

import time
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from pgrefit.errors import LockNotGranted, PgrefitError, ServerUnsuitable
from pgrefit.pg.catalogs import explained, locked_catalogs, locked_elsewhere
from pgrefit.pg.errors import cannot_connect, database_of, translated
from pgrefit.pg.target import Target, resolve

__all__ = ["Limits", "Target", "open_observer", "open_session", "resolve"]

Session: TypeAlias = psycopg.Connection[TupleRow]

CONNECT_TIMEOUT_SECONDS = 10
AGAIN_SECONDS, AGAIN_PAUSE_SECONDS = 3, 0.1
# What is looked up before a session's own limits hold may be behind a lock on a catalog.
BOUND = "SET LOCAL lock_timeout = '500ms'; SET LOCAL statement_timeout = '30s'"
BEGIN = f"BEGIN ISOLATION LEVEL READ COMMITTED; {BOUND}"
# One way to write values, whatever the server, the role or the client's environment say.
FORMATS = {
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    "array_nulls": "on",
}
# What a role or database may have set for its application, and would end, hide or hold what is looked at.
OBSERVED = {
    "search_path": "pg_catalog",
    "row_security": "on",
    "default_transaction_isolation": "read committed",
    "default_transaction_deferrable": "off",
    "idle_session_timeout": "0",
    "transaction_timeout": "0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a session may wait for a lock, run a statement and idle in a transaction; 0 is no limit."""

    lock_wait_ms: int = 500
    runtime_ms: int = 30_000
    idle_ms: int = 60_000

    def settings(self) -> dict[str, str]:
        """The server's settings that hold these limits."""
        return {
            "lock_timeout": f"{self.lock_wait_ms}ms",
            "statement_timeout": f"{self.runtime_ms}ms",
            "idle_in_transaction_session_timeout": f"{self.idle_ms}ms",
        }


def open_session(
    target: Target | str, *, application: str, autocommit: bool = True, limits: Limits | None = None
) -> Session:
    """Open a session that may write; `application` is the verb. Without `limits` those of the role hold.

    Raises CannotConnect, and ServerUnsuitable through a pooler: what is set for a session there reaches others.
    """
    connection = _connect(target, application)
    with _closing_on_error(connection):
        connection.execute(BEGIN)
        if through_pooler(connection):
            raise ServerUnsuitable(
                "a connection pooler stands before the server",
                why="session settings, advisory locks and concurrent index builds need a session of their own",
                next_step="connect to the server's own port",
            )
        _apply(connection, FORMATS | (limits.settings() if limits else {}), local=False)
        connection.commit()
        connection.autocommit = autocommit
    return connection


def open_observer(
    target: Target | str, *, application: str = "observe", limits: Limits | None = None, again: bool = False
) -> Session:
    """Open a read-only session with bounded waits and statements, in autocommit.

    Through a pooler it is one read-only transaction instead, so that no setting stays behind on the pooler's session.
    `again`: we were let in a moment ago; where only one session is, the server may not have ended that one yet.
    """
    connection = _connect(target, application, until=time.monotonic() + (AGAIN_SECONDS if again else 0))
    settings = FORMATS | OBSERVED | (limits or Limits()).settings()
    with _closing_on_error(connection):
        connection.execute(BEGIN)
        if through_pooler(connection):
            connection.rollback()
            connection.autocommit = False
            connection.read_only = True
            connection.execute(BOUND)
            _apply(connection, settings, local=True)
        else:
            _apply(connection, settings | {"default_transaction_read_only": "on"}, local=False)
            connection.commit()
    return connection


def through_pooler(connection: Session) -> bool:
    """Whether the process that answers is not the one that the connection was told of when it began."""
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return row is not None and row[0] != connection.info.backend_pid


def _connect(target: Target | str, application: str, until: float = 0) -> Session:
    """`until`: the moment up to which it is tried again."""
    conninfo = target.dsn if isinstance(target, Target) else target
    ours = {"application_name": f"pgrefit/{application}", "client_encoding": "UTF8"}
    if "connect_timeout" not in conninfo_to_dict(conninfo):
        ours["connect_timeout"] = str(CONNECT_TIMEOUT_SECONDS)
    while True:
        try:
            # Poolers hand a session to others between transactions: prepared statements would be missed or met there.
            return psycopg.connect(make_conninfo(conninfo, **ours), autocommit=True, prepare_threshold=None)
        except psycopg.errors.ConnectionTimeout as error:
            raise _too_late(error, conninfo) from error
        except psycopg.Error as error:
            if time.monotonic() >= until:
                raise cannot_connect(error, conninfo) from error
            time.sleep(AGAIN_PAUSE_SECONDS)


def _too_late(error: psycopg.Error, conninfo: str) -> PgrefitError:
    """Why a session was not ready in time: who is let in looks into catalogs, which may be locked."""
    unreached = cannot_connect(error, conninfo)
    held = locked_elsewhere(conninfo, database_of(conninfo))
    return explained(LockNotGranted(unreached.what), held) if held else unreached


def _apply(connection: Session, settings: Mapping[str, str], *, local: bool) -> None:
    """Set all that the server knows in one round trip, not by the startup packet: poolers refuse its `options`."""
    connection.execute(
        "SELECT pg_catalog.set_config(key, value, %s) FROM pg_catalog.jsonb_each_text(%s)"
        " WHERE pg_catalog.current_setting(key, true) IS NOT NULL",
        (local, Jsonb(settings)),
    )


@contextmanager
def _closing_on_error(connection: Session) -> Generator[None]:
    try:
        with translated():
            yield
    except LockNotGranted as error:
        with closing(connection), translated():
            connection.rollback()
            raise explained(error, locked_catalogs(connection)) from error
    except BaseException:
        connection.close()
        raise
