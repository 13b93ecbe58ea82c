"""What the server cannot print: its catalog is damaged, or the library of an extension is gone."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import psycopg

from pgrefit.observe.locks import Closed, Reasons, closed_with
from pgrefit.pg.moment import UNPRINTABLE
from pgrefit.pg.queries import fetch_dicts

RELATIONS, FUNCTIONS = "printed_relations", "printed_functions"


def look_for_broken(conn: psycopg.Connection[Any], known: Closed) -> Closed:
    """What cannot be printed, beside what is known to be closed, which is not asked for."""
    oids: defaultdict[str, list[int]] = defaultdict(list)
    for row in fetch_dicts(conn, "printed_oids"):
        if row["oid"] not in known.locked and row["oid"] not in known.functions:
            oids[row["query"]].append(row["oid"])
    relations, functions = (_broken(conn, query, oids[query]) for query in (RELATIONS, FUNCTIONS))
    if not relations and not functions:
        return known
    return closed_with(conn, known.locked | relations, known.functions | functions)


def _broken(conn: psycopg.Connection[Any], query: str, oids: list[int]) -> Reasons:
    """Those among these, and why, found by halves."""
    why = _failure(conn, query, oids) if oids else ""
    if not why:
        return {}
    if len(oids) == 1:
        return {oids[0]: f"the server cannot print its definition: {why}"}
    middle = len(oids) // 2
    return _broken(conn, query, oids[:middle]) | _broken(conn, query, oids[middle:])


def _failure(conn: psycopg.Connection[Any], query: str, oids: list[int]) -> str:
    try:
        with conn.transaction(force_rollback=True):
            fetch_dicts(conn, query, oids=oids)
    except UNPRINTABLE as error:
        return error.diag.message_primary or str(error).strip()
    return ""
