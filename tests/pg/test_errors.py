"""Driver errors become pgrefit's own, by SQLSTATE."""

import psycopg
import pytest

from conftest import dsn
from pgrefit.errors import ConnectionLost, LockNotGranted, MissingPrivilege, PgrefitError, Refused, StoppedSafely
from pgrefit.pg.errors import translate, translated


def explained(connection: psycopg.Connection, statement: str) -> PgrefitError | None:
    with pytest.raises(psycopg.Error) as raised:
        connection.execute(statement)
    return translate(raised.value)


def test_a_missing_privilege(db18: psycopg.Connection) -> None:
    db18.execute("DROP ROLE IF EXISTS pgrefit_reader; CREATE ROLE pgrefit_reader; CREATE TABLE secret (x int)")
    try:
        db18.execute("SET ROLE pgrefit_reader")
        error = explained(db18, "SELECT * FROM secret")
    finally:
        db18.execute("RESET ROLE; DROP ROLE pgrefit_reader")
    assert isinstance(error, MissingPrivilege)
    assert "secret" in error.why


def test_a_lock_that_is_not_granted(db: psycopg.Connection) -> None:
    db.execute("CREATE TABLE t ()")
    with psycopg.connect(dsn(db)) as holder:
        holder.execute("LOCK TABLE t")
        db.execute("SET lock_timeout = 50")
        assert isinstance(explained(db, "SELECT FROM t"), LockNotGranted)


def test_a_statement_that_runs_too_long(db18: psycopg.Connection) -> None:
    db18.execute("SET statement_timeout = 20")
    assert isinstance(explained(db18, "SELECT pg_sleep(5)"), StoppedSafely)


def test_a_read_only_session(db18: psycopg.Connection) -> None:
    db18.execute("SET default_transaction_read_only = on")
    assert isinstance(explained(db18, "CREATE TABLE t ()"), Refused)


def test_a_session_that_was_ended(db: psycopg.Connection) -> None:
    with psycopg.connect(dsn(db), autocommit=True) as victim:
        db.execute("SELECT pg_terminate_backend(%s, 5000)", (victim.info.backend_pid,))
        assert isinstance(explained(victim, "SELECT 1"), ConnectionLost)
        assert isinstance(explained(victim, "SELECT 1"), ConnectionLost), "and again, now without a SQLSTATE"


def test_what_cannot_be_explained_rises_as_it_is(db18: psycopg.Connection) -> None:
    assert explained(db18, "SELECT 1/0") is None
    with pytest.raises(psycopg.errors.DivisionByZero), translated():
        db18.execute("SELECT 1/0")


def test_the_cause_is_kept(db18: psycopg.Connection) -> None:
    with pytest.raises(Refused) as raised, translated():
        db18.execute("SET default_transaction_read_only = on")
        db18.execute("CREATE TABLE t ()")
    assert isinstance(raised.value.__cause__, psycopg.Error)
