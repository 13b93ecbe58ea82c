"""Questions to the data: what comes back, and that nothing they do goes wrong."""

import math
from collections.abc import Callable

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgrefit.errors import ConnectionLost
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Question
from pgrefit.observe.questions import answer

TABLE = Relation("public", "t")
Ask = Callable[..., Answer]


@pytest.fixture
def ask(db18: psycopg.Connection) -> Ask:
    db18.execute("CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 3000) AS n")

    def one(select: str, **limits: int) -> Answer:
        question = Question(TABLE, Statement(select))
        return answer(db18, [question], **limits)[question]

    return one


def test_cells_are_plain_values(ask: Ask) -> None:
    given = ask(
        """SELECT 1, 2.5::numeric, 1.5::float8, true, NULL, 'é%s', '{"a": [1]}'::jsonb AS document, ARRAY[1, NULL],
                  DATE 'infinity', '2020-01-02 03:04:05+00'::timestamptz, gen_random_uuid() IS NULL, 'NaN'::numeric,
                  int4range(1, 3), '\\x00ff'::bytea, interval '1 day', ROW(1, 'b'), ARRAY['infinity'::timestamp]"""
    )
    assert given.skipped == ""
    assert given.columns[6] == "document"
    (row,) = given.rows
    assert row[:9] == (1, 2.5, 1.5, True, None, "é%s", '{"a": [1]}', "[1, null]", "infinity")
    assert row[9:11] == ("2020-01-02 03:04:05+00", False)
    assert math.isnan(float(str(row[11])))
    assert row[12:] == ("[1, 3)", "00ff", "1 day", '["1", "b"]', '["infinity"]')


def test_rows_are_limited(ask: Ask) -> None:
    assert len(ask("SELECT id FROM public.t").rows) == 1000
    assert ask("SELECT id FROM public.t ORDER BY id", rows=2).rows == ((1,), (2,))


@pytest.mark.parametrize(
    ("select", "reason"),
    [
        ("SELECT pg_sleep(5)", "statement timeout"),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT * FROM public.missing", "does not exist"),
        ("DELETE FROM public.t RETURNING 1", "syntax error"),
        ("SELECT nextval('public.s')", "read-only transaction"),
        ("SELECT 'x'::uuid", "invalid input syntax"),
    ],
)
def test_what_fails_is_skipped_with_its_reason(db18: psycopg.Connection, ask: Ask, select: str, reason: str) -> None:
    db18.execute("CREATE SEQUENCE s")
    given = ask(select, runtime_ms=200)
    assert reason in given.skipped
    assert given.rows == ()
    assert ask("SELECT count(*) FROM public.t").rows == ((3000,),)
    assert db18.info.transaction_status is TransactionStatus.IDLE
    assert db18.execute("SHOW statement_timeout").fetchone() == ("0",)


def test_a_locked_table_and_a_missing_privilege_are_skipped(db18: psycopg.Connection, ask: Ask) -> None:
    with psycopg.connect(db18.info.dsn) as other:
        other.execute("LOCK TABLE t")
        assert "lock timeout" in ask("SELECT count(*) FROM public.t").skipped
    db18.execute("SET ROLE pg_monitor")
    assert "permission denied" in ask("SELECT count(*) FROM public.t").skipped


def test_within_a_transaction_of_the_caller(db18: psycopg.Connection, ask: Ask) -> None:
    with db18.transaction():
        db18.execute("DELETE FROM t")
        assert "division" in ask("SELECT 1 / 0").skipped
        assert ask("SELECT count(*) FROM public.t").rows == ((0,),)


def test_a_lost_connection_is_an_error(db18: psycopg.Connection, ask: Ask) -> None:
    with psycopg.connect(db18.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (db18.info.backend_pid,))
    with pytest.raises(ConnectionLost):
        ask("SELECT 1")
