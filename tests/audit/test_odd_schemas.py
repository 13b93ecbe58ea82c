"""The whole audit, every rule of it, on schemas that few have: it answers, and finds no fault that is none."""

from __future__ import annotations

import time

import psycopg
from psycopg import sql

from audit.looking import looked, objects, objects_of, roles, skipped, written
from pgrefit.pg.cluster import Cluster

ODD = """we"ird {x} %s 'q' \\ é"""


LONG = "é" * 31 + "%"  # 63 bytes


LIMIT_SECONDS = 30


EXTENSIONS = (
    "pg_stat_statements",
    "hstore",
    "pg_trgm",
    "citext",
    "ltree",
    "pgcrypto",
    "unaccent",
    "cube",
    "xml2",
    "pg_partman",
)


def test_nothing_is_said_of_what_extensions_bring(cluster15: Cluster) -> None:
    cluster15.create_database("with_extensions")
    try:
        with psycopg.connect(cluster15.dsn("with_extensions"), autocommit=True) as db:
            db.execute("CREATE SCHEMA theirs")
            offered = {name for (name,) in db.execute("SELECT name FROM pg_available_extensions").fetchall()}
            for name in sorted(offered.intersection(EXTENSIONS)):
                schema = "public" if name in {"hstore", "pg_stat_statements"} else "theirs"
                db.execute(sql.SQL("CREATE EXTENSION {} SCHEMA {}").format(*map(sql.Identifier, (name, schema))))
            found = looked(db).report
    finally:
        cluster15.drop_database("with_extensions")
    assert {"hstore", "citext"} <= offered
    assert not [name for name in objects(found) if name.startswith(("theirs.", "public."))]


SEQUENCES = """
CREATE SEQUENCE lowest MINVALUE -9223372036854775808 START -9223372036854775808;
CREATE SEQUENCE down INCREMENT -5 MINVALUE -9223372036854775808 MAXVALUE -1 START -1;
CREATE SEQUENCE round INCREMENT -5 MINVALUE -10 MAXVALUE -1 CYCLE;
CREATE SEQUENCE at_end MINVALUE 1 MAXVALUE 9223372036854775807 START 9223372036854775807;
CREATE SEQUENCE single MINVALUE 7 MAXVALUE 8 START 8;
CREATE SEQUENCE leaps INCREMENT 9223372036854775807;
CREATE SEQUENCE leaps_back AS smallint INCREMENT -32768 MINVALUE -32768 MAXVALUE 32767 START 32767;
CREATE SEQUENCE cached CACHE 9223372036854775807;
SELECT nextval(s) FROM unnest(ARRAY['lowest', 'down', 'round', 'at_end', 'single', 'leaps', 'leaps_back']
                              ::regclass[]) AS s;
CREATE TABLE keyed (id smallint PRIMARY KEY DEFAULT nextval('at_end'), other int DEFAULT nextval('down'),
                    id_2 bigint GENERATED ALWAYS AS IDENTITY (INCREMENT -1 MINVALUE -9223372036854775808 MAXVALUE -1));
INSERT INTO keyed (id, other) VALUES (-32768, -1), (32767, 0);
"""


def test_sequences_at_their_limits(db: psycopg.Connection) -> None:
    db.execute(SEQUENCES.encode())
    found = looked(db).report
    assert objects_of(found, "sequence-near-exhaustion") >= {"public.single"}
    assert objects_of(found, "integer-key-near-exhaustion") == {"public.keyed.id"}
    assert objects_of(found, "sequence-without-owner") == {"public.at_end", "public.down"}
    assert not {"public.lowest", "public.round", "public.cached"} & set(objects(found))


def test_names_that_need_quotes_everywhere(db: psycopg.Connection) -> None:
    for name in (ODD, LONG, "select", "a.b", "$1 %(x)s", 'Tab\tNew\nline "'):
        hostile(db, name)
    with roles(db, ODD):
        db.execute(sql.SQL("GRANT ALL ON ALL TABLES IN SCHEMA {0} TO {0}").format(sql.Identifier(ODD)))
        db.execute(sql.SQL("ALTER TABLE {0}.{0} OWNER TO {0}").format(sql.Identifier(ODD)))
        found = looked(db)
        assert not skipped(found.report)
        denied = looked(db, ODD).report
    assert any(ODD in name for name in objects(found.report))
    assert ODD in written(denied)


def hostile(db: psycopg.Connection, name: str) -> None:
    """A schema in which all is named so."""
    others = {f"c{n}": sql.Identifier((name.encode()[:60].decode(errors="ignore")) + str(n)) for n in range(6)}
    db.execute(
        sql.SQL(
            """
            CREATE SCHEMA {n};
            SET search_path = {n};
            CREATE FUNCTION {n}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN NEW; END';
            CREATE TYPE {n} AS ENUM ('a', {label});
            CREATE DOMAIN {c0} AS text CONSTRAINT {n} CHECK (VALUE <> {text});
            CREATE SEQUENCE {c1};
            CREATE TABLE {c2} ({n} bigint CONSTRAINT {n} PRIMARY KEY);
            CREATE TABLE {c3} ({c0} int, {c1} text, {c2} text, {c3} {n}, {c4} {c0},
                               {n} bigint CONSTRAINT {n} REFERENCES {c2}, CONSTRAINT {c0} CHECK ({c1} <> {text}));
            ALTER TABLE {c3} RENAME TO {c4};
            CREATE INDEX {c3} ON {c4} ({c1}) WHERE {c2} <> {text};
            CREATE INDEX ON {c4} ({c1});
            CREATE INDEX ON {c4} (lower({c1}), {c2});
            CREATE TRIGGER {n} BEFORE INSERT ON {c4} FOR EACH ROW EXECUTE FUNCTION {n}();
            CREATE POLICY {n} ON {c4} USING ({c1} <> {text});
            ALTER TABLE {c4} ENABLE ROW LEVEL SECURITY;
            INSERT INTO {c2} SELECT generate_series(1, 300);
            INSERT INTO {c4} SELECT i, {text} || i, i || '.5', 'a', i::text, i FROM generate_series(1, 300) AS i;
            COMMENT ON TABLE {c4} IS {text};
            COMMENT ON COLUMN {c4}.{n} IS {text};
            ANALYZE {c4};
            RESET search_path
            """
        ).format(n=sql.Identifier(name), text=sql.Literal(name + "!"), label=sql.Literal(name), **others)
    )
    db.execute(sql.SQL("ALTER TABLE {n}.{c4} RENAME CONSTRAINT {c0} TO {c1}").format(n=sql.Identifier(name), **others))
    db.execute(sql.SQL("CREATE VIEW {n}.{c5} AS SELECT * FROM {n}.{c4}").format(n=sql.Identifier(name), **others))


