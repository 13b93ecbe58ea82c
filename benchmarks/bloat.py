"""How far the audit's estimates of empty space are from what pgstattuple and a rebuild measure, on many shapes.

Errors are in points: hundredths of the file's size.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import psycopg
from benchmarks.claims import Claim

from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.pg.cluster import Cluster
from pgrefit.rules.indexes._btree import rebuilt_share
from pgrefit.rules.vacuum._heap import heap_estimate

VERSION = 15  # the one whose contrib modules Debian has
ROWS = 30_000
FEWER = 8_000  # of shapes whose rows take long to make
FEWEST_PAGES = 40  # of an index; of a smaller one a page more or less says nothing
SEED = 7
MEDIAN, NINE_IN_TEN = 3.0, 7.0

# Text that does not compress, so many times 32 letters long.
NOISE = "(SELECT string_agg(md5((n * 100 + i)::text), '') FROM generate_series(1, {}) AS i)"
# Columns, and the values of row n.
SHAPES = {
    "two integers": ("id int, other int", "n, n % 10"),
    "aligned badly": (
        "a boolean, b bigint, c boolean, d timestamptz, e smallint, f float8",
        "n % 2 = 0, n, n % 3 = 0, now(), n % 7, random()",
    ),
    "uuid and text": ("id uuid, label text", "md5(n::text)::uuid, 'label ' || n"),
    "short texts": ("id int, a text, b text, c text", "n, 'x' || n % 9, repeat('y', n % 30), md5(n::text)"),
    "texts between integers": (
        "a text, b int, c text, d bigint, e text",
        "repeat('a', n % 13), n, repeat('b', n % 17), n, repeat('c', n % 5)",
    ),
    "long texts": ("id int, body text", "n, repeat(md5(n::text), 3 + n % 20)"),
    "half a page": ("id int, body text", f"n, {NOISE.format(35)}"),
    "toasted": ("id int, body text", f"n, {NOISE.format(90)}"),
    "some toasted": ("id int, body text", f"n, CASE WHEN n % 5 = 0 THEN {NOISE.format(80)} ELSE 'short ' || n END"),
    "compressed": ("id int, body text", "n, repeat('all the same ', 200 + n % 300)"),
    "numerics": ("id int, a numeric(12,2), b numeric, c numeric(4,1)", "n, n * 1.37, random()::numeric * 1e6, n % 100"),
    "documents": (
        "id bigint, doc jsonb",
        "n, jsonb_build_object('n', n, 'name', 'name ' || n, 'tags', jsonb_build_array(n % 5))",
    ),
    "arrays": ("id int, tags text[], counts int[]", "n, ARRAY['a' || n % 7, 'b'], ARRAY[n, n % 3, 7]"),
    "mostly null": (
        "id int, a text, b int, c timestamptz, d text",
        "n, CASE WHEN n % 9 = 0 THEN 'x' || n END, NULL, CASE WHEN n % 5 = 0 THEN now() END, NULL",
    ),
    "wide with nulls": (
        ", ".join(f"c{i} int" for i in range(30)),
        ", ".join(f"CASE WHEN (n + {i}) % 3 = 0 THEN n END" for i in range(30)),
    ),
    "wide without": (
        ", ".join(f"c{i} {'bigint' if i % 3 else 'text'}" for i in range(24)),
        ", ".join("n" if i % 3 else f"'v' || n % {i + 2}" for i in range(24)),
    ),
    "dates and flags": (
        "id bigint, day date, at time, on_ boolean, off_ boolean, code char(7)",
        "n, current_date - n % 900, '12:00', true, n % 2 = 0, lpad(n::text, 7, '0')",
    ),
    "an address": (
        "id int, name varchar(80), street varchar(120), zip char(5), city varchar(80), country char(2), note text",
        (
            "n, initcap(md5(n::text)), 'Street ' || n % 777, lpad((n % 99999)::text, 5, '0'),"
            " (ARRAY['Rome', 'Paris', 'San Francisco'])[1 + n % 3], 'DE',"
            " CASE WHEN n % 20 = 0 THEN repeat('n', n % 400) END"
        ),
    ),
}
HISTORIES = {
    "fresh": "",
    "a third deleted": "DELETE FROM t WHERE n_ % 3 = 0",
    "nine in ten deleted": "DELETE FROM t WHERE n_ % 10 <> 0",
    "all updated": "UPDATE t SET n_ = n_ + 1",
    "a fifth updated": "UPDATE t SET n_ = n_ + 1 WHERE n_ % 5 = 0",
    "a block deleted": "DELETE FROM t WHERE n_ BETWEEN 2000 AND 6000",
}
FILLS = (100, 70)


@dataclass(frozen=True, slots=True)
class Case:
    """A table of one shape, with one history."""

    shape: str
    history: str
    fill: int
    vacuumed: bool

    @property
    def statements(self) -> Iterator[str]:
        columns, values = SHAPES[self.shape]
        rows = FEWER if "(SELECT" in values else ROWS
        yield "DROP TABLE IF EXISTS t"
        yield f"CREATE TABLE t ({columns}, n_ bigint) WITH (autovacuum_enabled = false, fillfactor = {self.fill})"
        yield f"INSERT INTO t SELECT {values}, n FROM generate_series(1, {rows}) AS n"
        yield "CREATE INDEX t_n ON t (n_)"
        yield f"CREATE INDEX t_first ON t ({columns.split()[0]})" if self.shape in INDEXED else "SELECT 1"
        if HISTORIES[self.history]:
            yield HISTORIES[self.history]
        if self.vacuumed:
            yield "VACUUM (TRUNCATE false) t"
        yield "SELECT pg_stat_force_next_flush()"  # else the rows are counted as changed after ANALYZE
        yield "ANALYZE t"


INDEXED = {"two integers", "uuid and text", "texts between integers", "dates and flags"}


@dataclass(frozen=True, slots=True)
class Errors:
    """In points, for each table or index: what was estimated less what was measured."""

    unused: list[float]
    gain: list[float]
    index: list[float]


def measure() -> Iterator[Claim]:
    """Claims over all shapes and histories; prints each."""
    errors = Errors([], [], [])
    with Cluster(VERSION) as cluster:
        cluster.create_database("bloat")
        with psycopg.connect(cluster.dsn("bloat"), autocommit=True) as conn:
            conn.execute("CREATE EXTENSION pgstattuple")
            for case in cases():
                measure_case(conn, case, errors)
    yield from claim("bloat-pgstattuple", "empty and dead share of a table, against pgstattuple", errors.unused)
    yield from claim("bloat-rewrite", "what writing a table anew gives back, against VACUUM FULL", errors.gain)
    yield from claim("bloat-index", "what building an index anew gives back, against REINDEX", errors.index)


def cases() -> Iterator[Case]:
    """Every shape with every history; fillfactor and whether it was vacuumed by lot."""
    draw = random.Random(SEED)
    for shape in SHAPES:
        for history in HISTORIES:
            yield Case(shape, history, fill=draw.choice(FILLS), vacuumed=draw.random() < 0.5)


def measure_case(conn: psycopg.Connection[Any], case: Case, errors: Errors) -> None:
    for statement in case.statements:
        conn.execute(statement.encode())
    observation = Observation(snapshot=take_snapshot(conn), statistics=take_statistics(conn))
    table = observation.snapshot.table(Relation("public", "t"))
    estimate = heap_estimate(observation, table)
    assert estimate is not None, case
    (unused,) = one(conn, "SELECT dead_tuple_percent + free_percent FROM pgstattuple('t')")
    rebuilt = {index.name: rebuilt_share(observation, table, index) for index in table.indexes}
    before = sizes(conn)
    conn.execute("VACUUM FULL t")
    after = sizes(conn)
    gain = 100 * (1 - after["t"] / before["t"])
    errors.unused.append(100 * estimate.unused - unused)
    errors.gain.append(100 * estimate.gain - gain)
    told = [f"{errors.unused[-1]:+6.1f} of {unused:5.1f}", f"{errors.gain[-1]:+6.1f} of {gain:5.1f}"]
    for name, share in rebuilt.items():
        if share is not None and before[name.name] >= FEWEST_PAGES * 8192:
            left = after[name.name] / before[name.name]
            errors.index.append(100 * (left - share))
            told.append(f"{name.name} {errors.index[-1]:+6.1f} of {100 * (1 - left):5.1f}")
    print(f"{case.shape:24} {case.history:20} {case.fill:3} {'vacuumed' if case.vacuumed else '':8} {' | '.join(told)}")


def sizes(conn: psycopg.Connection[Any]) -> dict[str, int]:
    found = conn.execute("SELECT relname, pg_relation_size(oid) FROM pg_class WHERE relname IN ('t', 't_n', 't_first')")
    return dict(found.fetchall())


def one(conn: psycopg.Connection[Any], query: str) -> tuple[Any, ...]:
    row = conn.execute(query.encode()).fetchone()
    assert row is not None
    return row


def claim(id_: str, measure: str, errors: list[float]) -> list[Claim]:
    """Two bars: the median error, and that of nine tables in ten."""
    sizes_ = sorted(map(abs, errors))
    bars = (("median", median(sizes_), MEDIAN), ("p90", sizes_[int(0.9 * (len(sizes_) - 1))], NINE_IN_TEN))
    return [
        Claim(id=f"{id_}-{name}", measure=f"{measure}, {name} of {len(errors)}", unit="points", value=value,
              bound="<=", limit=limit)
        for name, value, limit in bars
    ]  # fmt: skip
