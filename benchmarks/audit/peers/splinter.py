"""splinter, as the Postgres language server brings and runs it: its package in npm has the program ready to run."""

from __future__ import annotations

import json
import platform
import re
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from benchmarks.audit.peers.auditors import ANY_PASSWORD, Auditor, Database, Heard, Missing, Said, run, schema_in
from benchmarks.audit.peers.packages import from_npm
from psycopg import sql

VERSION = "0.25.5"
ROLES = ("anon", "authenticated", "service_role")
NAME = re.compile(r"`([^`]+?)\\?`")
PACKAGE = "@postgres-language-server/cli-{machine}-linux-gnu"


def _package() -> str:
    return PACKAGE.format(machine=platform.machine())


def _install(folder: Path) -> None:
    if sys.platform != "linux":
        raise Missing("it is fetched for Linux alone")
    from_npm(folder, f"{_package()}@{VERSION}")


def _audit(folder: Path, database: Database) -> Heard:
    server = database.parameters
    who = f"{quote(server['user'], safe='')}:{quote(server.get('password', ANY_PASSWORD), safe='')}"
    where = f"{quote(server['host'], safe='')}:{server['port']}/{quote(server['dbname'], safe='')}"
    program = folder / "node_modules" / _package() / "postgres-language-server"
    with tempfile.TemporaryDirectory() as place, _roles_of_supabase(database.dsn):
        settings = {"db": {"connectionString": f"postgresql://{who}@{where}", "connTimeoutSecs": 30}}
        Path(place, "postgres-language-server.jsonc").write_text(json.dumps(settings))
        argv: list[str | Path] = [program, "dblint", "--reporter=json", "--max-diagnostics=none"]
        done = run(argv, database.seconds, folder=Path(place), fine=(0, 1))
    report: dict[str, Any] = json.loads(done.stdout)
    schemas = frozenset(database.schemas)
    return Heard(tuple(_said(found["category"], found["message"], schemas) for found in report["diagnostics"]))


@contextmanager
def _roles_of_supabase(dsn: str) -> Generator[None]:
    """Where they are missing it takes the database for none of Supabase's, and leaves half of its rules out."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        have = {name for (name,) in conn.execute("SELECT rolname FROM pg_catalog.pg_roles")}
        missing = [sql.Identifier(name) for name in ROLES if name not in have]
        for role in missing:
            conn.execute(sql.SQL("CREATE ROLE {}").format(role))
        try:
            yield
        finally:
            for role in missing:
                conn.execute(sql.SQL("DROP ROLE {}").format(role))


def _said(category: str, message: str, schemas: frozenset[str]) -> Said:
    """It names objects in its sentences, between backticks."""
    told = (schema_in(name, schemas) for name in NAME.findall(message))
    return Said(category.rpartition("/")[2], message, next(filter(None, told), ""))


AUDITOR = Auditor(
    name="splinter", version=f"of postgres-language-server {VERSION}", licence="MIT or Apache-2.0", registry="npm",
    install=_install, audit=_audit,
    rules={
        "foreign-key-without-index": ("unindexedForeignKeys",),
        "table-without-primary-key": ("noPrimaryKey",),
        "unused-index": ("unusedIndex",),
        "duplicate-index": ("duplicateIndex",),
        "overlapping-policies": ("multiplePermissivePolicies",),
        "policy-without-row-security": ("policyExistsRlsDisabled",),
        "row-security-without-policy": ("rlsEnabledNoPolicy",),
        "policy-always-true": ("rlsPolicyAlwaysTrue",),
        "policy-trusts-client": ("rlsReferencesUserMetadata",),
        "per-row-policy-call": ("authRlsInitplan",),
        "mutable-search-path": ("functionSearchPathMutable",),
        "type-that-blocks-upgrade": ("unsupportedRegTypes",),
        "bloated-table": ("tableBloat",),
    },
)  # fmt: skip
