"""One call of a query, explained by the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pgrefit.bench.parameters import Values
from pgrefit.model.ddl import Statement, ddl, raw
from pgrefit.model.workload import Query
from pgrefit.pg.attempt import attempt
from pgrefit.pg.connect import Session
from pgrefit.pg.queries import fetch

# A table below this is read whole by any sensible plan.
LARGE_PAGES = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A plan as JSON text, the shared blocks it touched, and the large relations that it reads whole."""

    plan: str = ""
    buffers: int = 0
    buffers_hit: int = 0
    sequential_scans: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pages:
    schema: str
    name: str
    pages: int


def explain(conn: Session, query: Query, values: Values) -> Explained:
    """EXPLAIN (ANALYZE, BUFFERS) of one call, rolled back; empty where the query does not run."""
    statement = ddl("EXPLAIN (ANALYZE, VERBOSE, BUFFERS, FORMAT JSON) {query}", query=raw(Statement(query.sql)))
    with conn.transaction(force_rollback=True):
        outcome = attempt(conn, statement, values, as_text=True)
    if outcome.error:
        return Explained()
    plan = outcome.rows[0][0]
    top: dict[str, Any] = json.loads(plan)[0]["Plan"]
    hit = int(top.get("Shared Hit Blocks", 0))
    return Explained(
        plan=plan,
        buffers=hit + int(top.get("Shared Read Blocks", 0)),
        buffers_hit=hit,
        sequential_scans=_large(conn, top),
    )


def _large(conn: Session, top: dict[str, Any]) -> tuple[str, ...]:
    read_whole = {(n["Schema"], n["Relation Name"]) for n in _nodes(top) if n["Node Type"] == "Seq Scan"}
    schemas, names = [pair[0] for pair in read_whole], [pair[1] for pair in read_whole]
    pages = fetch(conn, "relation_pages", _Pages, schemas=schemas, names=names)
    return tuple(sorted(f"{found.schema}.{found.name}" for found in pages if found.pages >= LARGE_PAGES))


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)
