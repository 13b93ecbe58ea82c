"""Measuring on the data: each question is a SELECT with limits on its time, its locks and its rows."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import psycopg

from pgrefit.model.observation import Answer, Cell, Question
from pgrefit.pg.ask import ask

LOCK_WAIT_MS = 500  # who waits for a lock lets others queue up behind


def answer(
    conn: psycopg.Connection[Any], questions: Iterable[Question], *, runtime_ms: int = 60_000, rows: int = 1_000
) -> dict[Question, Answer]:
    """Ask each question in a read-only transaction of its own, for at most `runtime_ms` and `rows` rows.

    A question that fails (time, privilege, lock, whatever the server says) is answered by `skipped`. Raises
    ConnectionLost.
    """
    return {question: _answer(conn, question, runtime_ms, rows) for question in questions}


def _answer(conn: psycopg.Connection[Any], question: Question, runtime_ms: int, rows: int) -> Answer:
    reply = ask(conn, question.select, runtime_ms=runtime_ms, lock_wait_ms=LOCK_WAIT_MS, rows=rows)
    if reply.error:
        return Answer(skipped=reply.error)
    return Answer(columns=reply.columns, rows=tuple(tuple(map(_cell, row)) for row in reply.rows))


def _cell(value: object) -> Cell:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case list() | tuple():  # an array, a row
            return json.dumps(value, default=str, ensure_ascii=False)
        case bytes():
            return value.hex()
        case _:
            return str(value)
