"""Real servers for tests: started when first asked for, one of each version for each test process."""

import itertools
import os
import shutil
import signal
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pgrefit.pg.cluster import Cluster, available_versions

# Who starts the tests in the background has them ignore ^C, and all that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)

VERSIONS = (15, 16, 18)
MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 * 2**30
_names = itertools.count(1)


@pytest.fixture(scope="session")
def _clusters() -> Iterator[Callable[[int], Cluster]]:
    """The running server of a version, started at the first call."""
    running: dict[int, Cluster] = {}

    def server(version: int) -> Cluster:
        if version not in available_versions():
            pytest.skip(f"PostgreSQL {version} is not installed here")
        if version not in running:
            cluster = Cluster(version, folder=_home())
            cluster.start()
            running[version] = cluster
        return running[version]

    yield server
    for cluster in running.values():
        cluster.stop()


def _home() -> Path | None:
    """In memory where there is room: to make and drop databases, as nearly every test does, is to write files."""
    there = os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    return MEMORY / f"pgrefit-tests-{uuid.uuid4().hex[:12]}" if there else None


@pytest.fixture(scope="session")
def cluster15(_clusters: Callable[[int], Cluster]) -> Cluster:
    return _clusters(15)


@pytest.fixture(scope="session")
def cluster16(_clusters: Callable[[int], Cluster]) -> Cluster:
    return _clusters(16)


@pytest.fixture(scope="session")
def cluster18(_clusters: Callable[[int], Cluster]) -> Cluster:
    return _clusters(18)


@pytest.fixture(scope="session", params=VERSIONS, ids=lambda version: f"pg{version}")
def cluster(request: pytest.FixtureRequest, _clusters: Callable[[int], Cluster]) -> Cluster:
    """A server of each version in turn."""
    return _clusters(request.param)


@pytest.fixture
def db(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """An autocommit connection to a fresh database, on a server of each version in turn."""
    with fresh_database(cluster) as connection:
        yield connection


@pytest.fixture
def db18(cluster18: Cluster) -> Iterator[psycopg.Connection]:
    """An autocommit connection to a fresh database on PostgreSQL 18."""
    with fresh_database(cluster18) as connection:
        yield connection


@contextmanager
def fresh_database(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """An autocommit connection to a database that is there for so long."""
    name = f"test_{next(_names)}"
    cluster.create_database(name)
    try:
        with psycopg.connect(cluster.dsn(name), autocommit=True) as connection:
            yield connection
    finally:
        cluster.drop_database(name)


def dsn(connection: psycopg.Connection) -> str:
    """A connection string that connects to where this connection is."""
    return make_conninfo(connection.info.dsn, password=connection.info.password or None)
