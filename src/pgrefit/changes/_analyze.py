"""The step that has the server look at the data again, so that the planner knows it."""

from __future__ import annotations

from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._locks import on_family
from ._notes import FORGET, note, noted

ROWS = "rows"


def analyze_step(db: Snapshot, table: Relation, columns: tuple[str, ...], phase: Phase, why: str) -> Step:
    """ANALYZE a table, or columns of it, with its partitions and heirs. The way back leaves the new statistics."""
    listed = expression("({columns})", columns=columns) if columns else Expression("")
    title = f"analyze {table}" + (f" ({', '.join(columns)})" if columns else "")
    return Step(
        title=title, phase=phase,
        # In one transaction: whoever sees the note sees statistics that were made by this step.
        do=(ddl("ANALYZE {table} {columns}", table=table, columns=raw(listed)), note(title, ROWS, _rows(table))),
        undo=(FORGET,), locks=on_family(db, table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
        proof=_analyzed(table), why=why,
    )  # fmt: skip


def _rows(table: Relation) -> Expression:
    return expression(
        "(SELECT c.reltuples::text FROM pg_catalog.pg_class AS c WHERE c.oid = {oid})", oid=raw(proof.oid_of(table))
    )


def _analyzed(table: Relation) -> Statement:
    """This step noted that it ran, and there are statistics, unless the table is empty or they are not ours to see."""
    return ddl(
        "SELECT {noted} IS NOT NULL AND EXISTS (SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = {oid}"
        " AND (c.reltuples = 0 OR pg_catalog.row_security_active(c.oid) OR EXISTS (SELECT FROM pg_catalog.pg_stats"
        " WHERE schemaname = {schema} AND tablename = {name})))",
        noted=raw(noted(ROWS)), oid=raw(proof.oid_of(table)), schema=Literal(table.schema), name=Literal(table.name),
    )  # fmt: skip
