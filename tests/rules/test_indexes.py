"""Indexes that look alike and are not, and what counters and estimates may and may not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.server import Replica
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.cluster import Cluster
from pgrefit.rules._given import grown
from pgrefit.rules.indexes._btree import rebuilt_share
from rules.observing import findings, observe, rule_named
from step_runner import run_all


@pytest.fixture
def db15(cluster15: Cluster) -> Iterator[psycopg.Connection]:
    """On the server that has contrib modules."""
    cluster15.create_database("indexes")
    try:
        with psycopg.connect(cluster15.dsn("indexes"), autocommit=True) as conn:
            yield conn
    finally:
        cluster15.drop_database("indexes")


def run(observation: Observation, name: str) -> tuple[Finding, ...]:
    found = audit.run(observation, [rule_named(name)])
    assert not found.crashed
    return found.findings


def observed(conn: psycopg.Connection, name: str, sql: str, times: int = 1000) -> Observation:
    """Of tables that are so many times as large."""
    conn.execute(sql.encode())
    return grown(observe(conn, rule_named(name)), times=times)


def counted(observation: Observation, days: int = 60, **counters: Any) -> Observation:
    """As the server that has counted for so long."""
    statistics = observation.statistics
    assert statistics.taken_at is not None
    tables = tuple(replace(each, **counters) for each in statistics.tables)
    since = statistics.taken_at - timedelta(days=days)
    return replace(observation, statistics=replace(statistics, tables=tables, reset_at=since))


PARENT = """
    CREATE EXTENSION IF NOT EXISTS btree_gist;
    CREATE TABLE room (id int PRIMARY KEY, code text, UNIQUE (id, code));
"""


@pytest.mark.parametrize(
    ("columns", "indexes", "fires"),
    [
        ("room_id int REFERENCES room, at int4range, EXCLUDE USING gist (room_id WITH =, at WITH &&)", "", False),
        ("room_id int REFERENCES room, at int4range, EXCLUDE USING gist (at WITH &&, room_id WITH =)", "", True),
        ("room_id int, code text, FOREIGN KEY (room_id, code) REFERENCES room (id, code), UNIQUE (room_id)", "", False),
        ("room_id int REFERENCES room", "CREATE INDEX ON stay USING brin (room_id)", True),
        ("room_id int REFERENCES room", "CREATE INDEX ON stay ((room_id + 0))", True),
        ("room_id int REFERENCES room, x int", "CREATE INDEX ON stay (x) INCLUDE (room_id)", True),
        ("room_id int REFERENCES room, x int", "CREATE INDEX ON stay (room_id DESC NULLS LAST, x)", False),
    ],
)
def test_what_serves_a_foreign_key(db15: psycopg.Connection, columns: str, indexes: str, fires: bool) -> None:
    sql = f"{PARENT} CREATE TABLE stay (id int PRIMARY KEY, {columns}); {indexes}"
    assert bool(findings(db15, "foreign-key-without-index", sql)) == fires


def test_an_index_in_another_collation_serves_no_foreign_key(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE word (text text PRIMARY KEY);
             CREATE TABLE use (id int PRIMARY KEY, word text REFERENCES word);
             CREATE INDEX ON use (word COLLATE "POSIX");"""
    assert len(findings(db18, "foreign-key-without-index", sql)) == 1
    assert findings(db18, "foreign-key-without-index", "CREATE INDEX ON use (word text_pattern_ops)") == ()


