"""Columns whose type or collation changes in the catalog alone, without a row being read."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from changes.lawful import obstacles, there_and_back
from pgrefit.changes.change_collation import ChangeCollation
from pgrefit.changes.change_type_in_place import ChangeTypeInPlace, grows
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import dsn, go_back, run_all, start

ITEM = Relation("shop", "item")
ROWS = "INSERT INTO shop.item (id) SELECT generate_series(1, 30)"
FILES = (
    "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'i')"
    " ORDER BY relname"
)


def values(db: psycopg.Connection, column: str) -> list[object]:
    return [value for (value,) in db.execute(f"SELECT {column} FROM shop.item ORDER BY id".encode())]


GROWTH = [
    ("varchar(5)", "character varying(9)"), ("varchar(5)", "character varying"), ("varchar(5)", "text"),
    ("text", "character varying"), ("numeric(6,2)", "numeric(9,2)"), ("numeric(6,2)", "numeric"), ("cidr", "inet"),
    ("varbit(4)", "bit varying(8)"), ("varbit(4)", "bit varying"), ("time(2)", "time(4) without time zone"),
    ("timestamp(2)", "timestamp without time zone"), ("timestamptz(0)", "timestamp(3) with time zone"),
    ("interval(1)", "interval(4)"), ("interval(1)", "interval"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), GROWTH, ids=" ".join)
def test_growing_touches_neither_rows_nor_indexes(db18: psycopg.Connection, old: str, new: str) -> None:
    start(
        db18,
        f"""
        CREATE TABLE shop.parent (code {old} PRIMARY KEY);
        CREATE TABLE shop.item (id int PRIMARY KEY, a {old} DEFAULT NULL UNIQUE REFERENCES shop.parent (code) NOT NULL);
        CREATE INDEX plain ON shop.item (id, a);
        ALTER TABLE shop.item ALTER a SET STATISTICS 500;
        COMMENT ON COLUMN shop.item.a IS 'a';
        INSERT INTO shop.item (id, a) SELECT 1, NULL WHERE false;
        """,
    )
    files = dict(db18.execute(FILES).fetchall())
    change = ChangeTypeInPlace(table=ITEM, column="a", to_type=new)
    assert obstacles(db18, change) == []
    before = dump_schema(dsn(db18))
    steps = run_all(db18, change)
    assert dict(db18.execute(FILES).fetchall()) == files
    assert take_snapshot(db18).table(ITEM).column("a").type == new
    go_back(db18, steps)
    assert dump_schema(dsn(db18)) == before


@pytest.mark.parametrize("version", ["item", "parent"])
def test_both_ends_of_a_reference_grow_at_once(db: psycopg.Connection, version: str) -> None:
    """Locks on the other table are declared, and no row is read."""
    start(
        db,
        """
        CREATE TABLE shop.parent (code varchar(5) PRIMARY KEY);
        CREATE TABLE shop.item (id int PRIMARY KEY, code varchar(5) REFERENCES shop.parent);
        INSERT INTO shop.parent VALUES ('a'); INSERT INTO shop.item VALUES (1, 'a');
        """,
    )
    change = ChangeTypeInPlace(table=ITEM.beside(version), column="code", to_type="character varying(9)")
    runner_steps = there_and_back(db, change) if version == "item" else run_all(db, change)
    assert {str(lock.on) for lock in runner_steps[0].locks} == {"shop.item", "shop.parent"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("integer", "bigint"), ("character varying(9)", "character varying(5)"), ("numeric(6,2)", "numeric(8,3)"),
        ("numeric", "numeric(8,3)"), ("character(3)", "text"), ("text", "character varying(9)"), ("inet", "cidr"),
        ("timestamp without time zone", "timestamp(3) without time zone"), ("bit(3)", "bit(5)"), ("text", "uuid"),
        ("timestamp(3) without time zone", "timestamp(6) with time zone"), ("text[]", "character varying[]"),
    ],
)  # fmt: skip
def test_what_is_no_growth_is_refused(old: str, new: str) -> None:
    assert not grows(old, new)


def test_the_way_back_loses_no_value(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, a varchar(3), net cidr)")
    before = dump_schema(dsn(db), exclude_schemas=())
    longer = runner.steps(ChangeTypeInPlace(table=ITEM, column="a", to_type="text"))
    network = runner.steps(ChangeTypeInPlace(table=ITEM, column="net", to_type="inet"))
    runner.forward((*longer, *network))
    db.execute("INSERT INTO shop.item VALUES (1, 'ab  ', '10.0.0.0/8'), (2, 'abc', '10.1.2.3/8')")
    with pytest.raises(errors.DataException, match="1 values of column net do not fit into cidr again"):
        runner.back(network)
    with pytest.raises(errors.DataException) as caught:
        runner.back(longer)
    assert caught.value.diag.message_detail == "for example ab  "
    db.execute("UPDATE shop.item SET a = btrim(a), net = network(net)")
    runner.back((*longer, *network))
    assert dump_schema(dsn(db), exclude_schemas=()) == before
    assert values(db, "a") == ["ab", "abc"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "UTC"])
def test_times_in_utc_gain_a_zone_in_place(db: psycopg.Connection, zone: str) -> None:
    """Whatever the zone of our own session."""
    start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, at timestamp DEFAULT now())")
    db.execute("INSERT INTO shop.item VALUES (1, '2025-01-02 03:04:05')")
    db.execute(f"SET TimeZone = '{zone}'".encode())
    change = ChangeTypeInPlace(table=ITEM, column="at", to_type="timestamp with time zone", in_utc=True)
    there_and_back(db, change)
    run_all(db, change)
    assert db.execute("SELECT extract(epoch FROM at)::int FROM shop.item").fetchone() == (1735787045,)
    unsaid = ChangeTypeInPlace(table=ITEM, column="at", to_type="timestamp without time zone")
    assert "say `in_utc`" in obstacles(db, unsaid)[0]
    db.execute("CREATE INDEX ON shop.item (at)")
    said = ChangeTypeInPlace(table=ITEM, column="at", to_type="timestamp without time zone", in_utc=True)
    assert "would be built again" in obstacles(db, said)[0]


def test_what_the_server_would_check_or_build_again_is_refused(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, a varchar(5) NOT NULL CONSTRAINT filled CHECK (a <> ''),
                                b text GENERATED ALWAYS AS (a || 'x') STORED);
        CREATE INDEX lowered ON shop.item (lower(a));
        CREATE INDEX partial ON shop.item (a) WHERE id > 3;
        CREATE INDEX plain ON shop.item (a);
        CREATE VIEW shop.seen AS SELECT a FROM shop.item;
        CREATE POLICY mine ON shop.item USING (a = CURRENT_USER);
        """,
    )
    found = obstacles(db18, ChangeTypeInPlace(table=ITEM, column="a", to_type="text"))
    assert len(found) == 6
    assert all(any(name in line for line in found) for name in ("filled", "lowered", "partial", "seen", "mine", " b "))


def test_a_collation_changes_without_a_row_being_read(db: psycopg.Connection) -> None:
    start(db, """CREATE TABLE shop.item (id int PRIMARY KEY, a text COLLATE "C" DEFAULT 'z')""")
    db.execute("INSERT INTO shop.item VALUES (1, 'b'), (2, 'A'), (3, 'a')")
    change = ChangeCollation(table=ITEM, column="a", collation=Relation("pg_catalog", "ucs_basic"))
    there_and_back(db, change)
    there_and_back(db, ChangeCollation(table=ITEM, column="a"))
    run_all(db, change)
    assert take_snapshot(db).table(ITEM).column("a").collation == "pg_catalog.ucs_basic"
    assert values(db, "a") == ["b", "A", "a"]
    db.execute("CREATE INDEX sorted ON shop.item (a)")
    assert "sorted" in obstacles(db, change)[0]
    assert "has no collation" in obstacles(db, ChangeCollation(table=ITEM, column="id"))[0]
