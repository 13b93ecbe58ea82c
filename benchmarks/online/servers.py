"""Servers as they are run in production, and fresh copies of a database on them."""

from __future__ import annotations

import itertools
import os
import platform
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

import psycopg

from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Session, open_session

# Durable as usual; the WAL is let grow, so that no checkpoint falls into one contender's time and not into another's.
PRODUCTION = {
    "fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "max_wal_size": "8GB",
    "checkpoint_timeout": "1h", "max_connections": "60", "log_min_messages": "fatal",
}  # fmt: skip
_numbers = itertools.count(1)


@contextmanager
def server(version: int = 18, **settings: str) -> Generator[Cluster]:
    """A server of our own, with production's settings unless others are given."""
    with Cluster(version, settings=PRODUCTION | settings) as cluster:
        yield cluster


@contextmanager
def copy_of(cluster: Cluster, template: str) -> Generator[str]:
    """A fresh copy of a database, gone afterwards; its DSN. The WAL begins anew after a checkpoint."""
    name = f"copy_{next(_numbers)}"
    cluster.create_database(name, template=template)
    run(cluster.dsn(), "CHECKPOINT")
    try:
        yield cluster.dsn(name)
    finally:
        cluster.drop_database(name)


def run(dsn: str, *statements: str) -> None:
    """Run statements, each in a transaction of its own."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def make(cluster: Cluster, name: str, statements: list[str]) -> str:
    """Create a database and run statements in it; its name."""
    cluster.create_database(name)
    run(cluster.dsn(name), *statements, "VACUUM ANALYZE")
    return name


def opener(dsn: str) -> Callable[[], Session]:
    """How the executor opens its sessions."""
    return partial(open_session, dsn, application="apply")


def machine() -> str:
    """What this ran on, in a line."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} processors, load average {load:.1f}"
