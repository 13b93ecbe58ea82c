"""Sizes, estimates, column statistics and counters."""

import psycopg
import pytest

from pgrefit.model.codec import from_json, to_json
from pgrefit.model.names import Relation
from pgrefit.model.statistics import Statistics
from pgrefit.observe.statistics import take_statistics

ORDERS = Relation("public", "Orders")


@pytest.fixture
def statistics(db: psycopg.Connection) -> Statistics:
    db.execute(
        """
        CREATE TABLE "Orders" (id integer PRIMARY KEY, state text, "Note" text);
        ALTER TABLE "Orders" ALTER "Note" SET STORAGE external;
        INSERT INTO "Orders" SELECT n, CASE WHEN n % 4 = 0 THEN 'a,"b' ELSE 'ok' END, repeat('x', 3000)
        FROM generate_series(1, 200) AS n;
        UPDATE "Orders" SET state = NULL WHERE id <= 20;
        CREATE TABLE parts (id integer) PARTITION BY LIST (id);
        CREATE TABLE part PARTITION OF parts DEFAULT;
        INSERT INTO parts SELECT generate_series(1, 100);
        CREATE TABLE untouched (id integer);
        ANALYZE "Orders", parts;
        """
    )
    db.execute('SELECT count(*) FROM "Orders"')
    db.execute("SET enable_seqscan = off")
    db.execute('SELECT 1 FROM "Orders" WHERE id = 7')
    db.execute("SELECT pg_stat_force_next_flush()")
    db.execute("SET jit = off")
    return take_statistics(db)


def test_sizes(statistics: Statistics) -> None:
    orders = statistics.table(ORDERS)
    assert orders.heap_bytes == orders.pages * 8192 > 0
    assert orders.toast_bytes > 200 * 3000
    index = statistics.index(Relation("public", "Orders_pkey"))
    assert index is not None
    assert index.bytes == orders.index_bytes == 2 * 8192
    assert statistics.table(Relation("public", "parts")).total_bytes == 0
    assert statistics.table(Relation("public", "part")).total_bytes == 8192
    assert statistics.database_bytes > 1_000_000


def test_estimates_and_counters(statistics: Statistics) -> None:
    orders = statistics.table(ORDERS)
    assert (orders.rows, orders.inserted, orders.updated, orders.deleted) == (200, 200, 20, 0)
    assert orders.sequential_scans >= 1
    assert orders.index_scans >= 1
    assert statistics.table(Relation("public", "untouched")).rows == -1
    assert statistics.table(Relation("public", "parts")).rows == 100


def test_column_statistics(statistics: Statistics) -> None:
    orders = statistics.table(ORDERS)
    assert [column.column for column in orders.columns] == ["id", "state", "Note"]
    state = orders.column("state")
    assert state is not None
    assert state.null_fraction == pytest.approx(0.1)
    assert (state.distinct, state.values) == (2, ("ok", 'a,"b'))
    assert sum(state.frequencies) == pytest.approx(0.9)
    key = orders.column("id")
    assert key is not None
    assert (key.distinct, key.bounds[0], key.bounds[-1]) == (-1, "1", "200")
    assert statistics.table(Relation("public", "parts")).columns[0].column == "id"


def test_settings_are_those_of_the_server_not_of_this_session(statistics: Statistics) -> None:
    settings = dict(statistics.settings)
    assert settings["fsync"] == "off"
    assert "jit" not in settings
    assert "search_path" not in settings
    assert "hba_file" not in settings


def test_it_is_the_same_after_a_round_trip_through_json(statistics: Statistics) -> None:
    assert from_json(Statistics, to_json(statistics)) == statistics


def test_a_role_without_privileges_gets_all_but_the_values(db: psycopg.Connection, statistics: Statistics) -> None:
    db.execute("DROP ROLE IF EXISTS nobody_special")
    db.execute("CREATE ROLE nobody_special")
    try:
        db.execute("SET ROLE nobody_special")
        seen = take_statistics(db)
    finally:
        db.execute("RESET ROLE")
        db.execute("DROP ROLE nobody_special")
    assert seen.table(ORDERS).columns == ()
    assert seen.table(ORDERS).heap_bytes == statistics.table(ORDERS).heap_bytes
