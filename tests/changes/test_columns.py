"""Columns: added, renamed, required no more, defaults, identities, dropped."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from changes.lawful import obstacles, there_and_back
from pgrefit.changes.add_column import AddColumn
from pgrefit.changes.drop_column import DropColumn
from pgrefit.changes.drop_not_null import DropNotNull
from pgrefit.changes.identity_from_serial import IdentityFromSerial
from pgrefit.changes.rename_column import RenameColumn
from pgrefit.changes.set_default import SetDefault
from pgrefit.model.change import Phase, Work
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import checksums, dsn, go_back, run_all, start

ITEM = Relation("shop", "item")
ROWS = "INSERT INTO shop.item (id) SELECT generate_series(1, 30)"
FILES = (
    "SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 'shop'::regnamespace AND relkind IN ('r', 'i')"
    " ORDER BY relname"
)


def values(db: psycopg.Connection, column: str) -> list[object]:
    return [value for (value,) in db.execute(f"SELECT {column} FROM shop.item ORDER BY id".encode())]


def added(type_: str, value: str | None = None, **more: object) -> AddColumn:
    return AddColumn(table=ITEM, column="new", type=type_, value=None if value is None else Expression(value), **more)  # type: ignore[arg-type]


# --- added


@pytest.mark.parametrize(
    ("change", "work"),
    [
        (added("text", "'x'", required=True, comment="it's new"), Work.INSTANT),
        (added("timestamptz", "now()", required=True), Work.INSTANT),
        (added("shop.short", collation='"C"'), Work.INSTANT),
        (added("numeric(8,2)", "shop.one()"), Work.INSTANT),
        (added("int", "id * 2", generated="stored", rewrite=True, required=True), Work.REWRITE),
    ],
    ids=lambda part: part.type if isinstance(part, AddColumn) else part.name,
)
def test_a_column_that_the_server_adds_at_once(db: psycopg.Connection, change: AddColumn, work: Work) -> None:
    start(
        db,
        f"""
        CREATE DOMAIN shop.short AS varchar(5);
        CREATE FUNCTION shop.one() RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';
        CREATE TABLE shop.item (id int PRIMARY KEY); {ROWS};
        """,
    )
    (step,) = there_and_back(db, change)
    assert step.work is work


def test_a_virtual_column_costs_nothing_where_the_server_has_them(db: psycopg.Connection) -> None:
    start(db, f"CREATE TABLE shop.item (id int PRIMARY KEY); {ROWS}")
    change = added("int", "id * 2", generated="virtual")
    if db.info.server_version < 180000:
        assert "need PostgreSQL 18" in obstacles(db, change)[0]
    else:
        (step,) = there_and_back(db, change)
        assert step.work is Work.INSTANT


def test_each_row_gets_a_value_of_its_own(db: psycopg.Connection) -> None:
    """Rows that were there, rows that come between the steps, and rows that come later."""
    runner = start(db, f"CREATE TABLE shop.item (id int PRIMARY KEY); {ROWS}")
    steps = runner.steps(added("uuid", "gen_random_uuid()", required=True))
    files = db.execute(FILES).fetchall()
    runner.do(steps[0])
    db.execute("INSERT INTO shop.item (id) VALUES (31)")
    runner.forward(steps[1:])
    db.execute("INSERT INTO shop.item (id) VALUES (32)")
    assert len(set(values(db, "new")) - {None}) == 32
    assert db.execute(FILES).fetchall() == files
    assert take_snapshot(db).table(ITEM).column("new").not_null


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (added("bigserial"), "written anew"),
        (added("no such type at all"), "is not the name of a type"),
        (added("shop.strict"), "a domain with constraints"),
        (added("int", required=True), "would have no value"),
        (added("int", "id * 2", generated="stored"), "under ACCESS EXCLUSIVE"),
        (added("int", "gone * 2", generated="stored", rewrite=True), "from gone, which is no column"),
        (added("int", "twice * 2", generated="stored", rewrite=True), "generated itself"),
        (added("int", generated="stored", rewrite=True), "not said from what"),
        (added("int", "1 +"), "not an expression"),
        (AddColumn(table=ITEM, column="id", type="int"), "the name is taken"),
        (AddColumn(table=Relation("shop", "part"), column="new", type="int"), "is a partition"),
        (
            AddColumn(table=Relation("shop", "bag"), column="new", type="int", value=Expression("random()")),
            "no primary",
        ),
    ],
)
def test_what_stands_in_the_way_of_a_column(db18: psycopg.Connection, change: AddColumn, says: str) -> None:
    start(
        db18,
        """
        CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0);
        CREATE DOMAIN shop.strict AS shop.positive;
        CREATE TABLE shop.item (id int PRIMARY KEY, twice int GENERATED ALWAYS AS (id * 2) STORED);
        CREATE TABLE shop.whole (id int) PARTITION BY LIST (id);
        CREATE TABLE shop.part PARTITION OF shop.whole DEFAULT;
        CREATE TABLE shop.bag (n int);
        """,
    )
    (found,) = obstacles(db18, change)
    assert says in found


def test_a_filled_column_names_the_triggers_that_will_fire(db18: psycopg.Connection) -> None:
    runner = start(
        db18,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY);
        CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
        CREATE TRIGGER touched BEFORE UPDATE ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.touch();
        """,
    )
    assert "touched" in runner.steps(added("float8", "random()"))[1].hazard


