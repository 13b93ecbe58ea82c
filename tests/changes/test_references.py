"""Foreign keys with orphans in the way, other actions, keys from an index, exclusions, and constraints that go."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import errors

from changes.lawful import obstacles, there_and_back
from pgrefit.changes._orphans import Care
from pgrefit.changes.add_exclusion import AddExclusion, Excluded
from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.changes.add_primary_key import AddPrimaryKey
from pgrefit.changes.add_unique import AddUnique
from pgrefit.changes.change_foreign_key_actions import ChangeForeignKeyActions
from pgrefit.changes.drop_constraint import DropConstraint
from pgrefit.model.ddl import Expression, ddl
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import checksums, dsn, go_back, run_all, start

ITEM, PARENT = Relation("shop", "item"), Relation("shop", "parent")
FAMILY = """
    CREATE TABLE shop.parent (a int, b text, PRIMARY KEY (a, b));
    INSERT INTO shop.parent SELECT n, n::text FROM generate_series(1, 10) AS n;
    CREATE TABLE shop.item (id int PRIMARY KEY, x int, y text, t text DEFAULT 'odd column name');
    INSERT INTO shop.item SELECT n, 1 + n % 12, 1 + n % 12 FROM generate_series(1, 40) AS n;
    UPDATE shop.item SET x = NULL WHERE id % 7 = 0;
"""


def refer(orphans: Care, **more: object) -> AddForeignKey:
    return AddForeignKey(
        table=ITEM, columns=("x", "y"), parent=PARENT, parent_columns=("a", "b"), orphans=orphans, **more  # type: ignore[arg-type]
    )  # fmt: skip


def count(db: psycopg.Connection, condition: str) -> object:
    row = db.execute(f"SELECT count(*) FROM {condition}".encode()).fetchone()
    return row and row[0]


@pytest.mark.parametrize("match", ["simple", "full"])
@pytest.mark.parametrize("orphans", ["quarantine", "null", "delete"])
def test_orphans_out_of_the_way_and_back(db: psycopg.Connection, orphans: Care, match: str) -> None:
    """MATCH FULL also refuses rows of which only a part refers."""
    start(db, FAMILY)
    refused = 5 + (5 if match == "full" else 0)
    change = refer(orphans, match=match, on_delete="cascade", deferred=True)
    there_and_back(db, change)
    run_all(db, change)
    (key,) = take_snapshot(db).table(ITEM).foreign_keys
    assert (key.validated, key.match, key.deferrable, key.deferred) == (True, match, True, True)
    kept = "pgrefit.before_image" if orphans == "null" else "pgrefit.quarantine"
    assert count(db, kept) == refused
    assert count(db, "shop.item") == (40 if orphans == "null" else 40 - refused)
    if orphans == "delete":
        assert count(db, "pgrefit.quarantine WHERE reason LIKE '%not wanted back'") == refused


@pytest.mark.parametrize("orphans", ["quarantine", "null"])
def test_orphans_that_come_in_between_are_swept_up_and_come_back(db: psycopg.Connection, orphans: Care) -> None:
    runner = start(db, FAMILY)
    aside, announce, validate = runner.steps(refer(orphans))
    runner.do(aside)
    db.execute("INSERT INTO shop.item VALUES (99, 99, 'late')")
    before = checksums(db)["shop.item"]
    runner.forward((announce, validate))
    assert runner.proven(validate)
    runner.back((announce, validate))
    db.execute("DELETE FROM shop.item WHERE id <> 99")
    runner.undo(aside)
    assert db.execute("SELECT x, y FROM shop.item WHERE id = 99").fetchone() == (99, "late")
    assert before != checksums(db)["shop.item"]


def test_only_what_may_be_empty_is_emptied(db: psycopg.Connection) -> None:
    start(db, f"{FAMILY} ALTER TABLE shop.item ALTER y SET NOT NULL")
    before = db.execute("SELECT id, y FROM shop.item ORDER BY id").fetchall()
    run_all(db, refer("null"))
    assert db.execute("SELECT id, y FROM shop.item ORDER BY id").fetchall() == before
    assert "cannot be emptied" in obstacles(db, refer("null", match="full", name="other"))[0]


def test_what_keeps_orphans_where_they_are(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, up int, code int UNIQUE);
        CREATE TABLE shop.child (id int PRIMARY KEY, item int REFERENCES shop.item ON DELETE CASCADE,
                                 code int REFERENCES shop.item (code));
        """,
    )

    def of(column: str, orphans: Care) -> list[str]:
        key = AddForeignKey(table=ITEM, columns=(column,), parent=ITEM, parent_columns=("id",), orphans=orphans)
        return obstacles(db18, key)

    assert of("up", "null") == []
    assert "child_code_fkey of shop.child refers to what would be emptied" in of("code", "null")[0]
    found = " ".join(of("up", "quarantine"))
    assert "ON DELETE CASCADE" in found
    assert "refers to itself" in found


