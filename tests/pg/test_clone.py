"""A clone is the database again: its DDL by pg_dump, its rows, its settings."""

import psycopg
import pytest

import pgrefit.pg.clone
from conftest import dsn
from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.capabilities import probe
from pgrefit.pg.clone import clone_to, clone_within, copy_database
from pgrefit.pg.cluster import Cluster, available_versions
from pgrefit.pg.dump import dump_command, dump_schema, find_program
from pgrefit.pg.programs import program_version

NAME = 'Ord"er %s {x} été; --'
HOSTILE = """
CREATE ROLE "{role}" BYPASSRLS;
CREATE ROLE "{role} group";
GRANT "{role} group" TO "{role}";
CREATE SCHEMA "Sch""ema %" AUTHORIZATION "{role}";
CREATE TABLE "Sch""ema %"."select" (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "très Gros" text NOT NULL, x int);
ALTER TABLE "Sch""ema %"."select" OWNER TO "{role}";
ALTER TABLE "Sch""ema %"."select" ALTER x SET (n_distinct = 5);
CREATE INDEX "i %" ON "Sch""ema %"."select" (lower("très Gros"));
GRANT SELECT ("très Gros") ON "Sch""ema %"."select" TO "{role} group";
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $f$
BEGIN
-- a comment; a line of a dump:
RETURN 'SET transaction timeout';
END $f$;
INSERT INTO "Sch""ema %"."select" ("très Gros") VALUES
    (E'\\restrict a'), (E'\restrict\nCOPY x FROM stdin;'), ('ALTER TABLE ONLY t ALTER COLUMN c SET (pg_attver=1);');
CREATE SCHEMA pgrefit;
CREATE TABLE pgrefit.journal ();
"""


@pytest.fixture
def source(cluster: Cluster) -> str:
    """A database full of names that break naive tools."""
    cluster.create_database(NAME)
    role = f"app {NAME[:3]}"
    with psycopg.connect(cluster.dsn(NAME), autocommit=True) as connection:
        quoted = role.replace('"', '""')
        connection.execute(HOSTILE.replace("{role}", quoted))
        database = psycopg.sql.Identifier(NAME)
        for setting in (
            'ALTER DATABASE {} SET search_path = "$user", "Sch""ema %", public',
            "ALTER DATABASE {} SET app.tenant = 'it''s'",
            f"ALTER ROLE \"{quoted}\" IN DATABASE {{}} SET statement_timeout = '5s'",
            f'ALTER DATABASE {{}} OWNER TO "{quoted}"',
        ):
            connection.execute(psycopg.sql.SQL(setting).format(database))
    yield cluster.dsn(NAME)
    cluster.drop_database(NAME)
    with psycopg.connect(cluster.dsn(), autocommit=True) as connection:
        connection.execute(f'DROP ROLE "{quoted}", "{quoted} group"')


def rows(of: str) -> list[tuple]:
    with psycopg.connect(of) as connection:
        return connection.execute('SELECT * FROM "Sch""ema %"."select" ORDER BY id').fetchall()


def settings(of: str) -> list[tuple]:
    with psycopg.connect(of) as connection:
        return connection.execute(
            "SELECT setrole::regrole::text, unnest(setconfig) FROM pg_db_role_setting"
            " JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database() ORDER BY 1, 2"
        ).fetchall()


def test_a_clone_by_dump_is_equal(cluster: Cluster, source: str) -> None:
    with Cluster(cluster.version) as other:
        copy = clone_to(source, other.dsn(), "copy %")
        assert dump_schema(copy) == dump_schema(source)
        assert rows(copy) == rows(source)
        assert settings(copy) == settings(source)
        with psycopg.connect(copy) as connection:
            attributes = connection.execute(
                "SELECT rolbypassrls, rolcanlogin, pg_has_role(oid, 'app Ord group', 'MEMBER'), analysed FROM pg_roles,"
                " (SELECT reltuples FROM pg_class WHERE relname = 'select') c (analysed) WHERE rolname = 'app Ord'"
            ).fetchone()
        assert attributes == (True, False, True, 3)


