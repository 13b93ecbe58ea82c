"""How tests run the program and look at its databases."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from pgrefit.pg.cluster import Cluster

SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Said:
    """How a run of the program ended."""

    status: int
    out: str
    err: str

    def refused(self, status: int, *words: str) -> None:
        """It ended with this status, in words that a person understands, all of these among them."""
        assert self.status == status, self.err
        assert "Traceback" not in self.err
        for word in words:
            assert word in self.err, self.err


@dataclass(kw_only=True)
class Program:
    """pgrefit in a folder."""

    cwd: Path
    env: dict[str, str]
    password: str
    said: list[str] = field(default_factory=list)
    running: list[subprocess.Popen] = field(default_factory=list)

    def __call__(self, *words: object, **env: str) -> Said:
        """Run it to its end."""
        return self.wait(self.start(*words, **env))

    def start(self, *words: object, **env: str) -> subprocess.Popen:
        """Start it and let it run."""
        return self._start(["-m", "pgrefit", *map(str, words)], env)

    def start_python(self, code: str, *words: str) -> subprocess.Popen:
        """Let another program run beside it: a client of the database."""
        return self._start(["-c", code, *words], {})

    def _start(self, words: list[str], env: dict[str, str]) -> subprocess.Popen:
        argv = [sys.executable, *words]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.running.append(subprocess.Popen(argv, cwd=self.cwd, env=self.env | env, text=True, **pipes))
        return self.running[-1]

    def wait(self, process: subprocess.Popen) -> Said:
        out, err = process.communicate(timeout=SECONDS)
        self.said += [out, err]
        return Said(status=process.returncode, out=out, err=err)

    def end(self) -> None:
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.communicate()


@dataclass(frozen=True)
class Shop:
    """One database of the tests."""

    cluster: Cluster
    name: str

    @property
    def dsn(self) -> str:
        return self.cluster.dsn(self.name)

    def __call__(self, query: str) -> list[tuple]:
        """Rows of a statement that has some."""
        with psycopg.connect(self.dsn, autocommit=True) as conn:
            cursor = conn.execute(query.encode())
            return cursor.fetchall() if cursor.description is not None else []

    @property
    def untouched(self) -> bool:
        """Whether the program has changed nothing, its own schema included."""
        of_attempts = "FROM pg_attribute WHERE attrelid = 'attempts'::regclass AND attnum > 0"
        columns = self(f"SELECT attname::text, atttypid::regtype::text {of_attempts} ORDER BY attnum")
        was = [("id", "bigint"), ("video_id", "text"), ("score", "integer")]
        return columns == was and self("SELECT to_regnamespace('pgrefit') IS NULL") == [(True,)]

    @contextmanager
    def holding(self, statement: str, application: str = "reporting") -> Iterator[psycopg.Connection]:
        """Another session that has run a statement and does not end its transaction."""
        with psycopg.connect(self.dsn, application_name=application) as conn:
            conn.execute(statement.encode())
            yield conn
            conn.rollback()

    def eventually(self, query: str) -> tuple:
        """The first row of a query, once there is one."""
        return until(lambda: self(query))[0]


def until(found: Callable[[], object]):
    """What a call returns, once it is something."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if result := found():
                return result
        except psycopg.Error:
            pass
        time.sleep(0.05)
    raise AssertionError("it did not happen")
