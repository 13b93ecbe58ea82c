"""Structure in other shapes and languages than the usual: what is told of it, and what is passed over."""

from __future__ import annotations

import psycopg
import pytest

from rules.observing import findings, measured

ZONED = "CREATE TABLE t (id int PRIMARY KEY, leaves timestamp, zone text);"
FILL = "INSERT INTO {0} SELECT n, {1} FROM generate_series(1, 200) AS n; ANALYZE {0};"


@pytest.mark.parametrize(
    ("sql", "fires"),
    [
        ("CREATE TABLE t (id int PRIMARY KEY, slot tsrange)", True),
        ("CREATE TABLE t (id int PRIMARY KEY, slot tstzrange)", False),
        (ZONED + FILL.format("t", "now(), 'Asia/Tokyo'"), False),
        (ZONED + FILL.format("t", "now(), 'north'"), True),
        ("CREATE TABLE t (id int PRIMARY KEY, opens_local timestamp)", False),
        ("CREATE TABLE t (id int PRIMARY KEY, opens timestamp); COMMENT ON COLUMN t.opens IS 'always UTC'", False),
    ],
)  # fmt: skip
def test_a_clock_without_a_zone(db18: psycopg.Connection, sql: str, *, fires: bool) -> None:
    assert bool(findings(db18, "timestamp-without-time-zone", sql)) == fires


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("CREATE UNLOGGED TABLE przelew (id int PRIMARY KEY, kwota numeric)", ["public.przelew"]),
        ("CREATE UNLOGGED TABLE sesje_www (id int PRIMARY KEY, dane text)", []),
        ("CREATE UNLOGGED TABLE odebrane (klucz text PRIMARY KEY, do_kiedy timestamptz);"
         + FILL.format("odebrane", "now()"), []),
        ("CREATE UNLOGGED TABLE odebrane (klucz text PRIMARY KEY, dnia timestamptz);"
         + FILL.format("odebrane", "now() - n * interval '1 day'"), ["public.odebrane"]),
        ("CREATE UNLOGGED SEQUENCE faktura_nr", ["public.faktura_nr"]),
        ("CREATE UNLOGGED TABLE tmp_import (id serial PRIMARY KEY)", []),
    ],
)  # fmt: skip
def test_what_a_crash_loses(db18: psycopg.Connection, sql: str, told: list[str]) -> None:
    rule = "unlogged-sequence" if "SEQUENCE" in sql else "unlogged-table"
    assert [f.object for f in findings(db18, rule, sql)] == told


@pytest.mark.parametrize(
    ("given", "fires"), [("-250 - n", True), ("-100 - n", True), ("-n", False), ("-5000 - n", True), ("100 + n", False)]
)
def test_a_sequence_that_counts_down(db18: psycopg.Connection, given: str, *, fires: bool) -> None:
    sql = f"""CREATE SEQUENCE down INCREMENT -1 START -1;
        CREATE TABLE correction (nr bigint PRIMARY KEY DEFAULT nextval('down'), amount int);
        SELECT setval('down', -200);
        INSERT INTO correction SELECT {given}, 1 FROM generate_series(1, 200) AS n; ANALYZE correction;"""
    assert bool(findings(db18, "sequence-behind-column", sql)) == fires


@pytest.mark.parametrize(
    ("first", "second", "fires"),
    [
        ("1, 2000000000 + n", "tenant, nr", True),
        ("1, -2000000000 - n", "nr", True),
        ("1, CASE WHEN n % 2 = 0 THEN 2000000000 + n ELSE -2000000000 - n END", "nr", False),
        ("1, -2147483649 + n", "nr", False),
    ],
)
def test_keys_that_run_out(db18: psycopg.Connection, first: str, second: str, *, fires: bool) -> None:
    sql = f"""CREATE TABLE event (tenant int, nr int, PRIMARY KEY ({second}));
        INSERT INTO event SELECT {first} FROM generate_series(1, 200) AS n; ANALYZE event;"""
    assert bool(findings(db18, "integer-key-near-exhaustion", sql)) == fires


