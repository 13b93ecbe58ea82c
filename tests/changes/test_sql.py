"""Statements of one's own: taken apart, examined, run as a step."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest

from changes.lawful import refusal, there_and_back
from pgrefit.changes.run_sql import RunSql
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from step_runner import Runner, start

TABLE = """
    CREATE TABLE shop.item (id int PRIMARY KEY, a text);
    INSERT INTO shop.item SELECT n, 'x' FROM generate_series(1, 20) AS n;
    CREATE TABLE shop."we""ird %s {x}" (id int);
    CREATE VIEW shop.v AS SELECT 1;
"""
CHANGE = RunSql(
    what="widen", up=("ALTER TABLE shop.item ALTER a TYPE varchar",), down=("ALTER TABLE shop.item ALTER a TYPE text",),
    locks=("access exclusive on shop.item",),
    proof="SELECT atttypid = 'varchar'::regtype FROM pg_attribute"
    " WHERE attrelid = 'shop.item'::regclass AND attname = 'a'",
)  # fmt: skip
INDEX = RunSql(
    what="index", up=('CREATE INDEX CONCURRENTLY i ON shop."we""ird %s {x}" (id)',), in_transaction=False,
    down=("DROP INDEX CONCURRENTLY IF EXISTS shop.i",), locks=('SHARE UPDATE EXCLUSIVE on shop."we""ird %s {x}"',),
    work=Work.BUILD,
    proof="SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass('shop.i') AND indisvalid)",
)  # fmt: skip


@pytest.mark.parametrize("change", [CHANGE, INDEX], ids=["in a transaction", "outside"])
def test_there_and_back(db: psycopg.Connection, change: RunSql) -> None:
    start(db, TABLE)
    there_and_back(db, change)


def test_a_text_of_several_statements_becomes_several(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE)
    up = "UPDATE shop.item SET a = ';' WHERE id = 1; -- and then\n DO $$ BEGIN PERFORM 1; END $$;\n"
    (step,) = runner.steps(replace(CHANGE, up=(up, "SELECT 1")))
    assert isinstance(step.do, tuple)
    assert len(step.do) == 3
    assert step.locks == (Lock(Relation("shop", "item"), LockMode.ACCESS_EXCLUSIVE),)
    runner.do(step)


def test_without_a_way_back_it_comes_last(db18: psycopg.Connection) -> None:
    start(db18, TABLE)
    change = replace(CHANGE, down=(), no_return=True, phase=Phase.CONTRACT)
    assert not refusal(db18, change)
    (step,) = Runner(db18).steps(change)
    assert step.undo is Way.NO_RETURN


OUTSIDE = "runs in no transaction"


@pytest.mark.parametrize(
    ("up", "says"),
    [
        ("ALTER TABEL shop.item", "syntax error"),
        ("UPDATE shop.item SET a = 1; COMMIT", "transactions are begun and ended for you"),
        ("SAVEPOINT s", "transactions are begun"),
        ("CREATE INDEX CONCURRENTLY ON shop.item (a)", OUTSIDE),
        ("DROP INDEX CONCURRENTLY shop.i", OUTSIDE),
        ("REINDEX TABLE CONCURRENTLY shop.item", OUTSIDE),
        ("REINDEX SCHEMA shop", OUTSIDE),
        ("ALTER TABLE shop.item DETACH PARTITION shop.low CONCURRENTLY", OUTSIDE),
        ("VACUUM shop.item", OUTSIDE),
        ("CREATE DATABASE d", OUTSIDE),
        ("ALTER SYSTEM SET work_mem = 1", OUTSIDE),
        ("SET work_mem = '1GB'", "write SET LOCAL"),
        ("RESET ALL", "write SET LOCAL"),
        ("COPY shop.item FROM STDIN", "nobody is there"),
        ("PREPARE p AS SELECT 1", "lives in a session"),
        ("UPDATE item SET a = 1", "names item without a schema"),
        ('DELETE FROM shop."we""ird %s {x}"', "says nothing of"),
        (" ; ", "up of 'widen' is empty"),
    ],
)
def test_statements_that_do_not_fit(db18: psycopg.Connection, up: str, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, replace(CHANGE, up=(up,)))


@pytest.mark.parametrize(
    "up",
    [
        "ANALYZE shop.item",
        "SET LOCAL work_mem = '1GB'",
        "WITH c AS (SELECT 1) SELECT FROM c, pg_class",
        "REFRESH MATERIALIZED VIEW CONCURRENTLY shop.m",
        "REINDEX TABLE shop.item",
        "LOCK TABLE shop.item",
    ],
)
def test_statements_that_fit(db18: psycopg.Connection, up: str) -> None:
    start(db18, TABLE)
    assert not refusal(db18, replace(CHANGE, up=(up,)))


@pytest.mark.parametrize(
    ("proof", "says"),
    [
        ("", "is not one SELECT"),
        ("SELECT true; SELECT true", "is not one SELECT"),
        ("UPDATE shop.item SET a = 1", "is not one SELECT"),
        ("SELECT true", "asks for nothing"),
        ("SELEC", "not readable"),
        ("SELECT a, id FROM shop.item", "does not return one column"),
        ("SELECT a = 'x' FROM shop.item FOR UPDATE", "does more than ask"),
        ("WITH d AS (DELETE FROM shop.item RETURNING id) SELECT count(*) > 1 FROM d", "changes rows"),
    ],
)
def test_proofs_that_prove_nothing(db18: psycopg.Connection, proof: str, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, replace(CHANGE, proof=proof))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (replace(CHANGE, down=()), "has no way back"),
        (replace(CHANGE, no_return=True, phase=Phase.CONTRACT), "has a way back, and says no_return"),
        (replace(CHANGE, down=(), no_return=True), "belongs into the contract phase"),
        (replace(CHANGE, work=Work.BATCHES), "works in batches"),
        (replace(CHANGE, down=("ROLLBACK",)), "down of 'widen'"),
        (replace(CHANGE, locks=("EXCLUSIVELY on shop.item",)), "not of the form"),
        (replace(CHANGE, locks=("ACCESS EXCLUSIVE on item",)), "not of the form"),
        (replace(CHANGE, locks=("ACCESS EXCLUSIVE on shop.gone",)), "there is no table shop.gone"),
    ],
)
def test_what_contradicts_itself(db18: psycopg.Connection, change: RunSql, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, change)
