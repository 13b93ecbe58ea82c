"""The whole audit, every rule of it, on databases that are hard to look at: it answers and says what it missed."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from apply.test_control import until
from apply.test_throttle import replica_of
from audit.looking import looked, objects, objects_of, of_schema, roles, skipped, written
from conftest import dsn
from pgrefit.errors import ServerUnsuitable
from pgrefit.model.ddl import Statement
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.observe.questions import answer
from pgrefit.pg.cluster import Cluster

NOWHERE = "192.0.2.1"  # of a net that is for documentation: nothing answers there


LIMIT_SECONDS = 30


UNINDEXED = {"hidden.orders.orders_customer_fkey", "seen.orders.orders_customer_fkey"}


def test_a_role_with_rights_on_half_of_the_schemas(db18: psycopg.Connection) -> None:
    half, nobody = "half of it", "connects only"
    for schema in ("seen", "hidden"):
        db18.execute(
            f"""
            CREATE SCHEMA {schema};
            CREATE TABLE {schema}.customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, city text NOT NULL);
            CREATE TABLE {schema}.orders (id bigint PRIMARY KEY, customer bigint REFERENCES {schema}.customer,
                                          total text);
            INSERT INTO {schema}.customer (city) SELECT 'Bonn' FROM generate_series(1, 500);
            INSERT INTO {schema}.orders SELECT n, n, '1.5' FROM generate_series(1, 500) AS n;
            CREATE VIEW {schema}.cities AS SELECT city FROM {schema}.customer;
            ANALYZE {schema}.customer, {schema}.orders
            """.encode()
        )
    with roles(db18, half, nobody):
        db18.execute(
            sql.SQL(
                "GRANT USAGE ON SCHEMA seen TO {0}; GRANT SELECT ON ALL TABLES IN SCHEMA seen TO {0};"
                " GRANT SELECT ON ALL SEQUENCES IN SCHEMA seen TO {0}"
            ).format(sql.Identifier(half))
        )
        found = looked(db18, half).report
        missed = skipped(found)
        assert missed
        assert all(about.startswith("hidden.") for about in missed)
        assert {"permission denied for schema hidden"} == set().union(*missed.values())
        assert "permission denied for schema hidden" in written(found)
        assert objects_of(found, "foreign-key-without-index") == UNINDEXED
        assert objects_of(found, "typed-values-in-text") == {"seen.orders.total"}
        found = looked(db18, nobody).report
        assert {about.split(".")[0] for about in skipped(found)} == {"seen", "hidden"}
        assert {each.about for each in found.unseen} >= {"sessions, replicas", "pg_hba.conf"}
        assert objects_of(found, "foreign-key-without-index") == UNINDEXED
        assert not found.of("typed-values-in-text")
        assert sum(each.examined for each in found.coverage) == 0 < sum(each.asked for each in found.coverage)


LOCKED = """
CREATE TABLE parent (id bigint PRIMARY KEY);
CREATE TABLE held (id serial PRIMARY KEY, parent bigint REFERENCES parent, note text DEFAULT 'none', CHECK (id > 0));
CREATE INDEX ON held (note) WHERE note <> '';
CREATE TABLE child (id bigint PRIMARY KEY, held int REFERENCES held);
CREATE TABLE loose (held_id int, amount text);
INSERT INTO parent SELECT generate_series(1, 300);
INSERT INTO held SELECT n, n FROM generate_series(1, 300) AS n;
INSERT INTO loose SELECT n, n FROM generate_series(1, 300) AS n;
ANALYZE
"""


def test_a_standby_in_recovery() -> None:
    folder = Path("/tmp") / f"pgrefit-standby-{os.getpid()}"
    with Cluster(15) as primary, psycopg.connect(primary.dsn(), autocommit=True) as conn:
        conn.execute(LOCKED.encode())
        conn.execute("CREATE UNLOGGED TABLE fleeting (id int, parent int, amount text)")
        conn.execute("INSERT INTO fleeting SELECT n, n, '1.5' FROM generate_series(1, 300) AS n")
        conn.execute("ANALYZE; CREATE TABLE last (id int PRIMARY KEY)")
        standby = replica_of(primary, folder)
        try:
            standby.start()
            with psycopg.connect(standby.dsn(), autocommit=True) as there:
                until(lambda: there.execute("SELECT FROM pg_class WHERE relname = 'last'").fetchall())
                found = looked(there)
            assert found.observation.server.in_recovery
            assert set(skipped(found.report)) == {"public.fleeting"}
            assert "cannot access temporary or unlogged relations during recovery" in written(found.report)
            on_standby, on_primary = of_schema(found.report), of_schema(looked(conn).report)
            assert {each for each in on_standby ^ on_primary if not each[1].startswith("public.fleeting")} == set()
            assert found.report.of("foreign-key-without-index")
        finally:
            standby.stop()
            shutil.rmtree(folder, ignore_errors=True)


BROKEN = """
CREATE FUNCTION raises() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
CREATE FUNCTION raises_too(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'never'; END $$;
CREATE VIEW raising AS SELECT raises() AS n;
CREATE TABLE gone (id int);
CREATE FUNCTION reads_gone() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY SELECT id FROM gone; END $$;
CREATE VIEW of_gone AS SELECT reads_gone() AS id;
DROP TABLE gone;
CREATE FUNCTION no_code() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN nothing.is(; END $$;
CREATE MATERIALIZED VIEW empty AS SELECT 1 AS id WITH NO DATA;
CREATE TABLE twice (id int, id_2 int, note text DEFAULT raises()::text);
INSERT INTO twice SELECT n % 10, n, n::text FROM generate_series(1, 200) AS n;
CREATE INDEX failing ON twice (id) WHERE id > 1000 AND raises_too(id) > 0;
ALTER TABLE twice ADD CHECK (raises() > id) NOT VALID, ADD CHECK (id > 5) NOT VALID;
CREATE TABLE parts (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
INSERT INTO parts SELECT n, '2020-06-01'::date + n FROM generate_series(1, 300) AS n;
"""


def test_what_is_broken_or_half_done(db: psycopg.Connection) -> None:
    db.execute(BROKEN.replace("RETURN nothing.is(;", "RETURN 1;").encode())
    db.execute("SET check_function_bodies = off")
    db.execute("CREATE FUNCTION unreadable() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN nothing is(; END'")
    db.execute("CREATE FUNCTION unreadable_sql() RETURNS int LANGUAGE sql AS 'SELECT FROM FROM'")
    with suppress(psycopg.errors.UniqueViolation):
        db.execute("CREATE UNIQUE INDEX CONCURRENTLY unfinished ON twice (id)")
    detach_half(db)
    found = looked(db).report
    assert [finding.object for finding in found.of("invalid-index")] == ["public.unfinished"]
    assert found.of("not-valid-constraint")


def detach_half(db: psycopg.Connection) -> None:
    """A DETACH CONCURRENTLY that was cancelled between its two transactions."""
    with psycopg.connect(dsn(db)) as other:
        other.execute("SELECT FROM parts")
        db.execute("SET statement_timeout = '300ms'")
        with suppress(psycopg.errors.QueryCanceled):
            db.execute("ALTER TABLE parts DETACH PARTITION parts_1 CONCURRENTLY")
        db.execute("RESET statement_timeout")
    assert db.execute("SELECT FROM pg_inherits WHERE inhdetachpending").fetchall()


FOREIGN = f"""
CREATE EXTENSION postgres_fdw;
CREATE EXTENSION file_fdw;
CREATE SERVER nowhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{NOWHERE}', port '1', dbname 'x');
CREATE USER MAPPING FOR PUBLIC SERVER nowhere OPTIONS (user 'x', password 'x');
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE far (id int, customer_id int, total text, paid text, created timestamp) SERVER nowhere;
CREATE FOREIGN TABLE filed (id int, payload text) SERVER files OPTIONS (filename '/nowhere/at all');
CREATE TABLE customer (id int PRIMARY KEY, note text);
CREATE TABLE orders (id int, customer_id int, total text, created timestamp) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE FOREIGN TABLE orders_2 PARTITION OF orders FOR VALUES FROM (1000) TO (2000) SERVER nowhere;
CREATE TABLE base (id int, customer_id int, total text);
CREATE FOREIGN TABLE base_far () INHERITS (base) SERVER nowhere;
INSERT INTO customer SELECT n, 'x' FROM generate_series(1, 200) AS n;
INSERT INTO orders SELECT n, n, '1.5', now() FROM generate_series(1, 200) AS n;
INSERT INTO base SELECT n, n, '1.5' FROM generate_series(1, 200) AS n;
ANALYZE customer, orders_1
"""


def test_foreign_tables_are_not_read(cluster15: Cluster) -> None:
    cluster15.create_database("far_away")
    try:
        with psycopg.connect(cluster15.dsn("far_away"), autocommit=True) as db:
            db.execute(FOREIGN.encode())
            began = time.monotonic()
            found = looked(db)
            assert time.monotonic() - began < LIMIT_SECONDS
            far = Question(Relation("public", "far"), Statement("SELECT count(*) FROM public.far"))
            assert answer(db, [far], runtime_ms=2000)[far].skipped  # and this connection is not what was lost
    finally:
        cluster15.drop_database("far_away")
    missed = skipped(found.report)
    assert {"public.far", "public.filed", "public.orders", "public.base"} <= set(missed)
    reasons = set().union(*missed.values())
    assert reasons == {"a foreign table is part of it"}


@pytest.fixture
def bytes_db(cluster: Cluster) -> Iterator[psycopg.Connection]:
    """A database that takes any bytes for text."""
    create = "CREATE DATABASE any_bytes ENCODING SQL_ASCII LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with psycopg.connect(cluster.dsn(), autocommit=True) as conn:
        conn.execute(create)
    try:
        where = make_conninfo(cluster.dsn("any_bytes"), client_encoding="SQL_ASCII")
        with psycopg.connect(where, autocommit=True) as conn:
            yield conn
    finally:
        cluster.drop_database("any_bytes")


def test_bytes_that_are_no_text(bytes_db: psycopg.Connection) -> None:
    bytes_db.execute(
        b"CREATE TABLE person (id int PRIMARY KEY, name text, street text, email text, kind text);"
        b"INSERT INTO person SELECT n, 'M\xfcller ' || n, '\xff\xfe', 'm\xfc@x.de', 'a' "
        b"FROM generate_series(1, 300) AS n;"
        b"INSERT INTO person SELECT n, 'M\xc3\xbcller ' || n, '\xc3\xa9', 'm@x.de', '\xe9' "
        b"FROM generate_series(301, 600) AS n;"
        b"CREATE TABLE visit (id int PRIMARY KEY, person int REFERENCES person, total text);"
        b"INSERT INTO visit SELECT n, n, '1.5' FROM generate_series(1, 300) AS n;"
        b"ANALYZE person, visit"
    )
    found = looked(bytes_db).report
    assert set(skipped(found)) == {"public.person"}
    assert objects_of(found, "foreign-key-without-index") == {"public.visit.visit_person_fkey"}
    assert objects_of(found, "typed-values-in-text") == {"public.visit.total"}
    assert "invalid byte sequence" in written(found)
    assert any("invalid byte sequence" in reason for reason in skipped(found)["public.person"])
    bytes_db.execute(b"COMMENT ON TABLE person IS 'Gr\xf6\xdfe'")
    with pytest.raises(ServerUnsuitable, match="no text in UTF-8"):
        looked(bytes_db)


def test_data_of_which_nothing_was_ever_counted(db: psycopg.Connection) -> None:
    db.execute(
        """
        CREATE TABLE customer (id int PRIMARY KEY, name text) WITH (autovacuum_enabled = off);
        CREATE TABLE orders (id int PRIMARY KEY, customer_id int, total text, paid text, tags text)
        WITH (autovacuum_enabled = off);
        INSERT INTO customer SELECT n, 'x' FROM generate_series(1, 500) AS n;
        INSERT INTO orders SELECT n, n, '1.5', 'yes', 'a,b' FROM generate_series(1, 500) AS n
        """
    )
    found = looked(db)
    assert all(not table.columns for table in found.observation.statistics.tables)
    assert not skipped(found.report)
    assert all(each.examined == each.asked for each in found.report.coverage)
    assert "public.orders.customer_id" in objects_of(found.report, "missing-foreign-key")
    assert "public.orders.total" in objects_of(found.report, "typed-values-in-text")


def test_temporary_tables_of_others_are_not_there(db18: psycopg.Connection) -> None:
    with psycopg.connect(dsn(db18), autocommit=True) as other:
        other.execute(
            """
            CREATE TEMP TABLE scratch (id serial, customer_id int, total text, at timestamp);
            CREATE TEMP VIEW scratched AS SELECT * FROM scratch;
            CREATE FUNCTION pg_temp.passing() RETURNS int SECURITY DEFINER LANGUAGE sql AS 'SELECT 1';
            INSERT INTO scratch SELECT n, n, '1' FROM generate_series(1, 300) AS n;
            ANALYZE scratch
            """
        )
        found = looked(db18).report
    assert not [name for name in objects(found) if "pg_temp" in name or "scratch" in name or "passing" in name]


def test_a_schema_that_changes_all_the_while(db18: psycopg.Connection) -> None:
    db18.execute("CREATE TABLE steady (id int, note text); INSERT INTO steady SELECT 1, 'x' FROM generate_series(1, 9)")
    over = threading.Event()
    changing = threading.Thread(target=change, args=(dsn(db18), over))
    changing.start()
    try:
        for _ in range(2):
            found = looked(db18)
            assert "public.steady" in map(str, (table.name for table in found.observation.snapshot.tables))
    finally:
        over.set()
        changing.join()


def change(where: str, over: threading.Event) -> None:
    """Make and drop one of each, again and again."""
    with psycopg.connect(where, autocommit=True) as conn:
        while not over.wait(0.02):
            conn.execute(
                """
                CREATE TABLE passing (id serial PRIMARY KEY, steady_id int, note text DEFAULT 'x' CHECK (note <> ''));
                CREATE INDEX ON passing (note) WHERE id > 3;
                CREATE VIEW seen AS SELECT note FROM passing;
                CREATE FUNCTION passes() RETURNS int LANGUAGE sql RETURN 1;
                INSERT INTO passing (note) SELECT 'y' FROM generate_series(1, 100)
                """
            )
            over.wait(0.02)
            conn.execute("DROP FUNCTION passes(); DROP VIEW seen; DROP TABLE passing")