@pytest.mark.parametrize(
    ("columns", "values", "fires"),
    [
        ("ob_rodz int NOT NULL, ob_nr bigint", "1, n", True),
        ("tipo_objeto text NOT NULL, id_objeto bigint", "'zz', n", True),
        ("objekt_typ text NOT NULL, objekt_id bigint", "'post', n", True),
        ("dokument_typ text NOT NULL, dokument_nr bigint", "'passport', n", False),
        ("ob_rodz int NOT NULL, ob_nr bigint NOT NULL", "1, n", False),
    ],
)
def test_references_to_several_tables_in_other_words(
    db18: psycopg.Connection, columns: str, values: str, *, fires: bool
) -> None:
    sql = f"CREATE TABLE tbl_post (id int PRIMARY KEY); CREATE TABLE scan (id int PRIMARY KEY, {columns});"
    sql += FILL.format("scan", values)
    assert bool(findings(db18, "half-filled-polymorphic-reference", sql)) == fires


@pytest.mark.parametrize(
    ("value", "fires"),
    [
        ("'sftp://robot:Hidden' || n || '@files.example/in'", True),
        ("'sftp://robot:****@files.example/in/' || n", False),
        ("'https://files.example/in?at=12:00&by=robot@x' || n", False),
        ('\'{"user": "robot", "password": "Hidden\' || n || \'"}\'', True),
        ('\'{"user": "robot", "password": "${SECRET}"}\'', False),
        ("'sk_live_' || md5(n::text)", True),
    ],
)
def test_secrets_within_values(db18: psycopg.Connection, value: str, *, fires: bool) -> None:
    sql = "CREATE TABLE channel (id int PRIMARY KEY, settings text);" + FILL.format("channel", value)
    assert bool(findings(db18, "readable-password", sql)) == fires


def test_a_default_in_the_domain(db18: psycopg.Connection) -> None:
    sql = "CREATE DOMAIN note AS text DEFAULT 'NULL'; CREATE TABLE t (a note, b text DEFAULT '(null)', c text);"
    assert [f.object for f in findings(db18, "null-as-text-default", sql)] == ["public.t.a", "public.t.b"]


def test_tables_of_periods_may_differ_in_a_column(db18: psycopg.Connection) -> None:
    sql = "".join(f"CREATE TABLE sale{year} (id int PRIMARY KEY, day date, total numeric, of int{more});"
                  for year, more in ((2022, ""), (2023, ""), (2024, ", note text")))  # fmt: skip
    (found,) = findings(db18, "table-per-period", sql)
    assert measured(found)["tables"] == ("sale2022", "sale2023", "sale2024")


def test_columns_of_parents_count(db18: psycopg.Connection) -> None:
    of_parent, own = (", ".join(f"{name}{letter} int" for letter in "abcdefghijklmnopqrstuvwxyz") for name in "xy")
    sql = f"CREATE TABLE base ({of_parent}); CREATE TABLE heir ({own}) INHERITS (base);"
    assert [f.object for f in findings(db18, "many-columns", sql)] == ["public.heir"]


def test_what_blocks_an_upgrade_within_a_composite_type(db18: psycopg.Connection) -> None:
    sql = "CREATE TYPE task AS (name text, call regprocedure); CREATE TABLE plan (id int PRIMARY KEY, task task);"
    assert [f.object for f in findings(db18, "type-that-blocks-upgrade", sql)] == ["public.plan.task"]


