"""Rules over the statements that a server has counted, and over queries as they are written."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

from conftest import fresh_database
from pgrefit import audit
from pgrefit.model.finding import Finding, Severity
from pgrefit.model.observation import Observation
from pgrefit.model.statements import StatementStatistics
from rules.observing import measured, observe, rule_named

SCHEMA = """
    CREATE TABLE customer (id int PRIMARY KEY, email text);
    CREATE TABLE purchase (id int PRIMARY KEY, customer_id int REFERENCES customer, referrer int, label text);
    INSERT INTO customer SELECT n, 'c' || n FROM generate_series(1, 12000) AS n;
    INSERT INTO purchase SELECT n, n, NULL, 'p' FROM generate_series(1, 100) AS n;
    CREATE TABLE visit (at date NOT NULL, customer_id int, note text) PARTITION BY RANGE (at);
    CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
    CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2022-01-01') TO ('2023-01-01');
    CREATE TABLE visit_3 PARTITION OF visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
    CREATE TABLE visit_4 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    CREATE TABLE spread (id int) PARTITION BY HASH (id);
    CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 0);
    CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 1);
    CREATE TABLE spread_2 PARTITION OF spread FOR VALUES WITH (MODULUS 3, REMAINDER 2);
    ANALYZE;
"""


LIGHT = {"partition-key-not-used"}  # told of queries that take little time, too


@pytest.fixture(scope="module")
def shop(cluster18: object) -> Observation:
    cluster18.create_database("statements_shop")
    try:
        with psycopg.connect(cluster18.dsn("statements_shop"), autocommit=True) as conn:
            conn.execute(SCHEMA)
            return observe(conn, rule_named("heavy-statement"))
    finally:
        cluster18.drop_database("statements_shop")


def counted(text: str, *, calls: int = 1000, total_ms: float = 100_000.0, **more: float) -> StatementStatistics:
    return StatementStatistics(query_id=hash(text), text=text, calls=calls, total_ms=total_ms, mean_ms=total_ms / calls,
                               **more)  # fmt: skip


def found(shop: Observation, rule: str, *statements: StatementStatistics) -> tuple[Finding, ...]:
    report = audit.run(replace(shop, statements=statements), [rule_named(rule)])
    assert not report.crashed
    return report.findings


def test_the_heaviest_are_told_with_their_share(shop: Observation) -> None:
    statements = (
        counted("SELECT $1", total_ms=700_000.0),
        counted("SELECT report()", total_ms=200_000.0, calls=2),  # seldom
        counted("", total_ms=90_000.0),  # of others
        counted("SELECT $2", total_ms=10_000.0),
    )
    (finding,) = found(shop, "heavy-statement", *statements)
    assert finding.severity is Severity.INFO
    assert measured(finding)["share of time"] == 0.7
    assert finding.cost.share_of_time == 0.7


@pytest.mark.parametrize(
    ("statement", "fires"),
    [
        (counted("SELECT $1", deviation_ms=900.0), True),
        (counted("SELECT $1", deviation_ms=90.0), False),
        (counted("SELECT $1", calls=20, deviation_ms=20_000.0), False),
        (counted("SELECT $1", calls=10**6, deviation_ms=900.0), False),  # a tenth of a millisecond
        (counted("SELECT $1", total_ms=900.0, deviation_ms=900.0), False),
    ],
)
def test_what_varies_much(shop: Observation, statement: StatementStatistics, fires: bool) -> None:
    assert bool(found(shop, "unsteady-statement", statement)) is fires


@pytest.mark.parametrize(
    ("rule", "sql", "fires"),
    [
        ("not-in-nullable", "SELECT id FROM customer WHERE id NOT IN (SELECT customer_id FROM purchase)", True),
        ("not-in-nullable", "DELETE FROM customer WHERE id <> ALL (SELECT p.customer_id FROM public.purchase p)", True),
        ("not-in-nullable", "SELECT id FROM customer WHERE id NOT IN (SELECT id FROM purchase)", False),
        ("not-in-nullable", "SELECT id FROM customer WHERE id IN (SELECT customer_id FROM purchase)", False),
        ("not-in-nullable", "SELECT 1 WHERE 1 NOT IN (SELECT customer_id FROM purchase WHERE customer_id > 0)", False),
        ("not-in-nullable", "SELECT 1 WHERE 1 NOT IN (SELECT coalesce(customer_id, $1) FROM purchase)", False),
        ("not-in-nullable", "SELECT id FROM customer WHERE id NOT IN ($1, $2)", False),
        ("not-in-nullable", "SELECT id FROM customer WHERE NOT EXISTS (SELECT customer_id FROM purchase)", False),
        ("leading-wildcard", "SELECT id FROM customer WHERE email LIKE '%xyz'", True),
        ("leading-wildcard", "SELECT id FROM customer WHERE lower(email) LIKE '%xyz%'", True),
        ("leading-wildcard", "SELECT id FROM customer WHERE email NOT LIKE '%xyz%'", False),
        ("leading-wildcard", "SELECT id FROM customer WHERE email LIKE '%@%'", False),  # no index would find it either
        ("leading-wildcard", "SELECT 1 FROM customer WHERE id = $1 AND email LIKE '%xyz'", False),
        ("leading-wildcard", "SELECT 1 FROM purchase p JOIN customer c ON c.id = p.id WHERE email LIKE '%xyz'", False),
        ("leading-wildcard", "SELECT id FROM customer c WHERE c.email::text ILIKE '_' || $1", True),
        ("leading-wildcard", "SELECT id FROM customer WHERE email LIKE 'x%'", False),
        ("leading-wildcard", "SELECT id FROM customer WHERE email LIKE $1", False),
        ("leading-wildcard", "SELECT id FROM purchase WHERE label LIKE '%xyz'", False),  # small
        ("order-by-random", "SELECT id FROM customer ORDER BY random() LIMIT $1", True),
        ("order-by-random", "SELECT id FROM customer WHERE id < $1 ORDER BY random() LIMIT $2", False),
        ("order-by-random", "SELECT id FROM customer TABLESAMPLE SYSTEM (1) ORDER BY random() LIMIT $1", False),
        ("order-by-random", "SELECT id FROM customer ORDER BY id, email LIMIT $1", False),
        ("order-by-random", "SELECT id FROM purchase ORDER BY random() LIMIT $1", False),
        ("large-offset", "SELECT id FROM customer ORDER BY id LIMIT 20 OFFSET 5000", True),
        ("large-offset", "SELECT id FROM customer ORDER BY id LIMIT 20 OFFSET 40", False),
        ("large-offset", "SELECT id FROM customer ORDER BY id LIMIT $1 OFFSET $2", False),
        ("partition-key-not-used", "SELECT * FROM visit WHERE customer_id = $1", True),
        ("partition-key-not-used", "SELECT c.id FROM customer c JOIN visit v ON v.customer_id = c.id", True),
        ("partition-key-not-used", "SELECT * FROM visit WHERE customer_id = $1 AND at > $2", False),
        ("partition-key-not-used", "SELECT * FROM visit WHERE date_trunc($1, at) = $2", True),
        ("partition-key-not-used", "SELECT * FROM visit WHERE at + 1 > $1 AND note = $2", True),
        ("partition-key-not-used", "SELECT * FROM spread WHERE id BETWEEN $1 AND $2", True),
        ("partition-key-not-used", "SELECT * FROM spread WHERE id IN ($1, $2)", False),
        ("partition-key-not-used", "SELECT * FROM visit WHERE at BETWEEN $1 AND $2 AND note = $3", False),
        ("partition-key-not-used", "SELECT * FROM visit WHERE note = $1 AND at = ANY ($2)", False),
        ("partition-key-not-used", "SELECT * FROM visit WHERE (at, note) = ($1, $2)", False),
        ("partition-key-not-used", "SELECT count(*) FROM visit", False),
        ("partition-key-not-used", "SELECT * FROM visit ORDER BY at DESC LIMIT $1", False),
        ("partition-key-not-used", "SELECT * FROM visit_1 WHERE customer_id = $1", False),
        ("partition-key-not-used", "SELECT FROM (SELECT $1::date AS at) JOIN visit USING (at) WHERE note = $2", False),
        ("partition-key-not-used", "WITH visit AS (SELECT 1 AS note) SELECT FROM visit WHERE note = $1", False),
        ("partition-key-not-used", "INSERT INTO visit VALUES ($1, $2)", False),
    ],
)  # fmt: skip
def test_queries_as_they_are_written(shop: Observation, rule: str, sql: str, fires: bool) -> None:
    assert bool(found(shop, rule, counted(sql))) is fires
    heavy = counted("SELECT $1", total_ms=10**9)
    assert bool(found(shop, rule, heavy, counted(sql))) is (fires and rule in LIGHT)  # too little of the time


def test_null_in_fact_is_an_error(shop: Observation) -> None:
    (finding,) = found(shop, "not-in-nullable", counted("SELECT 1 WHERE 1 NOT IN (SELECT referrer FROM purchase)"))
    assert finding.severity is Severity.ERROR
    assert measured(finding)["share of NULL"] == 1.0


def test_statements_that_cannot_be_read_are_passed_over(shop: Observation) -> None:
    for rule in ("large-offset", "not-in-nullable", "partition-key-not-used", "star-over-wide-rows"):
        assert found(shop, rule, counted("SELECT FROM WHERE"), counted("BEGIN"), counted(";")) == ()


@pytest.mark.parametrize(
    ("sql", "fires"),
    [
        ("SELECT * FROM doc", True),
        ("SELECT d.* FROM doc AS d JOIN tag ON tag.id = d.id", True),
        ("SELECT tag.* FROM doc AS d JOIN tag ON tag.id = d.id", False),
        ("SELECT id FROM doc WHERE EXISTS (SELECT * FROM tag)", False),
        ("SELECT * FROM doc WHERE id = 1", False),  # a row at a time
        ("SELECT count(*) FROM doc", False),
    ],
)
def test_star(db18: psycopg.Connection, tmp_path: Path, sql: str, fires: bool) -> None:
    db18.execute(
        """
        CREATE TABLE doc (id int PRIMARY KEY, body text);
        INSERT INTO doc SELECT n, (SELECT string_agg(md5((n * m)::text), '') FROM generate_series(1, 200) AS m)
        FROM generate_series(1, 60) AS n;
        CREATE TABLE tag (id int PRIMARY KEY);
        INSERT INTO tag SELECT generate_series(1, 60);
        ANALYZE;
        """
    )
    workload = tmp_path / "workload.sql"
    workload.write_text(dedent(f"-- name: it\n{sql};\n"))
    rule = rule_named("star-over-wide-rows")
    report = audit.run(observe(db18, rule, workload=workload), [rule])
    assert bool(report.findings) is fires


def test_a_trigram_index_serves_a_leading_wildcard(shop: Observation) -> None:
    statement = counted("SELECT id FROM customer WHERE email LIKE '%xyz'")
    (customer,) = [table for table in shop.snapshot.tables if table.name.name == "customer"]
    index = customer.indexes[0]
    key = replace(index.keys[0], column="email", expression="email", opclass="public.gin_trgm_ops")
    indexed = replace(customer, indexes=(replace(index, method="gin", keys=(key,)),))
    others = tuple(table for table in shop.snapshot.tables if table is not customer)
    served = replace(shop, snapshot=replace(shop.snapshot, tables=(indexed, *others)))
    assert found(served, "leading-wildcard", statement) == ()


# purchase has 100 rows; customer has 12,000 on some sixty pages, and a key
PAGES = 70


@pytest.mark.parametrize(
    ("sql", "pages", "rows", "columns"),
    [
        ("SELECT id FROM customer WHERE email = $1", PAGES, 1, "email"),
        ("SELECT id FROM customer WHERE upper(email) = $1 AND id > $2", PAGES, 1, "email, id"),
        ("UPDATE customer SET email = $1 WHERE email = $2", PAGES, 0, "email"),
        ("DELETE FROM public.customer c WHERE c.email < $1", PAGES, 0, "email"),
        ("SELECT id FROM customer WHERE email = $1 OR id = $2", PAGES, 1, "email, id"),
        ("SELECT id FROM customer WHERE email LIKE $1", PAGES, 1, None),  # another rule's
        ("SELECT id FROM customer WHERE email = $1 ORDER BY random() LIMIT $2", PAGES, 1, None),  # many may be found
        ("SELECT id FROM customer ORDER BY id LIMIT $1 OFFSET $2", PAGES, 1, None),
        ("SELECT id FROM customer WHERE id = $1", 3, 1, None),  # by its key
        ("SELECT id FROM customer WHERE id > $1", PAGES, 900, None),  # so many rows that no index would pay
        ("SELECT count(*) FROM customer WHERE email = $1", PAGES, 1, None),  # of how many is not known
        ("SELECT c.id FROM customer c, purchase p WHERE c.id = p.id AND email = $1", PAGES, 1, None),
        ("SELECT id FROM customer WHERE id IN (SELECT customer_id FROM purchase)", PAGES, 1, None),
        ("SELECT id FROM customer", PAGES, 1, None),
        ("SELECT id FROM purchase WHERE label = $1", PAGES, 1, None),  # small
    ],
)
def test_what_reads_a_table_whole_by_its_counters(
    shop: Observation, sql: str, pages: int, rows: int, columns: str | None
) -> None:
    statement = counted(sql, blocks_hit=pages * 1000, rows=rows * 1000)
    objects = [finding.object for finding in found(shop, "missing-index-for-query", statement)]
    assert objects == ([f"public.customer ({columns})"] if columns else [])


def test_an_index_that_is_there_is_named(shop: Observation) -> None:
    statement = counted("SELECT email FROM customer WHERE id::text = $1", blocks_hit=PAGES * 1000, rows=1000)
    (finding,) = found(shop, "missing-index-for-query", statement)
    assert "customer_pkey begins with" in finding.advice


@pytest.mark.parametrize(("pages", "fires"), [(40, True), (2, False), (PAGES, True)])
def test_pages_that_are_counted_through_by_an_index(shop: Observation, pages: int, fires: bool) -> None:
    statement = counted("SELECT id FROM customer ORDER BY id LIMIT $1 OFFSET $2", blocks_hit=pages * 1000, rows=9000)
    assert bool(found(shop, "large-offset", statement)) is fires


@pytest.mark.parametrize(
    ("rule", "sql", "fires"),
    [
        ("insert-without-columns", "INSERT INTO purchase VALUES ($1, $2)", True),
        ("insert-without-columns", "INSERT INTO purchase SELECT $1, id FROM customer", True),
        ("insert-without-columns", "INSERT INTO purchase (id, label) VALUES ($1, $2)", False),
        ("insert-without-columns", "INSERT INTO purchase DEFAULT VALUES", False),
        ("tables-not-joined", "SELECT c.id FROM customer c, purchase p WHERE c.id = $1 AND p.label = $2", True),
        ("tables-not-joined", "SELECT c.id FROM customer c, purchase p WHERE c.id = p.customer_id", False),
        ("tables-not-joined", "SELECT c.id FROM customer c, purchase p WHERE customer_id = c.id OR p.id = $1", False),
        ("tables-not-joined", "SELECT c.id FROM customer c, purchase p, customer d WHERE c.id = p.id AND p.id = d.id",
         False),
        ("tables-not-joined", "SELECT c.id FROM customer c CROSS JOIN purchase p", False),
        ("tables-not-joined", "SELECT c.id FROM customer c, generate_series($1, $2) AS n", False),
        ("distinct-over-join", "SELECT DISTINCT p.label FROM purchase p JOIN customer c ON c.email = p.label", True),
        ("distinct-over-join", "SELECT DISTINCT p.label FROM purchase p JOIN customer c ON c.id = p.referrer", False),
        ("distinct-over-join", "SELECT DISTINCT c.email FROM purchase p JOIN customer c ON c.email = p.label", False),
        ("distinct-over-join", "SELECT DISTINCT email FROM customer", False),
        ("distinct-over-join", "SELECT DISTINCT ON (p.id) p.label FROM purchase p JOIN customer c ON c.email = p.label",
         False),
        ("every-column-fetched", "SELECT * FROM customer WHERE id = $1", True),
        ("every-column-fetched", "SELECT id FROM customer WHERE EXISTS (SELECT * FROM purchase)", False),
        ("every-column-fetched", "SELECT * FROM (SELECT id FROM customer) AS c", False),
    ],
)  # fmt: skip
def test_how_queries_are_put(shop: Observation, rule: str, sql: str, fires: bool) -> None:
    assert bool(found(shop, rule, counted(sql))) is fires


def test_an_index_that_is_read_from_end_to_end(cluster15: object, tmp_path: Path) -> None:
    workload = tmp_path / "workload.sql"
    workload.write_text("-- name: of_a_day\nSELECT note FROM docket WHERE filed_on = date '2020-02-02';\n")
    sql = """
        CREATE TABLE docket (id int PRIMARY KEY, court text NOT NULL, filed_on date NOT NULL, note text NOT NULL);
        INSERT INTO docket SELECT n, 'c' || n % 40, date '2010-01-01' + n % 5000, repeat('x', 90) || n
        FROM generate_series(1, 8000) AS n;
        CREATE INDEX docket_court ON docket (court, filed_on);
        ANALYZE docket;
    """
    with fresh_database(cluster15) as conn:
        conn.execute(sql)
        rule = rule_named("missing-index-for-query")
        (finding,) = audit.run(observe(conn, rule, workload=workload), [rule]).findings
        assert finding.object == "public.docket (filed_on)"
        assert "docket_court has them in another order" in finding.advice
        conn.execute("CREATE INDEX ON docket (filed_on)")
        assert audit.run(observe(conn, rule, workload=workload), [rule]).findings == ()


def test_what_takes_the_files_and_the_wal_is_heavy_too(shop: Observation) -> None:
    quick = counted("SELECT $1", total_ms=10**7)
    writes = counted("UPDATE customer SET email = $1", total_ms=9.0, wal_bytes=10**9)
    (_, finding) = found(shop, "heavy-statement", quick, writes)
    assert "100% of the WAL" in finding.message


@pytest.mark.parametrize(("rows", "fires"), [(3, True), (6000, False)])
def test_a_pattern_that_the_server_left_out(shop: Observation, rows: int, fires: bool) -> None:
    statement = counted("SELECT id FROM customer WHERE email ILIKE $1", blocks_hit=PAGES * 1000, rows=rows * 1000)
    assert bool(found(shop, "leading-wildcard", statement)) is fires


@pytest.mark.parametrize(("pages", "fires"), [(PAGES, True), (3, False)])
def test_random_order_of_what_a_condition_leaves(shop: Observation, pages: int, fires: bool) -> None:
    sql = "SELECT id FROM customer WHERE email > $1 ORDER BY random() LIMIT $2"
    assert bool(found(shop, "order-by-random", counted(sql, blocks_hit=pages * 1000, rows=1000))) is fires