def test_many_partitions_are_one_table(db18: psycopg.Connection) -> None:
    db18.execute(
        """
        CREATE TABLE customer (id int PRIMARY KEY);
        CREATE TABLE event (id int, at timestamp, customer_id int, total text) PARTITION BY RANGE (id);
        """
    )
    for (make,) in db18.execute(
        "SELECT format('CREATE TABLE event_%s PARTITION OF event FOR VALUES FROM (%s) TO (%s)', n, n * 10, n * 10 + 10)"
        " FROM generate_series(0, 299) AS n"
    ).fetchall():
        db18.execute(make)
    db18.execute("CREATE INDEX ON event (customer_id); INSERT INTO customer SELECT generate_series(1, 3000)")
    db18.execute("INSERT INTO event SELECT n, now(), n, '1.5' FROM generate_series(0, 2999) AS n; ANALYZE event")
    began = time.monotonic()
    found = looked(db18).report
    assert time.monotonic() - began < LIMIT_SECONDS
    assert not [name for name in objects(found) if "event_" in name and "event_customer" not in name]
    assert len(found.findings) < 20


def test_a_table_of_1600_columns(db18: psycopg.Connection) -> None:
    columns = ", ".join(f"column_{n} {('int', 'text', 'timestamp', 'bool')[n % 4]}" for n in range(1600))
    db18.execute(f"CREATE TABLE wide ({columns})".encode())
    db18.execute("INSERT INTO wide (column_0, column_1) SELECT n, n::text FROM generate_series(1, 50) AS n")
    db18.execute("ANALYZE wide")
    began = time.monotonic()
    found = looked(db18).report
    assert time.monotonic() - began < LIMIT_SECONDS
    assert not skipped(found)
    assert [(each.examined, each.of) for each in found.examined if each.kind == "columns"] == [(1600, 1600)]
    assert objects_of(found, "many-columns") == {"public.wide"}
    assert objects_of(found, "typed-values-in-text") == {"public.wide.column_1"}
    assert "400 columns" in found.of("timestamp-without-time-zone")[0].message


COLUMNS = """
CREATE TABLE nothing ();
CREATE TABLE nothing_left (id int, note text);
ALTER TABLE nothing_left DROP id, DROP note;
INSERT INTO nothing DEFAULT VALUES;
CREATE VIEW no_columns AS SELECT;
CREATE TABLE child_of_nothing () INHERITS (nothing);
CREATE DOMAIN texts AS text[] CHECK (cardinality(VALUE) < 5);
CREATE DOMAIN more_texts AS texts NOT NULL;
CREATE TYPE address AS (street text, city text, at timestamp);
CREATE DOMAIN checked_address AS address CHECK ((VALUE).city <> '');
CREATE TYPE nested AS (home address, work address[]);
CREATE TYPE no_fields AS ();
CREATE TABLE typed OF address (PRIMARY KEY (street));
CREATE TABLE mixed (id int, gone text, tags texts, labels more_texts, home address, homes address[], checked
    checked_address, deep nested, none no_fields, twice int GENERATED ALWAYS AS (id * 2) STORED, whole nothing,
    span int4multirange, document xml, found tsvector, bits bit varying(3), place point, key name, single "char",
    amount money, seen pg_lsn, relation regclass, path jsonpath, pairs int[][], at time with time zone);
ALTER TABLE mixed DROP gone;
INSERT INTO mixed (id, tags, labels, home, homes, at)
    SELECT n, ARRAY['a', NULL], ARRAY['b'], ROW('s', 'c', now())::address,
    ARRAY[ROW('s', 'c', 'infinity')::address], '12:00' FROM generate_series(1, 200) AS n;
CREATE INDEX ON mixed (((home).city));
CREATE UNIQUE INDEX ON mixed (id, home) NULLS NOT DISTINCT;
"""


def test_columns_of_every_kind(db: psycopg.Connection) -> None:
    db.execute(COLUMNS.encode())
    if db.info.server_version >= 180000:
        db.execute(
            """
            CREATE TABLE computed (id int, part int GENERATED ALWAYS AS (100 / id) VIRTUAL,
                                   label text GENERATED ALWAYS AS ('n' || id) VIRTUAL, total text);
            INSERT INTO computed (id, total) SELECT n, '1.5' FROM generate_series(0, 300) AS n
            """
        )
    found = looked(db).report
    assert "public.mixed" not in skipped(found)
    assert objects_of(found, "money-type") == {"public.mixed.amount"}
    assert objects_of(found, "table-without-primary-key") >= {"public.mixed", "public.nothing", "public.nothing_left"}
    assert objects_of(found, "table-inheritance") == {"public.nothing"}