def test_layers_through_a_materialized_view(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE sale (id int PRIMARY KEY); CREATE VIEW v1 AS SELECT id FROM sale;
        CREATE VIEW v2 AS SELECT id FROM v1; CREATE MATERIALIZED VIEW v3 AS SELECT id FROM v2;
        CREATE VIEW v4 AS SELECT id FROM v3; CREATE VIEW v5 AS SELECT (SELECT max(id) FROM v4) AS n;"""
    assert [f.object for f in findings(db18, "deeply-nested-view", sql)] == ["public.v5"]


@pytest.mark.parametrize(
    ("one", "other", "fires"),
    [
        ("'new', 'paid', 'sent', 'back'", "'new', 'paid', 'sent', 'lost'", False),
        ("'new', 'paid', 'sent', 'returned'", "'new', 'paid', 'sent', 'return'", True),
        ("'a', 'b', 'c', 'd', 'e', 'f', 'g'", "'a', 'b', 'c', 'd', 'e', 'f'", True),
        ("'new', 'paid', 'sent'", "'new', 'paid', 'sent'", False),
    ],
)
def test_lists_that_have_come_apart(db18: psycopg.Connection, one: str, other: str, *, fires: bool) -> None:
    sql = f"""CREATE TABLE a (id int PRIMARY KEY, status text CHECK (status IN ({one})));
        CREATE TABLE b (id int PRIMARY KEY, status text CHECK (status IN ({other})));"""
    assert bool(findings(db18, "differing-value-lists", sql)) == fires


def test_one_number_of_two_types(db18: psycopg.Connection) -> None:
    sql = """CREATE TABLE turbine (id int PRIMARY KEY, serial_number text NOT NULL UNIQUE);
        CREATE TABLE part (id int PRIMARY KEY, serial_number bigint NOT NULL UNIQUE);"""
    assert [f.object for f in findings(db18, "name-with-several-types", sql)] == ["public.turbine.serial_number"]


def test_a_flag_of_two_types(db18: psycopg.Connection) -> None:
    sql = "CREATE TABLE a (id int PRIMARY KEY, active boolean); CREATE TABLE b (id int PRIMARY KEY, active char(1));"
    sql += FILL.format("b", "CASE WHEN n % 3 = 0 THEN 'N' ELSE 'Y' END")
    assert [f.object for f in findings(db18, "name-with-several-types", sql)] == ["public.b.active"]


@pytest.mark.parametrize(
    ("column", "fires"), [("inkoopwaarde", True), ("book_value", True), ("grenswaarde", False), ("max_value", False)]
)
def test_what_something_is_worth(db18: psycopg.Connection, column: str, *, fires: bool) -> None:
    sql = f"CREATE TABLE part (id int PRIMARY KEY, {column} double precision)"
    assert bool(findings(db18, "float-for-money", sql)) == fires


@pytest.mark.parametrize(
    ("filled", "fires"), [("(n % 3 = 0, n % 3 = 1, n % 3 = 2)", True), ("(true, true, n % 3 = 2)", False)]
)
def test_a_value_in_the_column_of_its_type(db18: psycopg.Connection, filled: str, *, fires: bool) -> None:
    sql = f"""CREATE TABLE ship (id int PRIMARY KEY); INSERT INTO ship SELECT generate_series(1, 200);
        CREATE TABLE entry (ship int REFERENCES ship, what int, t text, d date, q numeric, PRIMARY KEY (ship, what));
        INSERT INTO entry SELECT n, 1, CASE WHEN f.t THEN 'x' || n END, CASE WHEN f.d THEN DATE '2025-01-01' + n END,
            CASE WHEN f.q THEN n END FROM generate_series(1, 200) AS n, LATERAL (VALUES {filled}) AS f (t, d, q);
        ANALYZE entry;"""
    assert bool(findings(db18, "entity-attribute-value", sql)) == fires


@pytest.mark.parametrize(
    ("column", "value", "fires"),
    [
        ("wskaznik", "lo_from_bytea(0, 'x')", True),
        ("wskaznik", "'t'::regclass", False),
        ("tabela_oid", "'t'::regclass", False),
        ("scan_oid", "70000", True),
    ],
)
def test_numbers_of_large_objects(db18: psycopg.Connection, column: str, value: str, *, fires: bool) -> None:
    sql = f"CREATE TABLE t (id int PRIMARY KEY, {column} oid); INSERT INTO t VALUES (1, {value}); ANALYZE t;"
    assert bool(findings(db18, "large-object-reference", sql)) == fires


@pytest.mark.parametrize(
    ("column", "fires"),
    [
        ("usunieto timestamptz", True),
        ("czy_usuniety boolean NOT NULL", True),
        ("exclusive boolean NOT NULL", False),
        ("may_be_deleted boolean NOT NULL", False),
    ],
)
def test_marks_of_deletion_in_other_words(db18: psycopg.Connection, column: str, *, fires: bool) -> None:
    sql = f"CREATE TABLE t (id int PRIMARY KEY, name text, {column}); CREATE INDEX ON t (name);"
    assert bool(findings(db18, "soft-delete-without-partial-index", sql)) == fires