@pytest.mark.parametrize("small_bytes", [0, pgrefit.pg.clone.SMALL_BYTES], ids=["by files", "by WAL"])
def test_a_clone_within_the_server_is_equal(
    cluster: Cluster, source: str, small_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgrefit.pg.clone, "SMALL_BYTES", small_bytes)
    copy = clone_within(cluster.dsn(), NAME, NAME + "2")
    try:
        assert dump_schema(copy) == dump_schema(source)
        assert rows(copy) == rows(source)
        assert settings(copy) == settings(source)
    finally:
        cluster.drop_database(NAME + "2")


def test_a_source_in_use_is_dumped_and_its_session_lives(cluster: Cluster, source: str) -> None:
    with psycopg.connect(source) as user:
        copy = copy_database(source, cluster.dsn(), "busy copy")
        try:
            assert dump_schema(copy) == dump_schema(source)
            assert user.execute("SELECT 1").fetchone() == (1,)
        finally:
            cluster.drop_database("busy copy")


def test_a_dump_leaves_out_pgrefits_own_schema_and_keeps_what_differs(source: str) -> None:
    text = dump_schema(source)
    assert "journal" not in text
    assert "journal" in dump_schema(source, exclude_schemas=())
    assert "-- a comment; a line of a dump:" in text
    assert 'OWNER TO "app Ord"' in text
    assert "\\restrict" not in text


def test_column_versions_of_the_server_do_not_reach_the_copy(cluster16: Cluster, cluster18: Cluster) -> None:
    cluster16.create_database("versioned")
    with psycopg.connect(cluster16.dsn("versioned"), autocommit=True) as connection:
        connection.execute("CREATE TABLE t (x int, y int); INSERT INTO t VALUES (1, 2)")
        plain = dump_schema(cluster16.dsn("versioned"))
        assert not probe(connection).attver
        connection.execute("SET allow_system_table_mods = on")
        connection.execute(
            "UPDATE pg_attribute SET attoptions = '{pg_attver=22159328}' WHERE attrelid = 't'::regclass AND attnum > 0"
        )
        assert probe(connection).attver
    assert dump_schema(cluster16.dsn("versioned")) == plain
    copy = clone_to(cluster16.dsn("versioned"), cluster18.dsn(), "versioned")
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT * FROM t").fetchall() == [(1, 2)]
    cluster16.drop_database("versioned")
    cluster18.drop_database("versioned")