def test_one_index_for_two_foreign_keys_is_told_once(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE person (id int PRIMARY KEY); CREATE TABLE member (id int PRIMARY KEY REFERENCES person);
             CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES person, FOREIGN KEY (by) REFERENCES member);"""
    assert len(findings(db18, "foreign-key-without-index", sql)) == 1


def test_a_foreign_key_that_is_not_enforced_looks_nothing_up(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE person (id int PRIMARY KEY);
             CREATE TABLE note (id int PRIMARY KEY, by int REFERENCES person NOT ENFORCED);"""
    assert findings(db18, "foreign-key-without-index", sql) == ()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int, b int, UNIQUE (a), EXCLUDE USING btree (b WITH =)); CREATE INDEX ON t USING hash (b)",
        "CREATE TABLE t (a int UNIQUE NULLS NOT DISTINCT); CREATE UNIQUE INDEX ON t (a)",
        "CREATE TABLE t (a int UNIQUE DEFERRABLE); CREATE UNIQUE INDEX ON t (a)",
        "CREATE TABLE t (a int, b int); CREATE UNIQUE INDEX ON t (a); CREATE INDEX ON t (a) INCLUDE (b)",
        "CREATE TABLE t (a text); CREATE INDEX ON t (lower(a)); CREATE INDEX ON t (upper(a))",
        "CREATE TABLE t (a int, b int); CREATE INDEX ON t (a, b); CREATE INDEX ON t (b, a)",
    ],
)
def test_indexes_that_are_no_duplicates(db18: psycopg.Connection, sql: str) -> None:
    assert findings(db18, "duplicate-index", sql) == ()


