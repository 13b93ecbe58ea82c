"""Storage parameters, statistics: set, and set back exactly as they were."""

from __future__ import annotations

import psycopg
import pytest

from changes.lawful import refusal, there_and_back
from pgrefit.changes.analyze_table import AnalyzeTable
from pgrefit.changes.create_statistics import CreateStatistics
from pgrefit.changes.set_statistics_target import SetStatisticsTarget
from pgrefit.changes.set_storage_parameters import SetStorageParameters
from pgrefit.model.change import Change
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from step_runner import Runner, run_all, start

ITEM = Relation("shop", "item")
HOSTILE = Relation("shop", 'we"ird %s {x}')
TABLE = """
    CREATE TABLE shop.item (id int PRIMARY KEY, a text, b text, n int);
    INSERT INTO shop.item SELECT n, n % 3, n, n FROM generate_series(1, 20) AS n;
    CREATE INDEX item_a ON shop.item (a) WITH (fillfactor = 80);
    CREATE INDEX item_tags ON shop.item USING gin (string_to_array(b, ','));
"""
PARTITIONED = """
    CREATE TABLE shop.item (id int, a text) PARTITION BY RANGE (id);
    CREATE TABLE shop.low PARTITION OF shop.item FOR VALUES FROM (0) TO (10);
    CREATE TABLE shop.high PARTITION OF shop.item FOR VALUES FROM (10) TO (20);
    INSERT INTO shop.item SELECT n, 'x' FROM generate_series(1, 15) AS n;
    ALTER TABLE ONLY shop.item ALTER a SET STATISTICS 10;
    ALTER TABLE shop.low ALTER a SET STATISTICS 20;
"""
WEIRD = """
    CREATE TABLE shop."we""ird %s {x}" ("a ""b" text, "%s" int);
    INSERT INTO shop."we""ird %s {x}" SELECT n % 3, n FROM generate_series(1, 20) AS n;
"""


@pytest.mark.parametrize(
    ("more", "change"),
    [
        ("", SetStorageParameters(table=ITEM, parameters={"fillfactor": "70", "toast.autovacuum_enabled": "false"})),
        (
            "ALTER TABLE shop.item SET (autovacuum_enabled = off, fillfactor = 60, toast.autovacuum_enabled = off)",
            SetStorageParameters(
                table=ITEM, reset=("fillfactor", "toast.autovacuum_enabled"), parameters={"autovacuum_enabled": "true"}
            ),
        ),
        ("", SetStorageParameters(table=ITEM, parameters={"user_catalog_table": "true"})),
        ("", SetStorageParameters(table=ITEM, index="item_a", parameters={"fillfactor": "50"})),
        ("", SetStorageParameters(table=ITEM, index="item_a", reset=("fillfactor",))),
        ("", SetStorageParameters(table=ITEM, index="item_tags", parameters={"fastupdate": "off"})),
        ("", SetStatisticsTarget(table=ITEM, column="a", target=0, analyze=False)),
        (WEIRD, SetStorageParameters(table=HOSTILE, parameters={"autovacuum_vacuum_scale_factor": "0.01"})),
        (WEIRD, SetStatisticsTarget(table=HOSTILE, column='a "b', target=300)),
        (WEIRD, AnalyzeTable(table=HOSTILE, columns=('a "b', "%s"))),
        (WEIRD, CreateStatistics(table=HOSTILE, columns=('a "b', "%s"), name='s"t %s', target=200)),
        ("", CreateStatistics(table=ITEM, expressions=(Expression("lower(a)"),))),
        ("", CreateStatistics(table=ITEM, columns=("a",), expressions=(Expression("lower(b) || a"),), kinds=("mcv",))),
    ],
)
def test_there_and_back(db18: psycopg.Connection, more: str, change: Change) -> None:
    start(db18, TABLE + more)
    there_and_back(db18, change)


def test_the_parameters_of_a_toast_table_are_known(db: psycopg.Connection) -> None:
    start(db, "CREATE TABLE shop.item (a text) WITH (fillfactor = 50, toast.autovacuum_enabled = off)")
    assert take_snapshot(db).table(ITEM).options == ("fillfactor=50", "toast.autovacuum_enabled=off")


