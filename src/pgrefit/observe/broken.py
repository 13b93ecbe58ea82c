"""What the server cannot print: it changes all the while, its catalog is damaged, or a library is gone."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import psycopg

from pgrefit.observe.locks import FUNCTION, RELATION, Closed, Reasons, closed_with
from pgrefit.pg.moment import UNPRINTABLE
from pgrefit.pg.queries import fetch_dicts

RELATIONS, FUNCTIONS = "printed_relations", "printed_functions"
RESTLESS = "it was made or changed while the schema was read"


def now(conn: psycopg.Connection[Any]) -> str:
    """The moment as `look_for_restless` wants it: the number of the next transaction."""
    (row,) = fetch_dicts(conn, "next_transaction")
    return str(row["number"])


def look_for_restless(conn: psycopg.Connection[Any], known: Closed, since: str) -> Closed:
    """What was made or changed since a moment, beside what is known to be closed: it may be gone when it is printed."""
    found = fetch_dicts(conn, "young_objects", since=since)
    relations = {row["oid"]: RESTLESS for row in found if row["kind"] == RELATION}
    functions = {row["oid"]: RESTLESS for row in found if row["kind"] == FUNCTION}
    closed = closed_with(conn, relations | known.locked, functions | known.functions)
    return replace(closed, restless=tuple(relations))


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
