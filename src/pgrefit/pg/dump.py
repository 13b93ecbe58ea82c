"""pg_dump: the judge of whether two schemas are equal, and the source of clones."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator
from itertools import chain

from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.connect import open_observer
from pgrefit.pg.programs import connection_arguments, find_program

__all__ = ["dump_command", "dump_schema", "find_program", "restorable"]

# Waits behind a DDL statement at most so long, and does not queue others' statements up behind its own.
LOCK_WAIT_MS = 10_000

# A server of the minors of 2026-11-12 keeps a version in each column's options; an older pg_dump writes it out as an
# option, which no server accepts.
ATTVER = re.compile(
    rb"(?P<head>ALTER (?:FOREIGN )?TABLE ONLY .+ ALTER COLUMN .+ SET \()(?P<options>.*pg_attver=.*)\);\n"
)
NEWER_SETTINGS = (b"SET transaction_timeout = 0;",)
PROLOGUE = ("-- Name: ", "-- Dumped ", "-- PostgreSQL database dump", "\\restrict ", "\\unrestrict ")


def dump_schema(dsn: str, *, exclude_schemas: Iterable[str] = ("pgrefit",)) -> str:
    """DDL of a database with owners and grants, free of what differs between two dumps of equal schemas."""
    argv, environment = dump_command(
        dsn, "--schema-only", *(f"--exclude-schema={_exactly(s)}" for s in exclude_schemas)
    )
    done = subprocess.run(argv, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise dump_failed(done.stderr)
    lines = restorable(done.stdout.splitlines(keepends=True))
    text = b"".join(lines).decode("utf-8", errors="surrogateescape")
    return "".join(line for line in text.splitlines(keepends=True) if _says_something(line)).strip() + "\n"


def dump_command(dsn: str, *options: str) -> tuple[list[str], dict[str, str]]:
    """The pg_dump that fits the server, with these options, and the environment to run it in."""
    with open_observer(dsn, application="dump") as connection:
        program = find_program("pg_dump", connection.info.server_version // 10000)
    shown, environment = connection_arguments(dsn)
    argv = [
        str(program),
        f"--dbname={shown}",
        "--no-password",
        f"--lock-wait-timeout={LOCK_WAIT_MS}",
        "--encoding=UTF8",
    ]
    return [*argv, *options], {**environment, "PGAPPNAME": "pgrefit/dump"}


def dump_failed(said: bytes) -> ServerUnsuitable:
    """Explain by pg_dump's own words."""
    return ServerUnsuitable(
        "pg_dump could not read the database",
        why=said.decode(errors="replace").strip(),
        next_step="connect as a role that may read all of it",
    )


def restorable(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Drop from a plain dump what an equal or newer server would refuse.

    Such lines stand before the first table's data; what follows is passed on untouched, because it may be anything.
    """
    rest = iter(lines)
    for line in rest:
        if line.startswith(b"COPY ") and line.rstrip().endswith(b" FROM stdin;"):
            yield from chain((line,), rest)
        elif match := ATTVER.fullmatch(line):
            kept = [option for option in match["options"].split(b", ") if not option.startswith(b"pg_attver=")]
            yield match["head"] + b", ".join(kept) + b");\n" if kept else b""
        elif line.rstrip() not in NEWER_SETTINGS:
            yield line


def _says_something(line: str) -> bool:
    return line.strip() not in {"", "--"} and not line.startswith(PROLOGUE)


def _exactly(name: str) -> str:
    """A pg_dump pattern that matches this name alone."""
    return '"' + name.replace('"', '""') + '"'
