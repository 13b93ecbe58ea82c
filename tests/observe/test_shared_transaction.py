"""Questions to small tables share a transaction: none of them spoils another, and nothing stays behind."""

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from pgrefit.pg.ask import QUICK_MS, Asker, Reply


def told(asker: Asker, select: str, runtime_ms: int = 2 * QUICK_MS) -> Reply:
    return asker.ask(select, runtime_ms=runtime_ms, lock_wait_ms=200, rows=10, small=True)


@pytest.fixture
def conn(db18: psycopg.Connection) -> psycopg.Connection:
    db18.execute("CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 30) AS n")
    return db18


def test_one_that_fails_or_takes_long_is_asked_alone(conn: psycopg.Connection) -> None:
    with Asker(conn) as asker:
        assert told(asker, "SELECT count(*) AS n FROM public.t") == Reply(columns=("n",), rows=((30,),))
        assert told(asker, "SELECT 1 / 0").error == "division by zero"
        assert len(told(asker, "SELECT id FROM public.t").rows) == 10
        assert told(asker, f"SELECT 1 AS n FROM pg_sleep({1.3 * QUICK_MS / 1000})").rows == ((1,),)
        assert "statement timeout" in told(asker, f"SELECT pg_sleep({5 * QUICK_MS / 1000})").error
        assert told(asker, "SELECT max(id) AS n FROM public.t").rows == ((30,),)
    assert conn.info.transaction_status is TransactionStatus.IDLE
    assert conn.execute("SHOW statement_timeout").fetchone() == ("0",)
    assert conn.execute("SELECT count(*) FROM t").fetchone() == (30,)


def test_small_ones_are_asked_in_one_transaction_and_a_large_one_in_its_own(conn: psycopg.Connection) -> None:
    now = "SELECT pg_catalog.transaction_timestamp()::text AS at"
    with Asker(conn) as asker:
        first, second = told(asker, now), told(asker, now)
        large = asker.ask(now, runtime_ms=1000, lock_wait_ms=200, rows=1, small=False)
        third = told(asker, now)
    assert first == second
    assert len({first.rows, large.rows, third.rows}) == 3
