"""What vacuum left undone, by counters; and that a table which is full is not called empty."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.server import Holder, Server, Setting
from pgrefit.model.statements import StatementStatistics
from pgrefit.rules._given import grown
from pgrefit.rules.vacuum._heap import heap_estimate
from rules.observing import findings, measured, observe, rule_named
from step_runner import run_all

NOW = datetime(2026, 1, 10, tzinfo=UTC)


def run(observation: Observation, name: str) -> tuple[Finding, ...]:
    found = audit.run(observation, [rule_named(name)])
    assert not found.crashed
    return found.findings


def observed(conn: psycopg.Connection, name: str, sql: str, times: int = 1000, **counters: Any) -> Observation:
    """Of tables that are so many times as large, with these counters."""
    conn.execute(sql.encode())
    observation = grown(observe(conn, rule_named(name)), times=times)
    statistics = observation.statistics
    tables = tuple(replace(each, **counters) for each in statistics.tables)
    return replace(observation, statistics=replace(statistics, tables=tables, taken_at=NOW))


@pytest.mark.parametrize(
    ("columns", "values"),
    [
        ("a boolean, b bigint, c boolean, d timestamptz", "true, n, false, now()"),
        ("a text, b int, c text, d bigint", "repeat('a', n % 13), n, repeat('b', n % 17), n"),
        ("a numeric(12, 2), b jsonb", "n * 1.37, jsonb_build_object('n', n)"),
        ("a text", "(SELECT string_agg(md5((n * 100 + i)::text), '') FROM generate_series(1, 35) AS i)"),
        (", ".join(f"c{i} int" for i in range(12)), ", ".join(["CASE WHEN n % 3 = 0 THEN n END"] * 12)),
        ("a mood, b name_of", "'glad', 'x' || n % 10"),
    ],
)
def test_a_full_table_is_estimated_full(db: psycopg.Connection, columns: str, values: str) -> None:
    sql = f"""CREATE TYPE mood AS ENUM ('glad', 'sad'); CREATE DOMAIN name_of AS text;
              CREATE TABLE t ({columns}); INSERT INTO t SELECT {values} FROM generate_series(1, 4000) AS n; ANALYZE t"""
    observation = observed(db, "bloated-table", sql, times=1)
    estimate = heap_estimate(observation, observation.snapshot.table(Relation("public", "t")))
    assert estimate is not None
    assert estimate.gain < 0.05


BLOATED = """
    CREATE TABLE parcel (id int, label text NOT NULL);
    INSERT INTO parcel SELECT n, 'parcel ' || n FROM generate_series(1, 9000) AS n;
    DELETE FROM parcel WHERE id % 5 <> 0;
    ANALYZE parcel;
"""


def test_a_table_that_cannot_be_written_anew_has_advice(db18: psycopg.Connection) -> None:
    (found,) = run(observed(db18, "bloated-table", BLOATED), "bloated-table")
    assert (found.remedy, bool(found.advice)) == ((), True)  # it has no key


def test_figures_that_are_out_of_date_condemn_no_table(db18: psycopg.Connection) -> None:
    stale = observed(db18, "bloated-table", BLOATED, modified_since_analyze=10**7)
    assert run(stale, "bloated-table") == ()


def test_partitions_that_are_empty_are_told_of_the_whole(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE parcel (id int, label text NOT NULL) PARTITION BY RANGE (id);
             CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (0) TO (5000);
             CREATE TABLE parcel_2 PARTITION OF parcel FOR VALUES FROM (5000) TO (10000);
             INSERT INTO parcel SELECT n, 'parcel ' || n FROM generate_series(1, 9000) AS n;
             DELETE FROM parcel WHERE id % 5 <> 0;
             ANALYZE parcel;"""
    (found,) = run(observed(db18, "bloated-table", sql), "bloated-table")
    assert (found.object, found.remedy) == ("public.parcel", ())
    assert "wasted in public.parcel_2" in measured(found)


BASKET = """
    CREATE TABLE basket (id int PRIMARY KEY, item text);
    INSERT INTO basket SELECT n, 'item ' || n FROM generate_series(1, 500) AS n;
    ANALYZE basket;
"""


@pytest.mark.parametrize(
    ("dead", "options", "fires"),
    [
        (210_000, "", True),
        (190_000, "", False),  # twice a fifth of 500,000
        (190_000, "autovacuum_vacuum_scale_factor = 0.1", True),
        (900_000, "autovacuum_vacuum_scale_factor = 1", False),
        (900_000, "autovacuum_enabled = false", False),  # another rule's
    ],
)
def test_dead_rows_are_too_many_by_the_table_s_own_parameters(
    db18: psycopg.Connection, dead: int, options: str, fires: bool
) -> None:
    sql = BASKET + (f"ALTER TABLE basket SET ({options})" if options else "")
    assert bool(run(observed(db18, "dead-rows-left", sql, dead_rows=dead), "dead-rows-left")) == fires


def test_vacuum_that_came_in_vain_is_held_back_by_somebody(db18: psycopg.Connection) -> None:
    observation = observed(db18, "dead-rows-left", BASKET, dead_rows=400_000, vacuumed_at=NOW - timedelta(hours=2))
    holder = Holder(kind="slot", name="abandoned", age=9_000_000)
    observation = replace(observation, server=replace(observation.server, holders=(holder,)))
    (found,) = run(observation, "dead-rows-left")
    assert "old snapshot" in found.advice
    assert measured(found)["what may hold vacuum back"] == ("slot abandoned, 9,000,000 transactions",)