# --- other actions

ACTIONS = """
    CREATE TABLE shop.parent (a int, b text, PRIMARY KEY (a, b));
    INSERT INTO shop.parent SELECT n, n::text FROM generate_series(1, 10) AS n;
    CREATE TABLE shop.item (id int PRIMARY KEY, x int, y text,
        CONSTRAINT own FOREIGN KEY (x, y) REFERENCES shop.parent MATCH FULL ON UPDATE CASCADE);
    COMMENT ON CONSTRAINT own ON shop.item IS 'its parent';
    INSERT INTO shop.item SELECT n, 1 + n % 10, 1 + n % 10 FROM generate_series(1, 40) AS n;
"""


@pytest.mark.parametrize(
    "parts",
    [
        {"on_delete": "set null", "on_update": "restrict"},
        {"on_delete": "cascade", "checked": "deferred"},
        {"checked": "deferrable"},
        {"checked": "deferred"},
    ],
    ids=str,
)
def test_actions_change_and_come_back(db: psycopg.Connection, parts: dict[str, str]) -> None:
    start(db, ACTIONS)
    change = ChangeForeignKeyActions(table=ITEM, name="own", **parts)  # type: ignore[arg-type]
    there_and_back(db, change)
    run_all(db, change)
    (key,) = take_snapshot(db).table(ITEM).foreign_keys
    assert (key.match, key.comment, key.validated) == ("full", "its parent", True)
    assert (key.on_delete, key.on_update) == (parts.get("on_delete", "no action"), parts.get("on_update", "cascade"))
    assert (key.deferrable, key.deferred) == ("checked" in parts, parts.get("checked") == "deferred")


