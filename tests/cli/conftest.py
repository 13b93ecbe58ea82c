"""The real program, run from a folder of its own against a server that wants a password, which nothing may show."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cli.program import Program, Shop
from pgrefit.pg.cluster import Cluster

_numbers = itertools.count(1)
SCHEMA = """
CREATE TABLE videos (id uuid PRIMARY KEY, title text NOT NULL);
INSERT INTO videos SELECT gen_random_uuid(), 'v' || n FROM generate_series(1, 100) AS n;
CREATE TABLE attempts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, video_id text, score integer);
INSERT INTO attempts (video_id, score)
  SELECT v.id::text, n FROM generate_series(1, 3000) AS n JOIN videos AS v ON v.title = 'v' || (1 + n % 100);
INSERT INTO attempts (video_id, score) VALUES ('not a uuid', 1);
"""
INTENT = '[reference."public.attempts.video_id"]\non_delete = "cascade"\n'


@pytest.fixture(scope="session")
def server() -> Iterator[Cluster]:
    """Reached by TCP, with a password; an empty database and one to copy are on it."""
    with Cluster(18, tcp=True, settings={"shared_buffers": "32MB", "autovacuum": "off"}) as cluster:
        cluster.create_database("empty")
        cluster.create_database("shop")
        with psycopg.connect(cluster.dsn("shop"), autocommit=True) as conn:
            conn.execute(SCHEMA)
            conn.execute("ANALYZE")
            for role in ("stranger", "creator"):
                conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'w0rd'".encode())
        yield cluster


@pytest.fixture
def program(server: Cluster, tmp_path: Path) -> Iterator[Program]:
    """Runs pgrefit in an empty folder; at the end nothing that it said or wrote may hold the password."""
    password = str(conninfo_to_dict(server.dsn())["password"])
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PG", "DATABASE_URL"))}
    program = Program(cwd=tmp_path, env=kept, password=password)
    yield program
    program.end()
    assert password not in "".join(program.said)
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes(), path


@pytest.fixture
def shop(server: Cluster) -> Iterator[Shop]:
    """A fresh copy of the shop: videos, and attempts that refer to them by text."""
    name = f"shop_{next(_numbers)}"
    server.create_database(name, "shop")
    yield Shop(server, name)
    server.drop_database(name)


@pytest.fixture
def empty(server: Cluster) -> str:
    return server.dsn("empty")


@pytest.fixture(scope="session")
def _designed(server: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plan of the shop: what design writes."""
    folder = tmp_path_factory.mktemp("designed")
    (folder / "refit.toml").write_text(INTENT)
    argv = [sys.executable, "-m", "pgrefit", "design", server.dsn("shop"), "--out", "plan", "--quiet"]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "plan"


@pytest.fixture
def plan(_designed: Path, tmp_path: Path) -> Path:
    """A plan that fits any fresh shop, in the program's folder."""
    shutil.copytree(_designed, tmp_path / "plan")
    return tmp_path / "plan"


@pytest.fixture
def as_role(shop: Shop):
    """DSN of the shop for another role."""
    return lambda role: make_conninfo(shop.dsn, user=role, password="w0rd")