# --- renamed


def test_old_and_new_name_live_together(db: psycopg.Connection) -> None:
    """The old version reads and writes by the old name throughout; the new one by the new name after the switch."""
    runner = start(
        db, "CREATE TABLE shop.item (id int PRIMARY KEY, nm text DEFAULT 'x'); INSERT INTO shop.item VALUES (1)"
    )
    steps = runner.steps(RenameColumn(table=ITEM, column="nm", to="name"))
    online = tuple(step for step in steps if step.phase is not Phase.CONTRACT)
    before = dump_schema(dsn(db), exclude_schemas=())
    with psycopg.connect(dsn(db), autocommit=True) as old:
        old.execute("SET search_path = item_before, shop")
        runner.forward(online)
        old.execute("INSERT INTO item (id, nm) VALUES (2, 'old') ON CONFLICT (id) DO UPDATE SET nm = 'twice'")
        db.execute("INSERT INTO shop.item (id, name) VALUES (3, 'new')")
        old.execute("UPDATE item SET nm = nm || '!' WHERE id = 3")
        assert old.execute("SELECT nm FROM item ORDER BY id").fetchall() == [("x",), ("old",), ("new!",)]
    assert values(db, "name") == ["x", "old", "new!"]
    runner.back(online)
    assert values(db, "nm") == ["x", "old", "new!"]
    assert dump_schema(dsn(db), exclude_schemas=()) == before


def test_partitions_are_renamed_with_their_parent(db: psycopg.Connection) -> None:
    start(
        db,
        """
        CREATE TABLE shop.item (id int, a text) PARTITION BY LIST (id);
        CREATE TABLE shop.one PARTITION OF shop.item DEFAULT;
        """,
    )
    there_and_back(db, RenameColumn(table=ITEM, column="a", to="b", keep_old_shape=False))
    assert "comes from shop.item" in obstacles(db, RenameColumn(table=ITEM.beside("one"), column="a", to="b"))[0]


