"""Measuring on the data: each question is a SELECT with limits on its time, its locks and its rows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

import psycopg

from pgrefit.errors import LockNotGranted
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Cell, Question
from pgrefit.pg.ask import Asker, Reply, ask
from pgrefit.pg.catalogs import locked_catalogs
from pgrefit.pg.queries import fetch_dicts

from .answer_file import AnswerFile
from .budget import Purse

LOCK_WAIT_MS = 500  # who waits for a lock lets others queue up behind
MOST_ROWS = 1_000


def answer(
    conn: psycopg.Connection[Any], questions: Iterable[Question], *, runtime_ms: int = 60_000, rows: int = MOST_ROWS
) -> dict[Question, Answer]:
    """Ask each question in a read-only transaction of its own, for at most `runtime_ms` and `rows` rows.

    A question that fails (time, privilege, lock, whatever the server says) is answered by `skipped`. Raises
    ConnectionLost.
    """
    return {question: _answer(_reply(conn, question, runtime_ms, rows)) for question in questions}


def answer_within(
    conn: psycopg.Connection[Any], questions: Iterable[Question], purse: Purse, file: AnswerFile | None = None
) -> dict[Question, Answer]:
    """The same within a budget: small tables first, what was kept in the file not again, nothing behind a lock twice.

    What the budget no longer allows is answered by `skipped`.
    """
    with Asker(conn) as asker:
        return {question: _within(asker, question, purse, file) for question in sorted(questions, key=purse.price)}


def _within(asker: Asker, question: Question, purse: Purse, file: AnswerFile | None) -> Answer:
    if kept := file.find(question) if file else None:
        return kept
    if refusal := purse.refuses(question):
        return Answer(skipped=refusal)
    began = time.monotonic()
    reply = _past_catalog_locks(asker, question, purse)
    if purse.stopped:
        return Answer(skipped=purse.stopped)
    found = _answer(reply)
    if file:
        file.keep(question, found)
    purse.pay(question, time.monotonic() - began)
    return found


def _past_catalog_locks(asker: Asker, question: Question, purse: Purse) -> Reply:
    """The reply. A lock on a catalog, seldom there for long, is waited for; where it stays, nothing more is asked."""
    while True:
        reply = asker.ask(
            question.select, runtime_ms=purse.question_ms, lock_wait_ms=LOCK_WAIT_MS, rows=MOST_ROWS,
            small=purse.is_small(question),
        )  # fmt: skip
        if not reply.locked or purse.lock(question, _locked_now(asker.conn)):
            return reply
        held = locked_catalogs(asker.conn)
        purse.patience -= LOCK_WAIT_MS / 1000
        if not held:
            purse.locked.add(question.about)
            return reply
        if purse.patience <= 0:
            purse.stopped = f"the system catalog {'; '.join(map(str, held))}"
            return reply


def _locked_now(conn: psycopg.Connection[Any]) -> list[Relation]:
    try:
        return [Relation(row["schema"], row["name"]) for row in fetch_dicts(conn, "locked_relations")]
    except LockNotGranted:
        return []


def _reply(conn: psycopg.Connection[Any], question: Question, runtime_ms: int, rows: int) -> Reply:
    return ask(conn, question.select, runtime_ms=runtime_ms, lock_wait_ms=LOCK_WAIT_MS, rows=rows)


def _answer(reply: Reply) -> Answer:
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
