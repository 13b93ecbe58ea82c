"""plpgsql_check of Debian, an extension that looks into each function of the database with all of its warnings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
from benchmarks.audit.peers.auditors import Auditor, Database, Failed, Heard, Missing, Said, quoted
from benchmarks.online.peers import extension_there

EXTENSION, PACKAGE, VERSION = "plpgsql_check", "postgresql-15-plpgsql-check", "2.3 of Debian"
FUNCTIONS = """
    SELECT DISTINCT s.nspname, p.proname, p.oid, coalesce(t.tgrelid, 0)
    FROM pg_catalog.pg_proc AS p
    JOIN pg_catalog.pg_namespace AS s ON s.oid = p.pronamespace
    JOIN pg_catalog.pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    LEFT JOIN pg_catalog.pg_trigger AS t ON t.tgfoid = p.oid
    WHERE s.nspname = ANY (%s) AND (t.oid IS NOT NULL OR p.prorettype <> 'pg_catalog.trigger'::regtype)
"""
LOOK = """
    SELECT level, sqlstate, message FROM checker.plpgsql_check_function_tb(
        funcoid => %s::oid::regprocedure, relid => %s::oid::regclass, fatal_errors => false,
        performance_warnings => true, security_warnings => true)
"""
VOLATILITY = "routine is marked as "


def _install(_: Path) -> None:
    if not extension_there(EXTENSION, PACKAGE):
        raise Missing(f"Debian's package {PACKAGE} is not installed and cannot be")


def _audit(_: Path, database: Database) -> Heard:
    with psycopg.connect(database.dsn, autocommit=True) as conn:
        conn.execute(f"SET statement_timeout = '{database.seconds:.0f}s'".encode())
        try:
            conn.execute("CREATE SCHEMA checker")
            conn.execute("CREATE EXTENSION plpgsql_check SCHEMA checker")
        except psycopg.Error as error:
            raise Failed(str(error)) from error
        errors = list[str]()
        said = tuple(_of_all(conn, database.schemas, errors))
        conn.execute("DROP EXTENSION plpgsql_check")
        conn.execute("DROP SCHEMA checker")
    return Heard(said, tuple(dict.fromkeys(errors)))


def _of_all(conn: psycopg.Connection, schemas: tuple[str, ...], errors: list[str]) -> Iterator[Said]:
    """A function means what its author's search path has: its own schema first."""
    for schema, name, function, relation in conn.execute(FUNCTIONS, (list(schemas),)).fetchall():
        conn.execute(f"SET search_path = {quoted(schema)}, public".encode())
        try:
            found = conn.execute(LOOK, (function, relation)).fetchall()
        except psycopg.Error as error:
            errors.append(str(error).splitlines()[0])
            continue
        yield from (
            Said(_check(level, state, message), f"{name}: {message}", schema) for level, state, message in found
        )


def _check(level: str, state: str, message: str) -> str:
    """It has no names for its checks; those of volatility all bear the same code."""
    return message.partition(",")[0] if message.startswith(VOLATILITY) else f"{level} {state}"


AUDITOR = Auditor(
    name=EXTENSION, version=VERSION, licence="MIT", registry="Debian", install=_install, audit=_audit,
    rules={
        "function-names-missing-table": ("error 42P01",),
        "function-names-missing-column": ("error 42703",),
        "function-calls-missing-function": ("error 42883",),
        "dynamic-sql-injection": ("security 00000",),
        "immutable-function-that-reads": ("routine is marked as IMMUTABLE",),
    },
)  # fmt: skip
