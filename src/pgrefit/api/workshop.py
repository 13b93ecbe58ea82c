"""Copies of a database to try things on: on a scratch server of the same major version, gone afterwards."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from functools import partial

from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.binaries import available_versions
from pgrefit.pg.clone import copy_database
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Session, Target, open_observer, open_session
from pgrefit.pg.dump import dump_schema
from pgrefit.rehearse.parties import Clone, OpenSession

# A copy is disposable, so it need not survive a crash; but it should run as a real server does under load.
SETTINGS = {"shared_buffers": "256MB", "max_wal_size": "2GB", "maintenance_work_mem": "256MB", "jit": "off"}


@contextmanager
def copy_of(target: Target, *, server: Target | None = None) -> Generator[str]:
    """DSN of a copy: on `server` where one is given (the copy is left there), else on a scratch server."""
    if server:
        yield copy_database(target.dsn, server.dsn, "pgrefit_clone")
        return
    with Cluster(_version_for(target), settings=SETTINGS) as cluster:
        yield copy_database(target.dsn, cluster.dsn(), "clone")


def clone(dsn: str, application: str = "rehearse") -> Clone:
    """What a rehearsal needs to know of a database that it may change."""
    return Clone(open=with_own_path(dsn, application), dump=partial(dump_schema, dsn))


def opener(dsn: str, application: str) -> OpenSession:
    """Opens sessions that may write."""
    return partial(open_session, dsn, application=application)


def with_own_path(dsn: str, application: str) -> OpenSession:
    """Opens sessions that set the search_path which is the database's default now, as a new release does."""
    with open_session(dsn, application=application) as conn:
        path = conn.execute("SHOW search_path").fetchone()

    def opened() -> Session:
        session = open_session(dsn, application=application)
        session.execute("SELECT pg_catalog.set_config('search_path', %s, false)", path)
        return session

    return opened


def _version_for(target: Target) -> int:
    """The server's own major version, else the nearest newer one at hand."""
    with open_observer(target) as conn:
        major = _major(conn)
    newer = [version for version in available_versions() if version >= major]
    if not newer:
        raise ServerUnsuitable(
            f"no PostgreSQL {major} or newer is at hand to make a copy on",
            next_step="pip install 'pgrefit[embedded]', or name a server with --on",
        )
    return min(newer)


def _major(conn: Session) -> int:
    return conn.info.server_version // 10_000