def test_a_missing_extension_is_named(cluster15: Cluster, cluster16: Cluster) -> None:
    cluster15.create_database("with_trgm")
    with psycopg.connect(cluster15.dsn("with_trgm"), autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
    with pytest.raises(ServerUnsuitable, match="pg_trgm"):
        clone_to(cluster15.dsn("with_trgm"), cluster16.dsn(), "copy")
    cluster15.drop_database("with_trgm")
    with psycopg.connect(cluster16.dsn()) as connection:
        assert connection.execute("SELECT FROM pg_database WHERE datname = 'copy'").fetchall() == []


def test_an_older_target_is_refused(cluster15: Cluster, cluster18: Cluster) -> None:
    with pytest.raises(ServerUnsuitable, match="18"):
        clone_to(cluster18.dsn(), cluster15.dsn(), "copy")


def test_a_clone_to_a_newer_server_keeps_the_rows(cluster15: Cluster, cluster18: Cluster) -> None:
    cluster15.create_database("older")
    with psycopg.connect(cluster15.dsn("older"), autocommit=True) as connection:
        connection.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x")
    copy = clone_to(cluster15.dsn("older"), cluster18.dsn(), "newer")
    with psycopg.connect(copy) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (1000,)
    cluster15.drop_database("older")
    cluster18.drop_database("newer")


def test_a_locale_that_the_target_lacks_does_not_stop_it(
    cluster15: Cluster, cluster16: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(cluster15.dsn(), autocommit=True) as connection:
        connection.execute("CREATE DATABASE german TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'de-DE'")
    copy = clone_to(cluster15.dsn("german"), cluster16.dsn(), "german")
    assert dump_schema(copy)
    assert "locale" in caplog.text
    cluster15.drop_database("german")
    cluster16.drop_database("german")


def test_no_program_is_new_enough() -> None:
    with pytest.raises(ServerUnsuitable, match="pg_dump of version 99"):
        find_program("pg_dump", 99)


@pytest.mark.parametrize("version", available_versions())
def test_the_program_of_the_same_major_is_preferred(version: int) -> None:
    found = program_version(find_program("pg_dump", version))
    assert found is not None
    assert found[0] == version


def test_capabilities(db: psycopg.Connection) -> None:
    found = probe(db)
    assert found.role == "postgres"
    assert found.superuser
    assert found.creates_schemas
    assert found.major == db.info.server_version // 10000
    assert "plpgsql" in found.extensions <= found.extensions_available
    assert not found.pooler
    assert not found.in_recovery
    assert found.hosted is None


def test_capabilities_of_a_plain_role_on_a_hosted_server(db18: psycopg.Connection) -> None:
    db18.execute(
        "CREATE ROLE plain; CREATE ROLE rds_superuser; REVOKE CREATE ON DATABASE " + db18.info.dbname + " FROM plain"
    )
    try:
        db18.execute("SET ROLE plain")
        found = probe(db18)
    finally:
        db18.execute("RESET ROLE; DROP ROLE plain, rds_superuser")
    assert (found.role, found.superuser, found.reads_all_stats, found.creates_schemas) == ("plain", False, False, False)
    assert found.hosted == "rds"


def test_the_password_is_not_on_the_command_line() -> None:
    with Cluster(tcp=True) as server:
        argv, environment = dump_command(server.dsn())
        assert environment["PGPASSWORD"] in server.dsn()
        assert environment["PGPASSWORD"] not in " ".join(argv)
        assert dump_schema(server.dsn())


def test_dsn_helper_connects(db18: psycopg.Connection) -> None:
    with psycopg.connect(dsn(db18)) as again:
        assert again.info.dbname == db18.info.dbname


def test_memberships_keep_their_options(cluster: Cluster) -> None:
    if cluster.version < 16:
        pytest.skip("a membership has had options since PostgreSQL 16")
    groups = {"reads": "INHERIT FALSE", "lends": "SET FALSE", "leads": "ADMIN TRUE"}
    cluster.create_database("members")
    try:
        with psycopg.connect(cluster.dsn("members"), autocommit=True) as conn:
            conn.execute("CREATE ROLE who")
            for group, option in groups.items():
                conn.execute(f"CREATE ROLE {group}; GRANT {group} TO who WITH {option}")
                conn.execute(f"CREATE TABLE {group}_table (); GRANT SELECT ON {group}_table TO who")
        with Cluster(cluster.version) as other:
            copy = clone_to(cluster.dsn("members"), other.dsn(), "copy")
            assert memberships(copy) == memberships(cluster.dsn("members"))
            assert {row[1:] for row in memberships(copy)} >= {
                (False, False, True),
                (False, True, False),
                (True, True, True),
            }
    finally:
        with psycopg.connect(cluster.dsn("members"), autocommit=True) as conn:
            conn.execute(f"DROP OWNED BY who; DROP ROLE who, {', '.join(groups)}")
        cluster.drop_database("members")


def memberships(of: str) -> list[tuple]:
    with psycopg.connect(of) as connection:
        return connection.execute(
            "SELECT roleid::regrole::text, admin_option, inherit_option, set_option FROM pg_auth_members"
            " WHERE member = 'who'::regrole ORDER BY 1"
        ).fetchall()