def test_functions_do_not_follow_a_name(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, nm text, other text);
        CREATE FUNCTION shop.fired() RETURNS trigger LANGUAGE plpgsql
            AS 'BEGIN NEW.nm := upper(NEW."nm"); RETURN NEW; END';
        CREATE TRIGGER fired BEFORE INSERT ON shop.item FOR EACH ROW EXECUTE FUNCTION shop.fired();
        CREATE FUNCTION shop.dynamic() RETURNS void LANGUAGE plpgsql
            AS $$ BEGIN EXECUTE 'UPDATE shop.item SET nm = NULL'; END $$;
        CREATE FUNCTION shop.stranger(nm text) RETURNS text LANGUAGE sql AS 'SELECT nm';
        CREATE FUNCTION shop.follows() RETURNS bigint BEGIN ATOMIC SELECT count(nm) FROM shop.item; END;
        """,
    )
    change = RenameColumn(table=ITEM, column="nm", to="name")
    found = obstacles(db18, change)
    assert [line.split()[1] for line in found] == ["shop.dynamic", "shop.fired"]
    reviewed = (ITEM.beside("dynamic"), ITEM.beside("fired"))
    assert obstacles(db18, RenameColumn(table=ITEM, column="nm", to="name", reviewed=reviewed)) == []
    assert obstacles(db18, RenameColumn(table=ITEM, column="other", to="name")) == []
    assert "the name is taken" in obstacles(db18, RenameColumn(table=ITEM, column="other", to="nm"))[0]


# --- required no more


def test_not_null_comes_back_with_its_name_and_without_a_scan_under_lock(db: psycopg.Connection) -> None:
    named = "CONSTRAINT given" if db.info.server_version >= 180000 else ""
    runner = start(db, f"CREATE TABLE shop.item (id int PRIMARY KEY, a text {named} NOT NULL)")
    if named:
        db.execute("COMMENT ON CONSTRAINT given ON shop.item IS 'always'")
    before = dump_schema(dsn(db), exclude_schemas=())
    steps = runner.steps(DropNotNull(table=ITEM, column="a"))
    runner.forward(steps)
    db.execute("INSERT INTO shop.item VALUES (1, NULL)")
    runner.undo(steps[2])
    with pytest.raises(errors.CheckViolation, match="was_required"):
        runner.undo(steps[1])
    db.execute("UPDATE shop.item SET a = 'x'")
    runner.undo(steps[1])
    db.execute("SELECT pg_stat_force_next_flush()")
    counted = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'item'"
    earlier = db.execute(counted).fetchone()
    runner.undo(steps[0])
    db.execute("SELECT pg_stat_force_next_flush()")
    assert db.execute(counted).fetchone() == earlier
    assert dump_schema(dsn(db), exclude_schemas=()) == before


def test_what_needs_the_value_is_an_obstacle(db: psycopg.Connection) -> None:
    start(
        db,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, a int NOT NULL, b int NOT NULL);
        CREATE UNIQUE INDEX who ON shop.item (a);
        ALTER TABLE shop.item REPLICA IDENTITY USING INDEX who;
        CREATE TABLE shop.heir () INHERITS (shop.item);
        CREATE TABLE shop.whole (id int NOT NULL) PARTITION BY LIST (id);
        CREATE TABLE shop.part PARTITION OF shop.whole DEFAULT;
        """,
    )

    def of(column: str, table: str = "item") -> str:
        return " ".join(obstacles(db, DropNotNull(table=ITEM.beside(table), column=column)))

    assert "part of the primary key" in of("id")
    assert "is an identity" in of("n")
    assert "replica identity" in of("a")
    assert "tables inherit" in of("b")
    assert "comes from shop.whole" in of("id", "part")
    there_and_back(db, DropNotNull(table=ITEM.beside("whole"), column="id"))


# --- defaults and identities


def test_defaults_of_partitions_come_back_each(db: psycopg.Connection) -> None:
    start(
        db,
        """
        CREATE TABLE shop.item (id int, a text DEFAULT 'all') PARTITION BY LIST (id);
        CREATE TABLE shop.one PARTITION OF shop.item FOR VALUES IN (1);
        CREATE TABLE shop.two PARTITION OF shop.item FOR VALUES IN (2);
        ALTER TABLE shop.one ALTER a SET DEFAULT 'one';
        ALTER TABLE shop.two ALTER a DROP DEFAULT;
        """,
    )
    there_and_back(db, SetDefault(table=ITEM, column="a", default=Expression("'new'")))
    there_and_back(db, SetDefault(table=ITEM, column="a"))


def test_the_same_default_needs_no_step(db18: psycopg.Connection) -> None:
    runner = start(
        db18, "CREATE TABLE shop.item (id int PRIMARY KEY, a text DEFAULT 'x', at timestamptz DEFAULT now())"
    )
    assert runner.steps(SetDefault(table=ITEM, column="a", default=Expression("'x'"))) == ()
    assert runner.steps(SetDefault(table=ITEM, column="at", default=Expression("pg_catalog.now()"))) == ()
    assert runner.steps(SetDefault(table=ITEM, column="id")) == ()
    assert "other columns" in obstacles(db18, SetDefault(table=ITEM, column="a", default=Expression("id::text")))[0]


SERIAL = """
    CREATE TABLE shop.item (id serial PRIMARY KEY, a text);
    ALTER SEQUENCE shop.item_id_seq AS bigint INCREMENT 5 MAXVALUE 9000000000 CACHE 3 CYCLE;
    COMMENT ON SEQUENCE shop.item_id_seq IS 'numbers';
    GRANT USAGE ON SEQUENCE shop.item_id_seq TO PUBLIC;
    GRANT SELECT ON SEQUENCE shop.item_id_seq TO pg_monitor WITH GRANT OPTION;
    ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT UPDATE ON SEQUENCES TO pg_read_all_data;
    INSERT INTO shop.item (a) SELECT 'a' FROM generate_series(1, 4);
"""


