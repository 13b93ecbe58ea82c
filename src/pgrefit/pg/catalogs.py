"""Locks on the system catalogs: rare, as of VACUUM FULL, and then nothing at all can be looked up."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from pgrefit.errors import LockNotGranted, PgrefitError
from pgrefit.pg.queries import fetch, fetch_dicts

# Each database has catalogs of its own: where one's are locked, who did so can be seen from another.
ELSEWHERE = ("postgres", "template1")
ELSEWHERE_SECONDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogLock:
    """A catalog that is locked against everybody, or about to be, and by whom."""

    catalog: str
    granted: bool
    pid: int
    user: str
    application: str
    since_seconds: float

    def __str__(self) -> str:
        """Without the text of the query, which may hold values of the data."""
        who = f"pid {self.pid} ({', '.join(filter(None, (self.user, self.application)))})"
        about = "" if self.granted else "about to be "
        return f"{self.catalog} is {about}locked by {who}, for {self.since_seconds:.1f} s"


def locked_catalogs(conn: psycopg.Connection[Any]) -> list[CatalogLock]:
    """Those of the database that are locked."""
    try:
        return _locked(conn)
    except LockNotGranted:  # not even functions can be looked up
        return locked_elsewhere(make_conninfo(conn.info.dsn, password=conn.info.password or None), conn.info.dbname)


def locked_elsewhere(conninfo: str, database: str) -> list[CatalogLock]:
    """Those of a database that are locked, seen from another one; none where that lets us not in either."""
    other = next(name for name in ELSEWHERE if name != database)
    there = make_conninfo(conninfo, dbname=other, connect_timeout=ELSEWHERE_SECONDS, application_name="pgrefit/locks")
    with suppress(psycopg.Error, PgrefitError), psycopg.connect(there, autocommit=True, prepare_threshold=None) as conn:
        rows = fetch_dicts(conn, "database_oid", database=database)
        return _locked(conn, rows[0]["oid"]) if rows else []
    return []


def _locked(conn: psycopg.Connection[Any], database: int | None = None) -> list[CatalogLock]:
    with conn.transaction(force_rollback=True):
        conn.execute("SET LOCAL lock_timeout = '500ms'")
        return fetch(conn, "catalog_locks", CatalogLock, database=database)


def explained(error: LockNotGranted, held: list[CatalogLock]) -> LockNotGranted:
    """The same, said of the catalogs where some are locked."""
    if not held:
        return error
    return LockNotGranted(
        f"the system catalog {'; '.join(map(str, held))}", why="while it is, nothing can be looked up in it",
        next_step="run again when that session has ended, or end it with pg_terminate_backend",
    )  # fmt: skip