def test_of_two_unique_indexes_the_one_that_a_foreign_key_rests_on_stays(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (a int NOT NULL); CREATE UNIQUE INDEX rests ON t (a);
             CREATE TABLE u (a int REFERENCES t (a)); CREATE UNIQUE INDEX surplus ON t (a);"""
    (found,) = findings(db18, "duplicate-index", sql)
    assert found.object == "public.surplus"
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "duplicate-index") == ()


def test_an_index_that_carries_a_column_stands_in_for_the_one_that_does_not(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (a int, b int); CREATE INDEX z ON t (a); CREATE INDEX a_b ON t (a) INCLUDE (b)"
    (found,) = findings(db18, "duplicate-index", sql)
    assert found.object == "public.z"


def test_the_index_that_is_named_is_one_that_stays(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (a int, b int, c int); CREATE INDEX t_a ON t (a); CREATE INDEX t_ab ON t (a, b);
             CREATE INDEX t_abc ON t (a, b, c);"""
    assert {f.object: f.message for f in findings(db18, "redundant-index", sql)} == {
        "public.t_a": "its keys are the first keys of public.t_abc",
        "public.t_ab": "its keys are the first keys of public.t_abc",
    }


def test_what_cannot_be_dropped_online_has_advice_and_no_remedy(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE t (a int, b int) PARTITION BY RANGE (a); CREATE INDEX t_a ON t (a);
             CREATE INDEX t_ab ON t (a, b);"""
    (found,) = findings(db18, "redundant-index", sql)
    assert (found.remedy, bool(found.advice)) == ((), True)


INVALID = "SET allow_system_table_mods = on; UPDATE pg_index SET indisvalid = false WHERE indexrelid = '{}'::regclass"


def test_what_a_rebuild_left_is_dropped(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (a int UNIQUE); CREATE UNIQUE INDEX t_a_key_ccnew ON t (a);"
    (found,) = findings(db18, "invalid-index", sql + INVALID.format("t_a_key_ccnew"))
    assert found.severity is Severity.WARNING
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "invalid-index") == ()
    assert findings(db18, "duplicate-index") == ()


def test_an_invalid_unique_index_is_built_again(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (a int); CREATE UNIQUE INDEX t_a ON t (a);"
    (found,) = findings(db18, "invalid-index", sql + INVALID.format("t_a"))
    assert found.severity is Severity.ERROR
    for change in found.remedy:
        run_all(db18, change)
    assert findings(db18, "invalid-index") == ()


UNUSED = """
    CREATE TABLE film (id int PRIMARY KEY, title text);
    INSERT INTO film SELECT n, 'film ' || n FROM generate_series(1, 200) AS n;
    CREATE INDEX film_title ON film (title);
    ANALYZE film;
"""


def test_who_has_replicas_is_asked_to_look_at_them(db18: psycopg.Connection) -> None:
    observation = counted(observed(db18, "unused-index", UNUSED, times=1))
    (alone,) = run(observation, "unused-index")
    assert (alone.severity, len(alone.remedy)) == (Severity.WARNING, 1)
    server = replace(observation.server, replicas=(Replica(name="east", state="streaming", sync="async"),))
    (found,) = run(replace(observation, server=server), "unused-index")
    assert (found.severity, found.remedy) == (Severity.INFO, ())
    assert "east" in found.advice
    (found,) = run(replace(observation, server=replace(observation.server, in_recovery=True)), "unused-index")
    assert found.remedy == ()


def test_a_fortnight_tells_nothing_of_what_is_due_once_a_month(db18: psycopg.Connection) -> None:
    observation = counted(observed(db18, "unused-index", UNUSED, times=1), days=14)
    (found,) = run(observation, "unused-index")
    assert (found.severity, found.remedy) == (Severity.INFO, ())


def test_a_b_tree_that_is_full_is_not_called_empty(db18: psycopg.Connection) -> None:
    """Nor one of few different values, entries of which are merged, nor one that grew in no order."""
    sql = """
        CREATE TABLE item (id bigint PRIMARY KEY, kind int, label text, code uuid UNIQUE, amount numeric, note text);
        CREATE INDEX ON item (kind); CREATE INDEX ON item (label); CREATE INDEX ON item (amount) INCLUDE (kind);
        CREATE INDEX ON item (note); CREATE INDEX ON item (kind, label);
        INSERT INTO item SELECT n, n % 9, 'label ' || n % 700, md5(n::text)::uuid, n * 1.1,
                                CASE WHEN n % 30 = 0 THEN 'note ' || n END
        FROM generate_series(1, 12000) AS n;
        ANALYZE item;
    """
    observation = observed(db18, "bloated-index", sql, times=1)
    table = observation.snapshot.table(Relation("public", "item"))
    left = {index.name.name: rebuilt_share(observation, table, index) for index in table.indexes}
    assert len(left) == 7
    assert all(share is not None and 0.5 < share < 1.1 for share in left.values()), left


def test_an_index_whose_rows_have_mostly_gone_is_empty(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE item (id bigint PRIMARY KEY, kind int, label text);
        CREATE INDEX item_kind ON item (kind); CREATE INDEX item_label ON item (label);
        CREATE INDEX item_lower ON item (lower(label));
        INSERT INTO item SELECT n, n % 9, 'label ' || n FROM generate_series(1, 12000) AS n;
        DELETE FROM item WHERE id % 8 > 0;
        ANALYZE item;
    """
    found = run(observed(db18, "bloated-index", sql), "bloated-index")
    assert {f.object for f in found} == {"public.item_kind", "public.item_label", "public.item_pkey"}


SCANNED = """
    CREATE TABLE gadget (id int PRIMARY KEY, label text);
    INSERT INTO gadget SELECT n, 'gadget ' || n FROM generate_series(1, 500) AS n;
    ANALYZE gadget;
"""


@pytest.mark.parametrize(
    ("days", "scans", "pages", "fires"),
    [
        (10, 9000, 9000 * 80_000, True),
        (10, 300, 300 * 80_000, False),  # jobs and dumps
        (10, 9000, 9000, False),  # a LIMIT ended them
        (0, 9000, 9000 * 80_000, True),  # provisionally: no statement is counted
        (0, 90, 90 * 80_000, False),
    ],
)
def test_scans_that_tell(db18: psycopg.Connection, days: int, scans: int, pages: int, fires: bool) -> None:
    observation = observed(db18, "table-read-whole", SCANNED, times=20_000)
    told = counted(observation, days=days, sequential_scans=scans, blocks_fetched=pages)
    assert bool(run(told, "table-read-whole")) == fires


def test_rare_scans_are_told_after_a_month_only(db18: psycopg.Connection) -> None:
    observation = observed(db18, "rarely-read-index", UNUSED)
    scanned = tuple(replace(each, scans=2) for each in observation.statistics.indexes)
    observation = replace(observation, statistics=replace(observation.statistics, indexes=scanned))
    assert run(counted(observation, days=20, inserted=10**6), "rarely-read-index") == ()
    assert run(counted(observation, days=40, inserted=1000), "rarely-read-index") == ()
    (found,) = run(counted(observation, days=40, inserted=10**6), "rarely-read-index")
    assert (found.object, found.remedy) == ("public.film_title", ())


NULLS = """
    CREATE TABLE task (id int PRIMARY KEY, blocked_by int);
    CREATE INDEX task_blocked_by ON task (blocked_by);
    INSERT INTO task SELECT n, CASE WHEN n % 50 = 0 THEN n END FROM generate_series(1, 3000) AS n;
    ANALYZE task;
"""


@pytest.mark.parametrize(
    ("query", "expected"),
    [("SELECT id FROM task WHERE blocked_by = 7", 1), ("SELECT id FROM task WHERE blocked_by IS NULL", None)],
)
def test_the_workload_decides_whether_nulls_are_wanted(
    db18: psycopg.Connection, query: str, expected: int | None
) -> None:
    observation = observed(db18, "mostly-null-index", NULLS)
    workload = Workload(queries=(Query(name="q", sql=query),))
    found = run(replace(observation, workload=workload), "mostly-null-index")
    assert [len(f.remedy) for f in found] == ([] if expected is None else [expected])
    for change in (change for f in found for change in f.remedy):
        run_all(db18, change)


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int[] PRIMARY KEY)",
        "CREATE TABLE t (a int PRIMARY KEY, b int REFERENCES t, c int[]); CREATE INDEX ON t (b, c)",
        "CREATE TABLE t (sort_path int[]); CREATE INDEX ON t (sort_path)",
    ],
)
def test_arrays_that_are_compared_as_wholes(db18: psycopg.Connection, sql: str) -> None:
    assert findings(db18, "btree-on-array", sql) == ()


