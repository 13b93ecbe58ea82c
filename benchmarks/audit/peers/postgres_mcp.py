"""postgres-mcp, the health checks that it offers to language models."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_pypi

VERSION = "0.3.0"
PYTHON = (3, 12)
# What it asks for, but for a parser in a version that PyPI no longer has, and for a library that has changed since.
NEEDS = ("attrs", "humanize", "instructor", "mcp[cli]<2", "pglast>=7.20,<8", "psycopg-pool", "psycopg[binary]")
# Its tool answers in sentences without schemas: its checks are called, and of each schema's indexes apart.
PROGRAM = """
import asyncio, json, sys
from postgres_mcp.database_health.constraint_health_calc import ConstraintHealthCalc
from postgres_mcp.database_health.index_health_calc import IndexHealthCalc
from postgres_mcp.database_health.sequence_health_calc import SequenceHealthCalc
from postgres_mcp.sql import DbConnPool, SqlDriver

async def indexes(driver):
    health = IndexHealthCalc(driver)
    every = await health._indexes()
    for schema in {index["schema"] for index in every}:
        health._cached_indexes = [index for index in every if index["schema"] == schema]
        for check, text in (("invalid", await health.invalid_index_check()),
                            ("duplicate", await health.duplicate_index_check())):
            for line in text.splitlines():
                if " is invalid" in line or " is covered by " in line:
                    yield check, line, schema

async def constraints(driver):
    for found in await ConstraintHealthCalc(driver)._get_invalid_constraints():
        yield "constraint", f"{found.table} {found.name}", found.schema

async def sequences(driver):
    for found in await SequenceHealthCalc(driver)._get_sequence_metrics():
        if not found.is_healthy:
            yield "sequence", f"{found.table} {found.sequence}", found.schema

async def main():
    pool = DbConnPool(json.load(sys.stdin)["dsn"])
    await pool.pool_connect()
    for check in (indexes, constraints, sequences):
        try:
            async for line in check(SqlDriver(conn=pool)):
                print(json.dumps(line))
        except Exception as error:
            print(json.dumps([check.__name__, str(error)]))
    await pool.close()

asyncio.run(main())
"""


def _install(folder: Path) -> None:
    from_pypi(folder, *NEEDS, python=PYTHON)
    from_pypi(folder, "--no-deps", f"postgres-mcp=={VERSION}", python=PYTHON)


def _audit(folder: Path, database: Database) -> Heard:
    asked = json.dumps({"dsn": database.dsn})
    lines = run([folder / "bin" / "python", "-c", PROGRAM], database.seconds, text=asked).stdout.splitlines()
    told = [json.loads(line) for line in lines]
    said = tuple(Said(*line) for line in told if len(line) == len(("check", "text", "schema")))
    return Heard(said, tuple(": ".join(line).splitlines()[0] for line in told if len(line) == 2))


AUDITOR = Auditor(
    name="postgres-mcp", version=VERSION, licence="MIT", registry="PyPI", install=_install, audit=_audit,
    rules={
        "invalid-index": ("invalid",),
        "duplicate-index": ("duplicate",),
        "not-valid-constraint": ("constraint",),
        "sequence-near-exhaustion": ("sequence",),
    },
)  # fmt: skip