@pytest.mark.parametrize("always", [False, True])
def test_the_sequence_is_taken_over_and_given_back(db: psycopg.Connection, always: bool) -> None:
    """Numbers go on, there and back; what the sequence allows, and to whom, stays."""
    start(db, SERIAL)
    change = IdentityFromSerial(table=ITEM, column="id", always=always)
    there_and_back(db, change)
    steps = run_all(db, change)
    sequence = next(s for s in take_snapshot(db).sequences if s.name.name == "item_id_seq")
    assert (sequence.identity, sequence.increment, sequence.cache, sequence.cycle) == (True, 5, 3, True)
    assert {(g.grantee, g.privilege, g.grantable) for g in sequence.grants if g.grantee != sequence.owner} == {
        ("", "USAGE", False), ("pg_monitor", "SELECT", True)
    }  # fmt: skip
    db.execute("INSERT INTO shop.item (a) VALUES ('identity')")
    go_back(db, steps)
    db.execute("INSERT INTO shop.item (a) VALUES ('serial')")
    ids = [int(str(n)) for n in values(db, "id")]
    assert len(set(ids)) == 6
    assert ids == sorted(ids)


def test_only_a_plain_serial_becomes_an_identity(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.item (id serial PRIMARY KEY, odd serial, may serial, own int DEFAULT 1);
        ALTER TABLE shop.item ALTER odd SET DEFAULT nextval('shop.item_odd_seq') * 2, ALTER may DROP NOT NULL;
        CREATE TABLE shop.other (id int DEFAULT nextval('shop.item_id_seq'));
        """,
    )

    def of(column: str) -> str:
        (found,) = obstacles(db18, IdentityFromSerial(table=ITEM, column=column))
        return found

    assert "shop.item.id, shop.other.id" in of("id")
    assert "sequence of its own" in of("odd")
    assert "may be empty" in of("may")
    assert "sequence of its own" in of("own")


# --- dropped


def test_values_of_a_dropped_column_are_kept(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, a text NOT NULL, b text)")
    db.execute("INSERT INTO shop.item VALUES (1, 'it''s', 'b')")
    steps = runner.steps(DropColumn(table=ITEM, column="a"))
    before = dump_schema(dsn(db), exclude_schemas=()), checksums(db)
    runner.forward(steps[:-1])
    runner.back(steps[:-1])
    assert (dump_schema(dsn(db), exclude_schemas=()), checksums(db)) == before
    runner.forward(steps[:-1])
    db.execute("INSERT INTO shop.item (id, b) VALUES (2, 'the new version writes without it')")
    runner.do(steps[-1])
    kept = db.execute("SELECT source, key, columns, old FROM pgrefit.before_image").fetchall()
    assert kept == [("shop.item", ["1"], ["a"], ["it's"])]
    assert [step.phase for step in steps][-2:] == [Phase.CONTRACT, Phase.CONTRACT]


def test_a_filler_keeps_the_way_back_open(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, a text NOT NULL)")
    steps = runner.steps(DropColumn(table=ITEM, column="a", filler=Expression("'gone'")))
    before = dump_schema(dsn(db), exclude_schemas=())
    runner.forward(steps[:-1])
    db.execute("INSERT INTO shop.item (id) VALUES (1)")
    runner.back(steps[:-1])
    assert dump_schema(dsn(db), exclude_schemas=()) == before
    assert values(db, "a") == ["gone"]


def test_an_index_made_meanwhile_is_not_dropped_unseen(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.item (id int PRIMARY KEY, a text, b text)")
    steps = runner.steps(DropColumn(table=ITEM, column="a"))
    db18.execute("CREATE INDEX late ON shop.item (b, a)")
    with pytest.raises(errors.DependentObjectsStillExist, match="late"):
        runner.forward(steps)


def test_a_key_column_cannot_be_kept(db18: psycopg.Connection) -> None:
    start(db18, "CREATE TABLE shop.item (id int PRIMARY KEY, a text)")
    assert "part of the key" in obstacles(db18, DropColumn(table=ITEM, column="id"))[0]
    assert obstacles(db18, DropColumn(table=ITEM, column="id", keep_values=False)) == []