def test_hostile_names_in_indexes(db18: psycopg.Connection) -> None:
    sql = """
        CREATE SCHEMA "Odd ""s";
        CREATE TABLE "Odd ""s"."T {0} %s" ("Id %" int PRIMARY KEY, "Nr {x}" int NOT NULL, "tags'" text[]);
        CREATE INDEX "i 1 %" ON "Odd ""s"."T {0} %s" ("Nr {x}") WHERE "Id %" IS NOT NULL;
        CREATE INDEX "i 2 {}" ON "Odd ""s"."T {0} %s" ("tags'");
        CREATE INDEX "i 3" ON "Odd ""s"."T {0} %s" ("Nr {x}");
        CREATE INDEX "i 4" ON "Odd ""s"."T {0} %s" ("Nr {x}", "Id %");
    """
    db18.execute(sql.encode())
    for name in ("redundant-index", "needless-index-predicate", "btree-on-array"):
        (found,) = findings(db18, name)
        for change in found.remedy:
            run_all(db18, change)
    assert findings(db18, "needless-index-predicate") == ()


def test_what_is_alike_in_all_partitions_is_told_once(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE buyer (id int PRIMARY KEY);
             CREATE TABLE sale (id int, buyer_id int, day date) PARTITION BY RANGE (id);"""
    for number in range(3):
        sql += f"""CREATE TABLE sale_{number} PARTITION OF sale FOR VALUES FROM ({number}) TO ({number + 1});
                   ALTER TABLE sale_{number} ADD FOREIGN KEY (buyer_id) REFERENCES buyer;
                   CREATE INDEX ON sale_{number} (day); CREATE INDEX ON sale_{number} (day);"""
    for name in ("foreign-key-without-index", "duplicate-index"):
        (found,) = findings(db18, name, sql)
        assert len(found.remedy) == 3
        for change in found.remedy:
            run_all(db18, change)
        assert findings(db18, name) == ()
        sql = ""


@pytest.mark.parametrize(("share", "fires"), [(0.9, False), (1.5, True)])
def test_one_index_that_is_heavier_than_the_rows(db18: psycopg.Connection, share: float, fires: bool) -> None:
    observation = observed(db18, "indexes-outweigh-table", UNUSED, times=500_000)
    statistics = observation.statistics
    heap = max(each.heap_bytes for each in statistics.tables)
    indexes = tuple(replace(each, bytes=int(heap * share)) for each in statistics.indexes)
    tables = tuple(replace(each, index_bytes=2 * int(heap * share), toast_bytes=0) for each in statistics.tables)
    observation = replace(observation, statistics=replace(statistics, tables=tables, indexes=indexes))
    found = run(observation, "indexes-outweigh-table")
    assert [f.object for f in found] == (["public.film"] if fires else [])


def test_what_serves_a_foreign_key_of_text(db: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE buyer (code text PRIMARY KEY);
        CREATE TABLE sale (id int PRIMARY KEY, a text REFERENCES buyer, b text REFERENCES buyer);
        CREATE INDEX ON sale USING spgist (a); CREATE INDEX ON sale USING brin (b);
    """
    (found,) = findings(db, "foreign-key-without-index", sql)
    assert found.object == "public.sale.sale_b_fkey"


def test_a_materialized_view_with_two_indexes_that_are_one(db18: psycopg.Connection) -> None:
    sql = """
        CREATE MATERIALIZED VIEW total AS SELECT 1 AS shop, 2 AS sum;
        CREATE UNIQUE INDEX one ON total (shop); CREATE INDEX two ON total (shop);
        CREATE INDEX three ON total (sum); CREATE INDEX four ON total (sum, shop);
    """
    (found,) = findings(db18, "duplicate-index", sql)
    assert (found.object, found.advice) == ("public.two", "DROP INDEX CONCURRENTLY public.two")
    assert [f.object for f in findings(db18, "redundant-index")] == ["public.three"]


@pytest.mark.parametrize("own", ["a_first", "z_last"])
def test_a_partition_had_the_index_before_the_whole(db18: psycopg.Connection, own: str) -> None:
    """Whatever it is called: the part of the whole one's index is what stays."""
    sql = f"""
        CREATE TABLE sale (id int, day date) PARTITION BY RANGE (id);
        CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM (0) TO (9);
        CREATE INDEX middle ON sale (day); CREATE INDEX {own} ON sale_1 (day);
    """
    (found,) = findings(db18, "duplicate-index", sql)
    assert found.object == f"public.{own}"


def test_a_key_without_nulls_takes_them_for_nothing(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (a int NOT NULL UNIQUE); CREATE UNIQUE INDEX again ON t (a) NULLS NOT DISTINCT"
    assert [f.object for f in findings(db18, "duplicate-index", sql)] == ["public.again"]


def test_what_is_there_twice_is_not_redundant_as_well(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE t (a int, b int, PRIMARY KEY (a, b)); CREATE INDEX i ON t (a); CREATE INDEX j ON t (a)"
    assert [f.object for f in findings(db18, "duplicate-index", sql)] == ["public.i"]
    assert [f.object for f in findings(db18, "redundant-index")] == ["public.j"]


def test_an_index_on_a_boolean_of_which_nothing_is_known(db18: psycopg.Connection) -> None:
    sql = """
        CREATE TABLE t (id int PRIMARY KEY, paid boolean, tags int[]);
        CREATE INDEX by_paid ON t (paid); CREATE INDEX ON t (id) WHERE paid; CREATE INDEX ON t (tags);
    """
    assert [f.object for f in findings(db18, "low-cardinality-index", sql)] == ["public.by_paid"]
