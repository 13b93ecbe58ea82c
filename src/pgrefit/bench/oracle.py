"""What the load wrote, remembered outside the database, so that afterwards one can see that none of it was lost."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass

import postgast
from postgast import pg_query_pb2 as grammar

from pgrefit.errors import UsageError
from pgrefit.model.ddl import Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.workload import Workload
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session

# The keys that are looked for, $1, are one JSON array of texts.
KEYS = expression("SELECT pg_catalog.jsonb_array_elements_text($1::pg_catalog.jsonb)")
HAS_QUARANTINE = ddl("SELECT 'yes' WHERE pg_catalog.to_regclass('pgrefit.quarantine') IS NOT NULL")
QUARANTINED = ddl(
    "SELECT k FROM pgrefit.quarantine, LATERAL pg_catalog.unnest(key) AS k WHERE k IN ({keys})",
    keys=raw(KEYS),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteLog:
    """Committed rows: (name of the query, first column that its RETURNING gave)."""

    written: tuple[tuple[str, str], ...] = ()

    def lost(self, conn: Session, workload: Workload) -> tuple[tuple[str, str], ...]:
        """Those of `written` that are in neither their table nor quarantine.

        Tables are found as the application finds them, by search path. Only INSERT … RETURNING a column is looked up.
        Raises UsageError where a table cannot be read.
        """
        by_query: defaultdict[str, list[str]] = defaultdict(list)
        for name, key in self.written:
            by_query[name].append(key)
        return tuple(
            (name, key) for name, keys in by_query.items() for key in _absent(conn, workload.query(name).sql, keys)
        )


def _absent(conn: Session, statement: str, keys: list[str]) -> list[str]:
    insert = postgast.parse(statement).stmts[0].stmt.insert_stmt
    column = _returned_column(insert)
    if not column:
        return []
    present = ddl(
        "SELECT t.{column}::pg_catalog.text FROM {table} AS t WHERE t.{column}::pg_catalog.text IN ({keys})",
        column=column, table=_table(insert), keys=raw(KEYS),
    )  # fmt: skip
    missing = set(keys) - _read(conn, present, keys)
    if missing and _read(conn, HAS_QUARANTINE, []):
        missing -= _read(conn, QUARANTINED, list(missing))
    return [key for key in keys if key in missing]


def _returned_column(insert: grammar.InsertStmt) -> str:
    if not insert.returning_clause.exprs:
        return ""
    fields = insert.returning_clause.exprs[0].res_target.val.column_ref.fields
    return fields[-1].string.sval if fields else ""


def _table(insert: grammar.InsertStmt) -> Relation | str:
    named = insert.relation
    return Relation(named.schemaname, named.relname) if named.schemaname else named.relname


def _read(conn: Session, statement: Statement, keys: list[str]) -> set[str]:
    outcome = attempt(conn, statement, [json.dumps(keys)] if keys else [])
    if outcome.error:
        raise UsageError("what the load wrote cannot be looked up", why=outcome.error)
    return {row[0] for row in outcome.rows}
