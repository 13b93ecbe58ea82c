"""Copies of a database: by the server itself where nobody uses the source, else by dump and restore."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from typing import IO

from psycopg import sql
from psycopg.conninfo import make_conninfo

from pgrefit.errors import Refused, ServerUnsuitable
from pgrefit.pg.clone_parts import check_fits, copy_settings, make_database, make_roles, read_source
from pgrefit.pg.connect import Limits, Session, open_observer, open_session
from pgrefit.pg.dump import dump_command, dump_failed, restorable
from pgrefit.pg.errors import translated
from pgrefit.pg.programs import connection_arguments, find_program
from pgrefit.pg.queries import fetch

APPLICATION = "clone"
# Below this copying by WAL is quicker than the two checkpoints that copying files takes.
SMALL_BYTES = 100 * 1024 * 1024
ENDING_LOOKS = 10
ENDING_SECONDS = 0.05
DUMP_OPTIONS = ("--no-tablespaces", "--no-subscriptions", "--no-security-labels")
UNBOUNDED = Limits(lock_wait_ms=0, runtime_ms=0, idle_ms=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    identity: str
    major: int
    bytes: int
    used: bool
    clones_files: bool


def copy_database(source_dsn: str, dest_dsn: str, new_db: str) -> str:
    """Copy a database to a new one on the destination's server, in the quickest way that disturbs nobody; its DSN.

    Sessions on the source are never ended: while there are any, it is dumped and restored, even on the same server.
    """
    source_server, source_db = _whereabouts(source_dsn)
    if source_server == _whereabouts(dest_dsn)[0]:
        try:
            return clone_within(dest_dsn, source_db, new_db)
        except Refused:  # the source is in use
            pass
    return clone_to(source_dsn, dest_dsn, new_db)


def clone_within(conn_dsn: str, source_db: str, new_db: str) -> str:
    """Copy a database on its server, with its settings; DSN of the copy.

    Raises Refused while another session uses the source; those that come while it is copied wait.
    """
    with translated(), open_session(conn_dsn, application=APPLICATION, limits=UNBOUNDED) as connection:
        server = _unused(connection, source_db)
        connection.execute(_template_copy(connection, server, source_db, new_db))
    new_dsn = make_conninfo(conn_dsn, dbname=new_db)
    with open_observer(make_conninfo(conn_dsn, dbname=source_db), application=APPLICATION) as source:
        settings = read_source(source).settings
    with translated(), open_session(new_dsn, application=APPLICATION) as connection:
        copy_settings(connection, settings, new_db)
    return new_dsn


def clone_to(source_dsn: str, cluster_dsn: str, new_db: str) -> str:
    """Copy a database to another server by dump and restore, with the roles and settings it names, analysed; its DSN.

    Raises ServerUnsuitable where the target is older or lacks an extension.
    """
    with open_observer(source_dsn, application=APPLICATION) as connection:
        found = read_source(connection)
    new_dsn = make_conninfo(cluster_dsn, dbname=new_db)
    with translated(), open_session(cluster_dsn, application=APPLICATION, limits=UNBOUNDED) as connection:
        check_fits(connection, found)
        make_roles(connection, found.roles)
        make_database(connection, found.database, new_db)
    try:
        _restore(source_dsn, new_dsn, found.major)
        with translated(), open_session(new_dsn, application=APPLICATION, limits=UNBOUNDED) as connection:
            connection.execute("ANALYZE")
            copy_settings(connection, found.settings, new_db)
    except BaseException:
        _drop(cluster_dsn, new_db)
        raise
    return new_dsn


def _unused(connection: Session, source_db: str) -> _Server:
    """Look whether anybody uses the source, before the server would make newcomers wait while it looks itself."""
    for _ in range(ENDING_LOOKS):
        (server,) = fetch(connection, "clone_server", _Server, source=source_db)
        if not server.used:
            return server
        time.sleep(ENDING_SECONDS)  # a session that was closed just now takes a moment to end
    raise Refused(
        f"the database {source_db} is in use",
        why="other sessions are connected, and the server copies only a database that nobody uses",
        next_step="try again when nobody uses it, or clone it to another server",
    )


def _template_copy(connection: Session, server: _Server, source_db: str, new_db: str) -> sql.Composed:
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(new_db), sql.Identifier(source_db))
    if server.major < 15 or server.bytes < SMALL_BYTES:
        return statement
    if server.clones_files:
        connection.execute("SET file_copy_method = clone")
    return statement + sql.SQL(" STRATEGY file_copy")


def _restore(source_dsn: str, new_dsn: str, source_major: int) -> None:
    """Pipe pg_dump through the filter into psql."""
    dump, dump_environment = dump_command(source_dsn, *DUMP_OPTIONS)
    shown, environment = connection_arguments(new_dsn)
    psql = [str(find_program("psql", source_major)), "--no-psqlrc", "--quiet", "--no-password", "--output=/dev/null"]
    psql += ["--set=ON_ERROR_STOP=1", f"--dbname={shown}"]
    with (
        tempfile.TemporaryFile() as dump_said,
        tempfile.TemporaryFile() as psql_said,
        subprocess.Popen(dump, env=dump_environment, stdout=subprocess.PIPE, stderr=dump_said) as reader,
        subprocess.Popen(psql, env=environment, stdin=subprocess.PIPE, stderr=psql_said) as writer,
    ):
        assert reader.stdout is not None
        assert writer.stdin is not None
        _pump(reader.stdout, writer.stdin)
        reader.stdout.close()
        if writer.wait():
            raise ServerUnsuitable("the dump could not be restored", why=_text(psql_said))
        if reader.wait():
            raise dump_failed(_text(dump_said).encode())


def _pump(source: IO[bytes], sink: IO[bytes]) -> None:
    try:
        with sink:
            sink.writelines(restorable(source))
    except BrokenPipeError:
        pass  # psql has stopped at an error, and says so itself


def _text(said: IO[bytes]) -> str:
    said.seek(0)
    return said.read().decode(errors="replace").strip()


def _drop(cluster_dsn: str, name: str) -> None:
    with open_session(cluster_dsn, application=APPLICATION) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _whereabouts(dsn: str) -> tuple[str, str]:
    """Which server and which database a connection string leads to."""
    with open_observer(dsn, application=APPLICATION) as connection:
        name = connection.info.dbname
        return fetch(connection, "clone_server", _Server, source=name)[0].identity, name