def test_it_weighs_less_where_somebody_vacuums_by_hand(db18: psycopg.Connection) -> None:
    sql = f"{BASKET} ALTER TABLE basket SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)"
    (mild,) = run(observed(db18, "autovacuum-off", sql, vacuumed_at=NOW - timedelta(days=2)), "autovacuum-off")
    (found,) = run(observed(db18, "autovacuum-off", "", vacuumed_at=NOW - timedelta(days=20)), "autovacuum-off")
    assert (mild.severity, found.severity) == (Severity.INFO, Severity.WARNING)
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "autovacuum-off") == ()


@pytest.mark.parametrize(
    ("options", "fires"),
    [
        ("autovacuum_vacuum_threshold = 2000000000", True),
        ("autovacuum_vacuum_scale_factor = 1", True),
        ("autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000", False),
    ],
)
def test_autovacuum_that_waits_as_good_as_for_ever(db18: psycopg.Connection, options: str, fires: bool) -> None:
    found = run(observed(db18, "autovacuum-off", f"{BASKET} ALTER TABLE basket SET ({options})"), "autovacuum-off")
    assert [one.message for one in found] == (["autovacuum hardly ever comes"] if fires else [])


@pytest.mark.parametrize(
    ("times", "updated", "fires"), [(100_000, 10**7, True), (100_000, 1000, False), (1000, 10**7, False)]
)
def test_autovacuum_is_late_for_large_tables_that_change(
    db18: psycopg.Connection, times: int, updated: int, fires: bool
) -> None:
    observation = observed(db18, "late-autovacuum", BASKET, times=times, updated=updated)
    assert bool(run(observation, "late-autovacuum")) == fires


def test_a_partitioned_table_is_analyzed_by_nobody(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (id int, day date) PARTITION BY RANGE (id);
             CREATE TABLE sale_0 PARTITION OF sale FOR VALUES FROM (0) TO (10000);
             INSERT INTO sale SELECT n, '2025-01-01' FROM generate_series(1, 500) AS n; ANALYZE sale_0;"""
    (found,) = run(observed(db18, "outdated-statistics", sql), "outdated-statistics")
    assert found.object == "public.sale"
    for change in found.remedy:
        run_all(db18, change)
    assert run(observed(db18, "outdated-statistics", ""), "outdated-statistics") == ()


def test_statistics_are_out_of_date_where_most_rows_have_changed(db18: psycopg.Connection) -> None:
    name = "outdated-statistics"
    assert run(observed(db18, name, BASKET, modified_since_analyze=300_000), name) == ()
    (found,) = run(observed(db18, name, "", modified_since_analyze=700_000), name)
    assert found.severity is Severity.WARNING


def test_a_table_that_has_grown_to_many_times_its_size(db18: psycopg.Connection) -> None:
    name = "outdated-statistics"
    assert run(observed(db18, name, BASKET, times=1, modified_since_analyze=2400), name) == ()
    assert len(run(observed(db18, name, "", times=1, modified_since_analyze=2600), name)) == 1


@pytest.mark.parametrize(("updated", "hot", "fires"), [(9 * 10**6, 8 * 10**6, False), (400_000, 0, False)])
def test_updates_that_are_hot_or_few(db18: psycopg.Connection, updated: int, hot: int, fires: bool) -> None:
    observation = observed(db18, "few-hot-updates", BASKET, updated=updated, hot_updated=hot)
    assert bool(run(observation, "few-hot-updates")) == fires


@pytest.mark.parametrize(
    ("sql", "calls", "fires"),
    [
        ("UPDATE basket SET item = $1 WHERE id = $2", 300, True),
        ("UPDATE basket SET item = $1 WHERE id = $2", 30, False),
        ("UPDATE basket SET note = $1 WHERE id = $2", 300, False),  # no index has it
    ],
)
def test_a_statement_that_sets_an_indexed_column_again_and_again(
    db18: psycopg.Connection, sql: str, calls: int, fires: bool
) -> None:
    tables = f"{BASKET} ALTER TABLE basket ADD note text; CREATE INDEX basket_item ON basket (item);"
    observation = observed(db18, "few-hot-updates", tables, times=1, updated=calls, hot_updated=0)
    statement = StatementStatistics(query_id=7, text=sql, calls=calls, total_ms=90.0, mean_ms=0.3)
    found = run(replace(observation, statements=(statement,)), "few-hot-updates")
    assert ["item (basket_item)" in one.message for one in found] == ([True] if fires else [])


def test_where_autovacuum_is_off_for_the_server_fewer_dead_rows_are_told(db18: psycopg.Connection) -> None:
    observation = observed(db18, "dead-rows-left", BASKET, times=20, dead_rows=3000)
    assert run(observation, "dead-rows-left") == ()
    off = Server(version_num=180000, settings=(Setting(name="autovacuum", value="off", default="on"),))
    (found,) = run(replace(observation, server=off), "dead-rows-left")
    assert "autovacuum is off" in found.message


def test_what_its_own_transaction_has_inserted_analyze_has_seen(db18: psycopg.Connection) -> None:
    name = "outdated-statistics"
    observation = observed(db18, name, BASKET, modified_since_analyze=500_000, inserted=500_000, analyzed_at=NOW)
    assert run(observation, name) == ()
    more = observed(db18, name, "", modified_since_analyze=900_000, inserted=1_400_000, analyzed_at=NOW)
    assert len(run(more, name)) == 1


def test_an_index_counts_rows_and_leaves_no_statistics(db18: psycopg.Connection) -> None:
    name = "outdated-statistics"
    sql = """CREATE TABLE hold (id int PRIMARY KEY, reason text);
             INSERT INTO hold SELECT n, 'r' || n FROM generate_series(1, 3000) AS n; CREATE INDEX ON hold (reason);"""
    seen = observed(db18, name, f"{BASKET} {sql}", times=1, inserted=3000, modified_since_analyze=3000)
    assert "public.hold" in {one.object for one in run(seen, name)}
