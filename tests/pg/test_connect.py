"""Sessions: bounded, read-only where they look, and leaving nothing behind on a pooler."""

import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from conftest import dsn
from pgrefit.errors import CannotConnect, Refused, ServerUnsuitable
from pgrefit.pg.clone import clone_within
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Limits, Target, open_observer, open_session


def shown(connection: psycopg.Connection, name: str) -> str:
    return connection.execute("SELECT current_setting(%s)", (name,)).fetchone()[0]


def test_limits_are_those_of_the_server(db: psycopg.Connection) -> None:
    limits = Limits(lock_wait_ms=123, runtime_ms=45_678, idle_ms=9_000)
    for connection in (
        open_observer(dsn(db), application="audit", limits=limits),
        open_session(dsn(db), application="apply", limits=limits),
    ):
        with connection:
            assert connection.execute("SHOW lock_timeout").fetchone() == ("123ms",)
            assert connection.execute("SHOW statement_timeout").fetchone() == ("45678ms",)
            assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("9s",)


def test_an_observer_cannot_write_and_reads_one_way(db: psycopg.Connection) -> None:
    database = db.info.dbname
    db.execute(
        f"ALTER DATABASE {database} SET timezone = 'Asia/Tokyo'; ALTER DATABASE {database} SET datestyle = 'German'"
    )
    with open_observer(Target(dsn=dsn(db), source="test"), application="audit") as connection:
        assert shown(connection, "application_name") == "pgrefit/audit"
        assert shown(connection, "search_path") == "pg_catalog"
        assert shown(connection, "TimeZone") == "UTC"
        assert shown(connection, "DateStyle") == "ISO, MDY"
        assert connection.prepare_threshold is None
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("CREATE TABLE public.t ()")


def test_a_writing_session_keeps_the_applications_search_path(db18: psycopg.Connection) -> None:
    db18.execute(f"ALTER DATABASE {db18.info.dbname} SET search_path = app, public")
    with open_session(dsn(db18), application="apply", autocommit=False) as connection:
        assert shown(connection, "search_path") == "app, public"
        assert shown(connection, "lock_timeout") == "0"
        assert connection.autocommit is False


def test_an_unreachable_server_is_named_without_the_password() -> None:
    with pytest.raises(CannotConnect) as raised:
        open_observer("host=127.0.0.1 port=1 user=me dbname=shop password=s3cret")
    said = raised.value.what + raised.value.why + raised.value.next_step
    assert "127.0.0.1:1 as me, database shop" in raised.value.what
    assert "s3cret" not in said


def test_wrong_password_and_missing_database_are_explained() -> None:
    with Cluster(tcp=True) as cluster:
        for change in ({"password": "wr0ng"}, {"dbname": 'no "such"'}, {"user": "nobody"}):
            with pytest.raises(CannotConnect) as raised:
                open_session(make_conninfo(cluster.dsn(), **change), application="apply")
            assert "role and its password" in raised.value.next_step
            assert "wr0ng" not in raised.value.what + raised.value.why
        with pytest.raises(CannotConnect) as raised:
            open_session(
                f"host=127.0.0.1 port={cluster.dsn().split('port=')[1].split()[0]} user=me", application="apply"
            )
        assert ".pgpass" in raised.value.next_step


def test_through_a_pooler_nothing_stays_behind(cluster18: Cluster) -> None:
    with _Pooler(cluster18) as pooler:
        with open_observer(pooler.dsn, application="audit") as observer:
            assert shown(observer, "statement_timeout") == "30s"
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                observer.execute("CREATE TABLE public.t ()")
            observer.rollback()
            assert shown(observer, "statement_timeout") == "0"
            assert shown(observer, "transaction_read_only") == "on"
            observer.rollback()
        with pytest.raises(ServerUnsuitable, match="pooler"):
            open_session(pooler.dsn, application="apply")


def test_a_database_in_use_is_refused_to_clone(db18: psycopg.Connection, cluster18: Cluster) -> None:
    with pytest.raises(Refused):
        clone_within(cluster18.dsn(), db18.info.dbname, "never")


class _Pooler:
    """Stands between client and server and tells the client another process number, as poolers do."""

    def __init__(self, cluster: Cluster) -> None:
        self._server = psycopg.conninfo.conninfo_to_dict(cluster.dsn())["host"] + "/.s.PGSQL.5432"
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.dsn = f"host=127.0.0.1 port={port} user=postgres dbname=postgres sslmode=disable gssencmode=disable"

    def __enter__(self) -> "_Pooler":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._relay, args=(client,), daemon=True).start()

    def _relay(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self._server)
            server.sendall(client.recv(65536))
            for message in _startup(server):
                client.sendall(message)
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    chunk = ready.recv(65536)
                    if not chunk:
                        return
                    (server if ready is client else client).sendall(chunk)


def _startup(server: socket.socket) -> Iterator[bytes]:
    """The server's messages until it is ready, with another process number in BackendKeyData."""
    stream = server.makefile("rb", buffering=0)
    kind = b""
    while kind != b"Z":
        kind, size = struct.unpack("!cI", stream.read(5))
        body = stream.read(size - 4)
        if kind == b"K":
            body = struct.pack("!I", struct.unpack("!I", body[:4])[0] + 1) + body[4:]
        yield struct.pack("!cI", kind, size) + body