def test_each_partition_gets_its_own_target_back(db: psycopg.Connection) -> None:
    start(db, PARTITIONED)
    there_and_back(db, SetStatisticsTarget(table=ITEM, column="a", target=500))


def test_what_is_so_already_takes_no_step(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLE + "ALTER TABLE shop.item ALTER a SET STATISTICS 5, SET (fillfactor = 70)")
    parameters = {"fillfactor": "70"}
    assert not runner.steps(SetStatisticsTarget(table=ITEM, column="a", target=5))
    assert not runner.steps(SetStatisticsTarget(table=ITEM, column="b", target=-1))
    assert not runner.steps(SetStorageParameters(table=ITEM, parameters=parameters, reset=("parallel_workers",)))


def test_analyze_is_proven_by_its_own_doing_alone(db18: psycopg.Connection) -> None:
    """Neither older statistics nor a run that was taken back prove it; an empty table can have none."""
    runner = start(db18, TABLE + "ANALYZE shop.item; CREATE TABLE shop.void (id int)")
    for table in (ITEM, Relation("shop", "void")):
        (step,) = runner.steps(AnalyzeTable(table=table))
        assert not runner.proven(step)
        runner.do(step)
        assert runner.proven(step)
        runner.undo(step)
        assert not runner.proven(step)


def test_the_planner_knows_the_columns_together(db18: psycopg.Connection) -> None:
    """Two columns that follow from each other are no longer taken for independent."""
    start(db18, "CREATE TABLE shop.item (a int, b int)")
    db18.execute("INSERT INTO shop.item SELECT n % 50, n % 50 FROM generate_series(1, 5000) AS n; ANALYZE shop.item")
    query = "SELECT FROM shop.item WHERE a = 7 AND b = 7"
    before = rows_expected(db18, query)
    run_all(db18, CreateStatistics(table=ITEM, columns=("a", "b")))
    assert before < 10 < 80 < rows_expected(db18, query)


def rows_expected(db: psycopg.Connection, query: str) -> int:
    row = db.execute(f"EXPLAIN (FORMAT json) {query}".encode()).fetchone()
    assert row is not None
    return int(row[0][0]["Plan"]["Plan Rows"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (SetStorageParameters(table=ITEM, parameters={"fillfactor": "9"}, reset=("fillfactor",)), "be set and to be"),
        (SetStorageParameters(table=ITEM, parameters={"pg.x": "9"}), "has no parameter pg.x"),
        (SetStorageParameters(table=ITEM, index="gone", parameters={"fillfactor": "9"}), "has no index gone"),
        (SetStorageParameters(table=Relation("shop", "p"), parameters={"fillfactor": "9"}), "partitioned table"),
        (SetStatisticsTarget(table=ITEM, column="a", target=10_001), "from -1 (default) to 10000"),
        (SetStatisticsTarget(table=ITEM, column="z", target=1), "no such column"),
        (CreateStatistics(table=ITEM, columns=("a",)), "two to 8"),
        (CreateStatistics(table=ITEM, columns=("a",), expressions=(Expression("1 +"),)), "cannot read 1 +"),
        (CreateStatistics(table=ITEM, columns=("a", "b"), name="taken"), "the name is taken"),
        (AnalyzeTable(table=Relation("shop", "gone")), "no such table"),
    ],
)
def test_obstacles(db18: psycopg.Connection, change: Change, says: str) -> None:
    start(
        db18,
        TABLE
        + "CREATE TABLE shop.p (i int) PARTITION BY LIST (i); CREATE STATISTICS shop.taken ON a, n FROM shop.item",
    )
    assert says in refusal(db18, change)


def test_pages_that_are_there_stay_as_they_are(db18: psycopg.Connection) -> None:
    start(db18, TABLE)
    (step,) = Runner(db18).steps(SetStorageParameters(table=ITEM, parameters={"fillfactor": "70"}))
    assert "from now on" in step.hazard
