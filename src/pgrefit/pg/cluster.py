"""A disposable PostgreSQL server: made in a temporary folder, gone with the process that started it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.binaries import available_versions, binaries
from pgrefit.pg.unprivileged import hand_over, unprivileged_user

__all__ = ["Cluster", "available_versions", "binaries"]

SUPERUSER = "postgres"
SOCKET_PORT = 5432
SOCKET_PATH_MAX = 107
HOST = "127.0.0.1"
PORT_TRIES = 5
# Nothing here has to survive a crash of the machine.
DISPOSABLE = {"fsync": "off", "full_page_writes": "off", "lc_messages": "C", "log_line_prefix": "%m [%p] %d "}
CHILD_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Cluster:
    """One embedded server, UTF8 and C.UTF-8, superuser `postgres`.

    `folder` defaults to a temporary one; the folder is deleted at the end unless `keep`, or unless it was there before.
    """

    def __init__(
        self,
        version: int = 18,
        *,
        settings: Mapping[str, str] | None = None,
        tcp: bool = False,
        folder: Path | None = None,
        keep: bool = False,
    ) -> None:
        self.version = version
        self.bin = binaries(version)
        self.folder = folder
        self._settings = {**DISPOSABLE, **(settings or {})}
        self._keep = keep
        self._port = SOCKET_PORT
        self._password = secrets.token_urlsafe(24) if tcp else None
        self._user = unprivileged_user()
        self._sockets: Path | None = None
        self._doomed: list[Path] = []
        self._supervisor: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Make the server unless its folder holds one, start it and wait until it accepts connections."""
        if self._supervisor is not None:
            return
        self._supervise()
        try:
            if not (self._data / "PG_VERSION").exists():
                self._initialise()
            self._start_server()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the server and delete what was made for it."""
        supervisor, self._supervisor = self._supervisor, None
        if supervisor is None:
            return
        supervisor.communicate()
        for folder in self._doomed:  # already gone, unless the supervisor was killed
            shutil.rmtree(folder, ignore_errors=True)

    def restart(self) -> None:
        """Stop and start the server; its data stay."""
        self._ask(do="stop")
        self._start_server()

    def dsn(self, dbname: str = SUPERUSER) -> str:
        """Key/value connection string of the superuser."""
        where = HOST if self._password else str(self._sockets)
        return make_conninfo("", host=where, port=self._port, user=SUPERUSER, password=self._password, dbname=dbname)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Create a database, as a copy of `template` where given; by files, since a server of our own needs no log."""
        source = sql.SQL(" TEMPLATE {}").format(sql.Identifier(template)) if template else sql.SQL("")
        self._execute(sql.SQL("CREATE DATABASE {}{} STRATEGY file_copy").format(sql.Identifier(name), source))

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, ending the sessions on it."""
        self._execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self._home / "log"

    @property
    def _home(self) -> Path:
        assert self.folder is not None, "the folder is chosen at the start"
        return self.folder

    @property
    def _data(self) -> Path:
        return self._home / "data"

    def _execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(statement)

    def _supervise(self) -> None:
        self._make_folders()
        order = {
            "client": os.getpid(),
            "home": str(self._home),
            "doomed": [str(folder) for folder in self._doomed],
            "user": self._user and self._user.pw_uid,
            "group": self._user and self._user.pw_gid,
            "environment": CHILD_ENVIRONMENT,
        }
        program = Path(__file__).with_name("supervisor.py")
        self._supervisor = subprocess.Popen(
            [sys.executable, "-I", "-S", str(program), json.dumps(order)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd="/",
            start_new_session=True,
        )

    def _make_folders(self) -> None:
        """Make home and socket folder, and note which of them are deleted at the end."""
        self._doomed = []
        if self.folder is None or not self.folder.exists():
            self.folder = self._made(self.folder)
            self._doomed = [] if self._keep else [self.folder]
        self._sockets = self.folder
        if len(os.fsencode(self.folder / f".s.PGSQL.{SOCKET_PORT}.lock")) >= SOCKET_PATH_MAX:
            self._sockets = self._made(None)
            self._doomed.append(self._sockets)

    def _made(self, folder: Path | None) -> Path:
        if folder is None:
            # $TMPDIR may be long or private; the socket's path must be short and the server's user must reach it.
            folder = Path(tempfile.mkdtemp(prefix="pgrefit-", dir="/tmp"))
        else:
            folder.mkdir(mode=0o700, parents=True)
        hand_over(folder, self._user)
        return folder.resolve()

    def _initialise(self) -> None:
        argv = [str(self.bin / "initdb"), "--pgdata", str(self._data), "--username", SUPERUSER, "--no-sync"]
        argv += ["--encoding=UTF8", "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=scram-sha-256"]
        secret = self._home / "password"
        if self._password:
            secret.touch(mode=0o600)
            secret.write_text(self._password)
            hand_over(secret, self._user)
            argv += ["--pwfile", str(secret)]
        self._ask(do="run", argv=argv)
        secret.unlink(missing_ok=True)
        with (self._data / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {_quoted(value)}\n" for name, value in self._settings.items())

    def _start_server(self) -> None:
        for left in reversed(range(PORT_TRIES)):
            self._port = _free_port() if self._password else SOCKET_PORT
            argv = [str(self.bin / "postgres"), "-D", str(self._data), "-p", str(self._port)]
            argv += ["-h", HOST if self._password else "", "-k", str(self._sockets)]
            try:
                self._ask(do="start", argv=argv, data=str(self._data), log=str(self.log))
            except ServerUnsuitable:
                if not self._password or not left:  # only a port can be taken by another process meanwhile
                    raise
            else:
                return

    def _ask(self, **command: object) -> None:
        assert self._supervisor is not None, "the server was not started"
        assert self._supervisor.stdin is not None
        assert self._supervisor.stdout is not None
        self._supervisor.stdin.write(json.dumps(command) + "\n")
        self._supervisor.stdin.flush()
        line = self._supervisor.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {"ok": False, "output": "its supervisor has ended"}
        if not answer["ok"]:
            raise ServerUnsuitable(f"PostgreSQL {self.version} does not start", why=answer["output"].strip())


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