def test_a_key_that_was_never_validated_stays_so(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.parent (id int PRIMARY KEY); CREATE TABLE shop.item (id int PRIMARY KEY, p int);
        INSERT INTO shop.item VALUES (1, 1);
        ALTER TABLE shop.item ADD CONSTRAINT own FOREIGN KEY (p) REFERENCES shop.parent NOT VALID;
        """,
    )
    (step,) = there_and_back(db18, ChangeForeignKeyActions(table=ITEM, name="own", on_delete="cascade"))
    assert "DELETE" in step.hazard


def test_a_row_that_slipped_past_the_key_stops_before_the_switch(db: psycopg.Connection) -> None:
    runner = start(db, ACTIONS)
    db.execute("SET session_replication_role = replica")
    db.execute("INSERT INTO shop.item VALUES (77, 77, 'lost')")
    db.execute("RESET session_replication_role")
    steps = runner.steps(ChangeForeignKeyActions(table=ITEM, name="own", on_delete="cascade"))
    with pytest.raises(errors.ForeignKeyViolation, match="own does not hold: 1") as caught:
        runner.do(steps[0])
    assert caught.value.diag.message_detail == "for example (77,77,lost)"


def test_actions_that_cannot_be(db18: psycopg.Connection) -> None:
    runner = start(
        db18,
        """
        CREATE TABLE shop.parent (id int, n int, PRIMARY KEY (id, n));
        CREATE TABLE shop.item (id int PRIMARY KEY, p int NOT NULL, n int, CONSTRAINT own FOREIGN KEY (p, n)
                                REFERENCES shop.parent, CONSTRAINT part FOREIGN KEY (id, n) REFERENCES shop.parent
                                ON DELETE SET NULL (n));
        """,
    )

    def of(name: str, action: str = "cascade") -> str:
        change = ChangeForeignKeyActions(table=ITEM, name=name, on_delete=action)  # type: ignore[arg-type]
        return " ".join(obstacles(db18, change))

    assert "is required" in of("own", "set null")
    assert "names the columns" in of("part")
    assert "is no foreign key" in of("item_pkey")
    assert "has no constraint gone" in of("gone")
    assert runner.steps(ChangeForeignKeyActions(table=ITEM, name="own", on_delete="no action")) == ()


# --- keys from an index

DOUBLES = """
    CREATE TABLE shop.item (id int PRIMARY KEY, a int, b text, at int NOT NULL);
    INSERT INTO shop.item SELECT n, n % 20, CASE WHEN n % 5 > 0 THEN 'b' END, 100 - n FROM generate_series(1, 30) AS n;
"""


def test_duplicates_stop_with_their_number_and_examples(db: psycopg.Connection) -> None:
    runner = start(db, DOUBLES)
    steps = runner.steps(AddUnique(table=ITEM, columns=("a", "b")))
    with pytest.raises(errors.UniqueViolation) as caught:
        runner.do(steps[0])
    said = caught.value.diag
    assert said.message_primary == "8 values of (a, b) stand in several rows of shop.item: 8 rows too many"
    assert said.message_detail is not None
    assert "(1, b) 2 times" in said.message_detail
    assert count(db, "pg_index WHERE indrelid = 'shop.item'::regclass") == 1


@pytest.mark.parametrize("keep", ["first", "last"])
def test_one_of_each_stays_by_the_declared_order(db: psycopg.Connection, keep: str) -> None:
    start(db, DOUBLES)
    change = AddUnique(table=ITEM, columns=("a",), duplicates="quarantine", order=("at",), keep=keep)  # type: ignore[arg-type]
    there_and_back(db, change)
    run_all(db, change)
    gone = {int(key[0]) for (key,) in db.execute("SELECT key FROM pgrefit.quarantine")}
    assert gone == (set(range(1, 11)) if keep == "first" else set(range(21, 31)))


@pytest.mark.parametrize(
    "parts", [{"nulls_not_distinct": True}, {"include": ("at",), "deferrable": True, "name": "own"}, {}], ids=str
)
def test_every_form_of_a_unique_constraint(db: psycopg.Connection, parts: dict[str, object]) -> None:
    start(db, DOUBLES)
    change = AddUnique(table=ITEM, columns=("a", "b"), duplicates="quarantine", **parts)  # type: ignore[arg-type]
    there_and_back(db, change)
    run_all(db, change)
    (key,) = (c for c in take_snapshot(db).table(ITEM).constraints if c.kind == "unique")
    assert (key.name, key.deferrable) == (parts.get("name", "item_a_b_key"), "deferrable" in parts)
    assert count(db, "pgrefit.quarantine") == (10 if "nulls_not_distinct" in parts else 8)


def test_two_who_write_the_same_at_once_do_not_both_get_in(db: psycopg.Connection) -> None:
    """While duplicates are put aside, and there is no unique index yet."""
    runner = start(db, DOUBLES)
    steps = runner.steps(AddUnique(table=ITEM, columns=("a",), duplicates="quarantine"))
    runner.forward(steps[:2])
    with psycopg.connect(dsn(db)) as one, psycopg.connect(dsn(db)) as two:
        one.execute("INSERT INTO shop.item VALUES (91, 500, 'x', 1)")
        two.execute("SET lock_timeout = '200ms'")
        with pytest.raises(errors.LockNotAvailable):
            two.execute("INSERT INTO shop.item VALUES (92, 500, 'y', 1)")
        two.rollback()
        one.commit()
        with pytest.raises(errors.UniqueViolation, match=r"another row of shop.item has the same \(a\)"):
            two.execute("UPDATE shop.item SET a = 500 WHERE id = 1")
        two.rollback()
        two.execute("UPDATE shop.item SET b = 'others pass' WHERE id = 1")
    runner.forward(steps[2:])
    assert count(db, "shop.item WHERE a = 500") == 1


def test_an_index_that_serves_spares_the_helper(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{DOUBLES} CREATE INDEX ON shop.item (a)")
    titles = [step.title for step in runner.steps(AddUnique(table=ITEM, columns=("a",), duplicates="quarantine"))]
    assert not [title for title in titles if "pgrefit_same" in title]


def test_a_primary_key_over_columns_that_may_be_empty(db: psycopg.Connection) -> None:
    start(
        db, "CREATE TABLE shop.item (a int, b text); INSERT INTO shop.item SELECT n, n FROM generate_series(1, 9) AS n"
    )
    change = AddPrimaryKey(table=ITEM, columns=("a", "b"))
    assert obstacles(db, change) == []
    before = dump_schema(dsn(db), exclude_schemas=())
    steps = run_all(db, change)
    assert take_snapshot(db).table(ITEM).primary_key == ("a", "b")
    assert "has a primary key already" in " ".join(obstacles(db, change))
    go_back(db, steps)
    assert dump_schema(dsn(db), exclude_schemas=()) == before
    unkeyed = AddPrimaryKey(table=ITEM, columns=("a",), duplicates="quarantine")
    assert "to walk it by" in obstacles(db, unkeyed)[0]


@pytest.mark.parametrize("name", ['we"ird Tablé', "%s{x}", "é" * 31])
def test_a_primary_key_over_any_name(db18: psycopg.Connection, name: str) -> None:
    table = Relation("shop", name)
    start(db18, ddl("CREATE TABLE {t} ({c} text); INSERT INTO {t} VALUES ('a'), ('b')", t=table, c=name))
    steps = run_all(db18, AddPrimaryKey(table=table, columns=(name,)))
    assert take_snapshot(db18).table(table).primary_key == (name,)
    go_back(db18, steps)
    assert take_snapshot(db18).table(table).constraints == ()
    db18.execute(ddl("INSERT INTO {t} VALUES ('a')", t=table).encode())
    with pytest.raises(errors.UniqueViolation, match="1 rows too many"):
        run_all(db18, AddPrimaryKey(table=table, columns=(name,)))


def test_a_lock_that_was_refused_does_not_cost_the_index(db: psycopg.Connection) -> None:
    """What cleans up before the next try neither drops what was built nor waits for those in the way."""
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, a int)")
    _, build, attach = runner.steps(AddUnique(table=ITEM, columns=("a",)))
    runner.do(build)
    index = "SELECT relfilenode FROM pg_class WHERE relname = 'item_a_key'"
    built = db.execute(index).fetchone()
    with psycopg.connect(dsn(db)) as reader:
        reader.execute("SELECT FROM shop.item")
        db.execute("SET lock_timeout = '100ms'")
        with pytest.raises(errors.LockNotAvailable):
            runner.do(attach)
        runner.undo(attach)
    runner.do(attach)
    assert db.execute(index).fetchone() == built


# --- constraints that go

GOING = """
    CREATE TABLE shop.parent (id int PRIMARY KEY);
    INSERT INTO shop.parent VALUES (1);
    CREATE TABLE shop.item (id int, note text, p int NOT NULL, span int4range,
        CONSTRAINT item_id PRIMARY KEY (id) INCLUDE (note),
        CONSTRAINT up FOREIGN KEY (p) REFERENCES shop.parent ON DELETE CASCADE DEFERRABLE,
        CONSTRAINT once UNIQUE NULLS NOT DISTINCT (p, note) WITH (fillfactor = 70) DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT apart EXCLUDE USING gist (span WITH &&) WHERE (id > 0),
        CONSTRAINT mine CHECK (id > 0) NO INHERIT);
    INSERT INTO shop.item SELECT n, n::text, 1, int4range(n, n + 1) FROM generate_series(1, 30) AS n;
    ALTER TABLE shop.item ADD CONSTRAINT never CHECK (id > 99) NOT VALID;
"""
NAMES = ("item_id", "up", "once", "apart", "mine", "never")


@pytest.mark.parametrize("name", NAMES)
def test_a_dropped_constraint_comes_back_as_it_was(db: psycopg.Connection, name: str) -> None:
    start(db, GOING)
    db.execute(f"COMMENT ON CONSTRAINT {name} ON shop.item IS 'said'".encode())
    change = DropConstraint(table=ITEM, name=name)
    there_and_back(db, change)
    there_and_back(db, change)


def test_the_way_back_of_a_key_may_be_run_again(db: psycopg.Connection) -> None:
    """After it was cut short at any statement, an invalid index included."""
    runner = start(db, GOING)
    before = dump_schema(dsn(db), exclude_schemas=())
    (step,) = runner.steps(DropConstraint(table=ITEM, name="once"))
    runner.undo(step)
    assert dump_schema(dsn(db), exclude_schemas=()) == before
    runner.do(step)
    db.execute("INSERT INTO shop.item SELECT 100 + id, note, p FROM shop.item")
    with pytest.raises(errors.UniqueViolation):
        runner.undo(step)
    assert count(db, "pg_index WHERE indrelid = 'shop.item'::regclass AND NOT indisvalid") == 1
    db.execute("DELETE FROM shop.item WHERE id > 100")
    runner.undo(step)
    runner.undo(step)
    assert dump_schema(dsn(db), exclude_schemas=()) == before


def test_what_rests_on_a_constraint_is_an_obstacle(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.parent (id int PRIMARY KEY, a int CONSTRAINT given NOT NULL UNIQUE,
                                  CONSTRAINT passed CHECK (a > 0));
        CREATE TABLE shop.item (id int PRIMARY KEY REFERENCES shop.parent) ;
        CREATE TABLE shop.heir () INHERITS (shop.parent);
        CREATE PUBLICATION all_of_it FOR TABLE shop.item;
        CREATE TABLE shop.whole (id int PRIMARY KEY) PARTITION BY LIST (id);
        ALTER TABLE shop.parent REPLICA IDENTITY USING INDEX parent_a_key;
        """,
    )

    def of(table: str, name: str) -> str:
        (found,) = obstacles(db18, DropConstraint(table=ITEM.beside(table), name=name))
        return found

    assert "item_id_fkey of shop.item refers to" in of("parent", "parent_pkey")
    assert "drop_not_null" in of("parent", "given")
    assert "replica identity" in of("parent", "parent_a_key")
    assert "change it there" in of("heir", "passed")
    assert "a publication sends" in of("item", "item_pkey")
    assert "partitioned" in of("whole", "whole_pkey")
    assert "has no constraint gone" in of("item", "gone")


def test_rows_that_exclude_each_other_change_nothing(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, span int4range)")
    db.execute("INSERT INTO shop.item VALUES (1, '[1,5)'), (2, '[4,9)'), (3, '[40,90)')")
    whole = AddExclusion(table=ITEM, name="apart", elements=(Excluded(column="span", operator="&&"),))
    with pytest.raises(errors.ExclusionViolation, match="apart"):
        runner.forward(runner.steps(whole))
    assert count(db, "pg_constraint WHERE conname = 'apart'") == 0
    shifted = Excluded(expression=Expression("int4range(lower(span), lower(span) + 1)"), operator="&&")
    part = AddExclusion(table=ITEM, name="apart", elements=(shifted,), where=Expression("id < 3"))
    (step,) = there_and_back(db, part)
    assert "no online way" in step.hazard
    assert "the name item_pkey is taken" in " ".join(
        obstacles(db, AddExclusion(table=ITEM, name="item_pkey", elements=(shifted,)))
    )
