"""One statement whose failure is a result, not an error: for measuring, and for trying what others wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.rows import TupleRow

from pgrefit.errors import PgrefitError
from pgrefit.pg.connect import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a statement: `elapsed` in ms, to the last row; `error` in the server's words, empty if it ran."""

    rows: tuple[tuple[Any, ...], ...] = ()
    elapsed: float = 0.0
    error: str = ""
    sqlstate: str = ""


def attempt(
    conn: Session,
    statement: str,
    parameters: Sequence[str | None] = (),
    *,
    as_text: bool = False,
    prepare: bool | None = None,
) -> Outcome:
    """Run a statement with $1, $2, … given as texts whose types the server infers; `as_text`: rows as it prints them.

    In a transaction a failure leaves that transaction failed: wrap it in a savepoint.
    """
    begin = perf_counter()
    try:
        with psycopg.RawCursor(conn) as cursor:
            cursor.execute(statement.encode(), list(parameters), prepare=prepare)
            rows = _texts(cursor) if as_text else _rows(cursor)
    except psycopg.Error as error:
        return Outcome(elapsed=_since(begin), error=_says(error), sqlstate=error.sqlstate or "")
    return Outcome(rows=rows, elapsed=_since(begin))


def failure_of(call: Callable[[], object]) -> str:
    """Make the call and say why it failed, by pgrefit's or the server's words; empty where it did not."""
    try:
        call()
    except PgrefitError as error:
        return ": ".join(part for part in (error.what, error.why) if part)
    except psycopg.Error as error:
        return _says(error)
    return ""


def _since(begin: float) -> float:
    return (perf_counter() - begin) * 1000


def _rows(cursor: psycopg.RawCursor[TupleRow]) -> tuple[tuple[Any, ...], ...]:
    return tuple(cursor.fetchall()) if cursor.description is not None else ()


def _texts(cursor: psycopg.RawCursor[TupleRow]) -> tuple[tuple[str | None, ...], ...]:
    result = cursor.pgresult
    if result is None or result.status != ExecStatus.TUPLES_OK:
        return ()
    values = ((result.get_value(row, column) for column in range(result.nfields)) for row in range(result.ntuples))
    return tuple(tuple(None if value is None else bytes(value).decode() for value in row) for row in values)


def _says(error: psycopg.Error) -> str:
    said = (error.diag.message_primary, error.diag.message_detail)
    return ": ".join(part for part in said if part) or str(error).strip() or type(error).__name__
