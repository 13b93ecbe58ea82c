"""Partitions that are missing, and those that are not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Finding, Severity
from rules.observing import findings, measured, observe, rule_named
from step_runner import run_all


def at(conn: psycopg.Connection, moment: str, sql: str = "") -> tuple[Finding, ...]:
    """What is said of the next partition at that moment."""
    if sql:
        conn.execute(sql.encode())
    rule = rule_named("range-without-next-partition")
    observation = observe(conn, rule)
    taken = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    observation = replace(observation, statistics=replace(observation.statistics, taken_at=taken))
    found = audit.run(observation, [rule])
    assert not found.crashed
    return found.findings


MONTHS = """
    CREATE TABLE visit (id int, day date NOT NULL, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE visit_2025_01 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
    CREATE TABLE visit_2025_02 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
"""


@pytest.mark.parametrize(
    ("moment", "fires"),
    [("2025-02-10", False), ("2025-02-26", True), ("2025-03-20", True), ("2026-02-01", False)],
)
def test_when_the_next_partition_is_missed(db18: psycopg.Connection, moment: str, fires: bool) -> None:
    assert bool(at(db18, moment, MONTHS)) == fires


@pytest.mark.parametrize(("rows", "fires"), [(1600, False), (1900, True), (2000, True)])
def test_numbers_of_a_sequence_come_to_the_end_of_the_last_range(
    db18: psycopg.Connection, rows: int, fires: bool
) -> None:
    sql = f"""CREATE TABLE packet (nr bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY) PARTITION BY RANGE (nr);
        CREATE TABLE packet_a PARTITION OF packet FOR VALUES FROM (1) TO (1001);
        CREATE TABLE packet_b PARTITION OF packet FOR VALUES FROM (1001) TO (2001);
        INSERT INTO packet SELECT FROM generate_series(1, {rows});"""
    assert bool(at(db18, "2025-02-10", sql)) == fires


@pytest.mark.parametrize(
    ("first", "second", "third"),
    [
        (202412, 202501, 202502),
        (202412, 202501, 202513),
        (20241201, 20250101, 20250201),
        (1733011200, 1735689600, 1738368000),
    ],
)
def test_numbers_may_stand_for_times(db18: psycopg.Connection, first: int, second: int, third: int) -> None:
    sql = f"""CREATE TABLE visit (month bigint) PARTITION BY RANGE (month);
        CREATE TABLE visit_a PARTITION OF visit FOR VALUES FROM ({first}) TO ({second});
        CREATE TABLE visit_b PARTITION OF visit FOR VALUES FROM ({second}) TO ({third});"""
    end = "2025-01-28" if third != 202513 else "2025-12-28"
    assert not at(db18, "2025-01-02", sql)
    assert len(at(db18, end)) == 1


@pytest.mark.parametrize(("values", "type_"), [(("2024-12", "2025-01"), "text"), (("202412", "202501"), "int")])
def test_a_list_may_be_of_months(db18: psycopg.Connection, values: tuple[str, str], type_: str) -> None:
    sql = f"""CREATE TABLE visit (month {type_}) PARTITION BY LIST (month);
        CREATE TABLE visit_a PARTITION OF visit FOR VALUES IN ('{values[0]}');
        CREATE TABLE visit_b PARTITION OF visit FOR VALUES IN ('{values[1]}');"""
    assert not at(db18, "2025-01-02", sql)
    assert len(at(db18, "2025-01-28")) == 1


def test_with_a_default_nothing_fails_yet(db18: psycopg.Connection) -> None:
    (found,) = at(db18, "2025-02-27", MONTHS)
    assert found.severity is Severity.ERROR
    (found,) = at(db18, "2025-02-27", "CREATE TABLE visit_rest PARTITION OF visit DEFAULT")
    assert found.severity is Severity.WARNING


@pytest.mark.parametrize(
    "bounds",
    [
        "FROM ('2025-02-01') TO ('2025-02-13')",  # of no regular length
        "FROM ('2025-01-31') TO ('2025-03-01')",
    ],
)
def test_what_the_next_partition_should_be_is_not_guessed(db18: psycopg.Connection, bounds: str) -> None:
    sql = f"""CREATE TABLE visit (day date) PARTITION BY RANGE (day);
              CREATE TABLE visit_2025_02 PARTITION OF visit FOR VALUES {bounds};"""
    (found,) = at(db18, "2025-03-01", sql)
    assert (found.remedy, bool(found.advice)) == ((), True)


@pytest.mark.parametrize(
    ("columns", "key", "bounds"),
    [
        ("a text", "a", ["('a') TO ('m')"]),
        ("a text", "a", ["('1') TO ('2025-01-01')", "('2025-01-01') TO ('7')"]),
        ("a date", "a", ["(MINVALUE) TO ('infinity')"]),
        ("a date", "a", []),
        ("a numeric", "a", ["('NaN') TO (MAXVALUE)", "(1) TO (2)", "(4) TO (5)"]),
        ("a date, b int", "a, b", ["('2025-01-01', 1) TO ('2025-02-01', 1)"]),
        ("a timestamptz", "date_trunc('day', a AT TIME ZONE 'UTC')", ["('2025-02-01') TO ('2025-03-01')"]),
    ],
)
def test_ranges_that_say_nothing_of_time(db18: psycopg.Connection, columns: str, key: str, bounds: list[str]) -> None:
    parts = (f"CREATE TABLE t{n} PARTITION OF t FOR VALUES FROM {bound}" for n, bound in enumerate(bounds))
    assert at(db18, "2025-02-27", "; ".join([f"CREATE TABLE t ({columns}) PARTITION BY RANGE ({key})", *parts])) == ()
    for rule in ("gap-between-partitions", "rows-in-default-partition"):
        assert findings(db18, rule) == ()


def test_rows_in_the_default_partition_get_their_ranges(db18: psycopg.Connection) -> None:
    sql = f"""{MONTHS} CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
              INSERT INTO visit SELECT n, date '2025-01-20' + n FROM generate_series(1, 120) AS n;"""
    (found,) = findings(db18, "rows-in-default-partition", sql)
    evidence = measured(found)
    assert (evidence["rows"], evidence["lowest day"], evidence["highest day"]) == (81, "2025-03-01", "2025-05-20")
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "rows-in-default-partition") == ()
    assert db18.execute("SELECT count(*), count(DISTINCT tableoid) FROM visit").fetchone() == (120, 5)


def test_rows_in_a_default_partition_of_numbers_are_told_without_a_remedy(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (id int) PARTITION BY RANGE (id);
             CREATE TABLE sale_0 PARTITION OF sale FOR VALUES FROM (0) TO (1000);
             CREATE TABLE sale_rest PARTITION OF sale DEFAULT; INSERT INTO sale VALUES (-1), (5000);"""
    (found,) = findings(db18, "rows-in-default-partition", sql)
    assert (found.remedy, bool(found.advice)) == ((), True)


def test_a_hash_without_all_remainders(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (id int) PARTITION BY HASH (id);
             CREATE TABLE sale_0 PARTITION OF sale FOR VALUES WITH (MODULUS 4, REMAINDER 0);
             CREATE TABLE sale_1 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 1);"""
    (found,) = findings(db18, "gap-between-partitions", sql)
    assert (found.severity, found.message) == (Severity.ERROR, "25% of the values of its key belong to no partition")


def test_the_table_that_would_fill_a_gap_is_named(db18: psycopg.Connection) -> None:
    (found,) = findings(db18, "gap-between-partitions", rule_named("gap-between-partitions").example)
    assert measured(found)["tables of its shape that are not attached"] == ("public.visit_03",)


def test_a_gap_within_a_partition_that_is_itself_partitioned(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (country text, id int) PARTITION BY LIST (country);
             CREATE TABLE sale_de PARTITION OF sale FOR VALUES IN ('de') PARTITION BY HASH (id);
             CREATE TABLE sale_de_0 PARTITION OF sale_de FOR VALUES WITH (MODULUS 2, REMAINDER 0);"""
    (found,) = findings(db18, "gap-between-partitions", sql)
    assert found.object == "public.sale_de"


def test_an_index_that_could_be_attached_is_named(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (id int, day date) PARTITION BY RANGE (id);
             CREATE TABLE sale_0 PARTITION OF sale FOR VALUES FROM (0) TO (10);
             CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM (10) TO (20);
             CREATE INDEX sale_0_day ON sale_0 (day); CREATE INDEX sale_day ON ONLY sale (day);"""
    (found,) = findings(db18, "partition-without-index", sql)
    assert measured(found)["indexes that could be attached"] == ("public.sale_0_day",)
    assert measured(found)["partitions without it"] == ("public.sale_0", "public.sale_1")


def test_what_each_tenant_lacks_is_told_once(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE visit (tenant text, day date) PARTITION BY LIST (tenant);"
    for tenant in "abc":
        sql += f"""CREATE TABLE visit_{tenant} PARTITION OF visit FOR VALUES IN ('{tenant}') PARTITION BY RANGE (day);
                   CREATE TABLE visit_{tenant}_2025 PARTITION OF visit_{tenant}
                   FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');"""
    (found,) = at(db18, "2025-12-30", sql)
    assert len(found.remedy) == 3
    for change in found.remedy:
        run_all(db18, change)
    assert at(db18, "2025-12-30") == ()


@pytest.mark.parametrize(("second", "found"), [(2025, 1), (2024, 0), (2028, 0)])
def test_one_year_is_missing_between_two(db18: psycopg.Connection, second: int, found: int) -> None:
    sql = f"""
        CREATE TABLE visit (at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE visit_a PARTITION OF visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
        CREATE TABLE visit_b PARTITION OF visit FOR VALUES FROM ('{second}-01-01') TO ('{second + 1}-01-01');
    """
    assert len(findings(db18, "gap-between-partitions", sql)) == found


def test_an_index_that_one_partition_lacks(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE visit (id int, at int) PARTITION BY RANGE (at);
        CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (1) TO (2);
        CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM (2) TO (3);
        CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM (3) TO (4);
        CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
        CREATE INDEX ON visit_1 (id); CREATE INDEX ON visit_1 (id, at);
    """
    assert findings(db18, "partition-without-index", sql) == ()
    (found,) = findings(db18, "partition-without-index", "CREATE INDEX ON visit_2 (id)")
    assert measured(found)["partitions without it"] == ("public.visit_3",)
    assert findings(db18, "partition-without-index", "CREATE INDEX ON visit_3 (id)") == ()
