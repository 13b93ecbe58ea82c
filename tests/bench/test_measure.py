"""What the bench says of a workload: latencies, plans, errors; and two databases in turns."""

import json

import psycopg
import pytest

from conftest import dsn
from pgrefit.bench import compare, measure, sample
from pgrefit.errors import UsageError
from pgrefit.model.percentiles import percentile
from pgrefit.model.workload import Query, Workload
from pgrefit.pg.connect import open_session

SHOP = """
CREATE TABLE thing (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind text NOT NULL, filler text);
CREATE TABLE small (id int PRIMARY KEY);
INSERT INTO thing (kind, filler) SELECT 'k' || n % 7, repeat('x', 200) FROM generate_series(1, 4000) AS n;
INSERT INTO small SELECT generate_series(1, 3);
ANALYZE;
"""
BY_ID = Query(name="by id", group="page", sql="SELECT * FROM thing WHERE id = $1 AND kind = $2;",
              parameters="SELECT id, kind FROM thing ORDER BY id")  # fmt: skip
WHOLE = Query(name="whole", group="page", sql="SELECT t.* FROM thing t, small WHERE t.kind = $1 AND filler LIKE '%x'",
              parameters="SELECT kind FROM thing ORDER BY id")  # fmt: skip
WRITE = Query(
    name="add", group="write", sql="INSERT INTO thing (kind) VALUES ($1) RETURNING id", parameters="SELECT 'new'"
)
BROKEN = Query(name="broken", sql="SELECT 1 / (kind = 'k1')::int FROM thing")


@pytest.fixture
def open_(db18: psycopg.Connection):
    db18.execute(SHOP)
    return lambda: open_session(dsn(db18), application="bench")


@pytest.mark.parametrize(
    ("percent", "expected"), [(0, 1.0), (50, 5.0), (90, 9.0), (91, 10.0), (95, 10.0), (99, 10.0), (100, 10.0)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: float) -> None:
    assert percentile([10.0, *map(float, range(1, 10))], percent) == expected


def test_a_percentile_of_nothing_is_zero() -> None:
    assert percentile([], 95) == 0.0


def test_queries_are_timed_with_parameters_of_any_type(open_) -> None:
    found = measure(open_, Workload(queries=(BY_ID, WHOLE)), label="x", calls=20, warmup=2)
    by_id, whole = found.queries
    assert (by_id.calls, by_id.errors, by_id.rows) == (20, 0, 1.0)
    assert 0 < by_id.p50 <= by_id.p95 <= by_id.p99
    assert by_id.sequential_scans == ()
    assert whole.sequential_scans == ("public.thing",), "the small table read whole is no finding"
    assert whole.buffers >= whole.buffers_hit > 100
    assert json.loads(whole.plan)[0]["Plan"]
    assert found.group("page").calls == 20
    assert found.group("page").p50 >= by_id.p50
    assert found.database_bytes > 1_000_000
    assert found.server.startswith("18")


def test_writes_are_measured_and_undone(open_) -> None:
    found = measure(open_, Workload(queries=(WRITE,)), label="x", calls=5)
    assert (found.query("add").calls, found.query("add").rows, found.groups) == (5, 1.0, ())
    with open_() as conn:
        assert conn.execute("SELECT count(*) FROM thing").fetchone() == (4000,)


def test_a_query_that_fails_stops_nothing(open_) -> None:
    nothing = Query(name="nothing", sql="SELECT $1::int", parameters="SELECT no FROM thing")
    found = measure(open_, Workload(queries=(BROKEN, nothing, BY_ID)), label="x", calls=5)
    assert [(q.calls, q.errors) for q in found.queries] == [(0, 5), (0, 1), (5, 0)]
    assert found.query("broken").error == "division by zero"
    assert 'column "no" does not exist' in found.query("nothing").error


def test_a_slow_query_is_capped_in_time(open_) -> None:
    slow = Query(name="slow", sql="SELECT pg_sleep(0.05)")
    found = measure(open_, Workload(queries=(slow,)), label="x", calls=200, warmup=1, seconds=0.1)
    assert found.query("slow").calls == 5


def test_samples_are_texts_of_what_the_query_yields(open_) -> None:
    query = Query(
        name="q", sql="", parameters="SELECT true, NULL, '{1,2}'::int[], 1.50 UNION ALL SELECT false, 'a', NULL, 2"
    )
    with open_() as conn:
        assert sample(conn, query) == [("t", None, "{1,2}", "1.50"), ("f", "a", None, "2")]
        assert len(sample(conn, BY_ID, limit=3)) == 3
        with pytest.raises(UsageError, match="q"):
            sample(conn, Query(name="q", sql="", parameters="SELECT FROM nowhere"))


def test_two_databases_are_compared_in_turns(open_) -> None:
    found = compare(open_, open_, Workload(queries=(WHOLE,)), Workload(queries=(BY_ID,)), rounds=3, calls=5)
    assert found.before.queries[0].calls == found.after.queries[0].calls == 15
    assert found.before.queries[0].p50 > found.after.queries[0].p50
