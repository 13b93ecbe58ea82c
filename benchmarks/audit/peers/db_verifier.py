"""db_verifier: one query over the catalog."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_pypi

VERSION = "0.1.0"
PLACES = """
    SELECT 'constraint', c.oid::text, s.nspname, t.relname
    FROM pg_catalog.pg_constraint AS c
    JOIN pg_catalog.pg_namespace AS s ON s.oid = c.connamespace
    JOIN pg_catalog.pg_class AS t ON t.oid = c.conrelid
    UNION ALL
    SELECT 'relation', c.oid::text, s.nspname, coalesce(t.relname, c.relname)
    FROM pg_catalog.pg_class AS c
    JOIN pg_catalog.pg_namespace AS s ON s.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index AS i ON i.indexrelid = c.oid
    LEFT JOIN pg_catalog.pg_class AS t ON t.oid = i.indrelid
"""


def _install(folder: Path) -> None:
    from_pypi(folder, f"db-verifier=={VERSION}", "psycopg[binary]")


def _audit(folder: Path, database: Database) -> Heard:
    argv: list[str | Path] = [folder / "bin" / "db_verifier", "--connection", database.dsn, "--format", "json"]
    lines = run(argv, database.seconds, fine=(0, 1)).stdout.splitlines()  # 1: it found something
    with psycopg.connect(database.dsn) as conn:
        places = {(kind, number): (schema, name) for kind, number, schema, name in conn.execute(PLACES).fetchall()}
    found = [json.loads(line) for line in lines if line.startswith("{")]
    return Heard(tuple(_said(item, places) for item in found))


def _said(item: dict[str, str | dict[str, str]], places: dict[tuple[str, str], tuple[str, str]]) -> Said:
    """Constraints come without schema and table, and indexes without their table: they are looked up by the number."""
    kind = "constraint" if item["object_type"] == "constraint" else "relation"
    schema, table = places.get((kind, str(item["object_id"])), ("", ""))
    check = item["check"]
    assert isinstance(check, dict)
    return Said(check["check_code"], f"{item['object_name']} {table}", schema)


AUDITOR = Auditor(
    name="db_verifier", version=VERSION, licence="MIT", registry="PyPI", install=_install, audit=_audit,
    rules={
        "table-without-primary-key": ("no1001", "no1002"),
        "foreign-key-of-another-type": ("fk1001",),
        "not-valid-constraint": ("c1001",),
        "duplicate-index": ("i1001", "i1003"),
        "invalid-index": ("i1002",),
        "btree-on-array": ("i1010",),
        "sequence-near-exhaustion": ("s1010", "s1011", "s1012"),
    },
)  # fmt: skip
