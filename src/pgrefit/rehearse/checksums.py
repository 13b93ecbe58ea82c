"""Whether data are equal, whatever the order of the rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.pg.connect import FORMATS, Session
from pgrefit.pg.errors import translated
from pgrefit.pg.queries import fetch

# `row_security` off: the server refuses where it would leave rows out.
SETTINGS = FORMATS | {"bytea_output": "hex", "xmloption": "content", "row_security": "off"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSum:
    """A table's number of rows, and the sum of their hashes."""

    table: Relation
    rows: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    schema: str
    name: str


def checksums(conn: Session, tables: Iterable[Relation]) -> tuple[TableSum, ...]:
    """Sums of those of the tables that are there, in one snapshot, by the rows' texts under fixed settings."""
    wanted = sorted(set(tables))
    with translated(), conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for name, value in SETTINGS.items():
            conn.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, value))
        found = fetch(
            conn, "existing_tables", _Found, schemas=[t.schema for t in wanted], names=[t.name for t in wanted]
        )
        return tuple(_sum(conn, Relation(table.schema, table.name)) for table in sorted(found, key=str))


def _sum(conn: Session, table: Relation) -> TableSum:
    statement = ddl(
        "SELECT count(*), coalesce(sum(pg_catalog.hashtextextended((t.*)::pg_catalog.text, 0)::pg_catalog.numeric), 0)"
        "::pg_catalog.text FROM {table} AS t",
        table=table,
    )
    row = conn.execute(statement.encode()).fetchone()
    assert row is not None
    return TableSum(table=table, rows=row[0], digest=row[1])
