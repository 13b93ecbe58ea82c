"""Checks, foreign keys, NOT NULL, policies and dropped columns: what the examples do not show."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.changes.add_check import AddCheck
from pgrefit.changes.add_foreign_key import AddForeignKey
from pgrefit.changes.drop_column import DropColumn
from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.changes.rewrite_policy import RewritePolicy
from pgrefit.changes.set_not_null import SetNotNull
from pgrefit.model.change import Change
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import checksums, dsn, run_all, start

ITEM, PARENT = Relation("shop", "item"), Relation("shop", "parent")


def obstacles(db: psycopg.Connection, change: Change) -> list[str]:
    return [f"{found.about} {found.says}" for found in change.obstacles(take_snapshot(db))]


@pytest.mark.parametrize(
    "change",
    [
        SetNotNull(table=ITEM, column="a"),
        AddCheck(table=ITEM, name="positive", condition=Expression("n > 0")),
        AddForeignKey(table=ITEM, columns=("n",), parent=ITEM, parent_columns=("id",)),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_was_proven_stays_proven(db: psycopg.Connection, change: Change) -> None:
    """Resume and verify ask the proofs of all steps, also of those whose traces a later step removed."""
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY, a text, n int)")
    db.execute("INSERT INTO shop.item VALUES (1, 'a', 1)")
    steps = run_all(db, change)
    assert [step.title for step in steps if not runner.proven(step)] == []


def test_a_required_column_needs_no_step(db: psycopg.Connection) -> None:
    runner = start(db, "CREATE TABLE shop.item (id int PRIMARY KEY)")
    assert runner.steps(SetNotNull(table=ITEM, column="id")) == ()


def test_not_null_that_was_never_validated_is_no_proof(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.item (id int PRIMARY KEY, a text)")
    steps = runner.steps(SetNotNull(table=ITEM, column="a"))
    db18.execute("ALTER TABLE shop.item ADD CONSTRAINT later NOT NULL a NOT VALID")
    assert not runner.proven(steps[2])


def test_partitions_are_locked_with_their_parent(db: psycopg.Connection) -> None:
    runner = start(
        db,
        """
        CREATE TABLE shop.item (id int, a text) PARTITION BY LIST (id);
        CREATE TABLE shop.one PARTITION OF shop.item FOR VALUES IN (1) PARTITION BY LIST (id);
        CREATE TABLE shop.leaf PARTITION OF shop.one FOR VALUES IN (1);
        """,
    )
    step = runner.steps(SetNotNull(table=ITEM, column="a"))[0]
    assert [str(lock.on) for lock in step.locks] == ["shop.item", "shop.one", "shop.leaf"]
    run_all(db, SetNotNull(table=ITEM, column="a"))


def test_what_stands_in_the_way_of_a_foreign_key(db: psycopg.Connection) -> None:
    start(
        db,
        """
        CREATE TABLE shop.parent (id uuid PRIMARY KEY, code varchar(9) UNIQUE, loose int UNIQUE DEFERRABLE, plain int);
        CREATE UNIQUE INDEX ON shop.parent (plain) WHERE plain > 0;
        CREATE TABLE shop.item (id int PRIMARY KEY, p text, n int, CONSTRAINT item_n_fkey CHECK (n > 0));
        """,
    )

    def to(column: str, key: str) -> list[str]:
        return obstacles(db, AddForeignKey(table=ITEM, columns=(column,), parent=PARENT, parent_columns=(key,)))

    assert to("p", "id") == ["shop.item.p is text, but shop.parent.id is uuid"]
    assert to("p", "code") == []
    assert to("id", "loose") == ["shop.parent has no unique key on (loose)"]
    assert to("id", "plain") == ["shop.parent has no unique key on (plain)"]
    assert to("no", "neither") == [
        "shop.item.no there is no such column",
        "shop.parent.neither there is no such column",
    ]
    assert to("n", "loose")[0] == "shop.item has a constraint item_n_fkey already"


def test_foreign_key_says_what_becomes_of_children(db18: psycopg.Connection) -> None:
    start(db18, "CREATE TABLE shop.parent (a int, b int, UNIQUE (b, a)); CREATE TABLE shop.item (x int, y int)")
    run_all(
        db18,
        AddForeignKey(table=ITEM, columns=("x", "y"), parent=PARENT, parent_columns=("a", "b"), on_delete="set null",
                      on_update="cascade", name="own name"),
    )  # fmt: skip
    (key,) = take_snapshot(db18).table(ITEM).foreign_keys
    assert (key.name, key.on_delete, key.on_update, key.validated) == ("own name", "set null", "cascade", True)


def test_a_check_whose_name_is_taken_is_an_obstacle(db18: psycopg.Connection) -> None:
    start(db18, "CREATE TABLE shop.item (id int PRIMARY KEY)")
    assert obstacles(db18, AddCheck(table=ITEM, name="item_pkey", condition=Expression("id > 0")))


def test_only_what_is_about_the_column_alone_goes_with_it(db: psycopg.Connection) -> None:
    start(
        db,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, a serial CHECK (a > 0), b int, CONSTRAINT of_two CHECK (a > b));
        CREATE INDEX alone ON shop.item (a);
        CREATE INDEX pair ON shop.item (b, a);
        CREATE INDEX computed ON shop.item (abs(a));
        CREATE VIEW shop.seen AS SELECT a FROM shop.item;
        """,
    )
    found = obstacles(db, DropColumn(table=ITEM, column="a"))
    assert len(found) == 4
    assert all(any(name in line for line in found) for name in ("of_two", "pair", "computed", "seen"))


STATUS = """
    CREATE TABLE shop.item (id int PRIMARY KEY, s text CONSTRAINT ok CHECK (s IN ('a', 'b', 'c', 'x')));
    INSERT INTO shop.item VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'x'), (5, NULL);
"""


def reconcile(*mapping: tuple[str, str], values: tuple[str, ...] = ("a", "n")) -> ReconcileCheck:
    return ReconcileCheck(table=ITEM, column="s", name="ok", values=values, mapping=mapping)


def values(db: psycopg.Connection) -> list[object]:
    return [value for (value,) in db.execute("SELECT s FROM shop.item ORDER BY id")]


def test_values_that_became_one_come_apart_again_on_the_way_back(db: psycopg.Connection) -> None:
    runner = start(db, STATUS)
    before = dump_schema(dsn(db)), checksums(db)
    steps = run_all(db, reconcile(("b", "n"), ("c", "n")))
    assert values(db) == ["a", "n", "n", None]
    runner.back(steps)
    assert (dump_schema(dsn(db)), checksums(db)) == before


def test_an_application_that_writes_new_values_can_go_back_too(db18: psycopg.Connection) -> None:
    runner = start(db18, STATUS)
    steps = run_all(db18, reconcile(("b", "n"), ("c", "a")))
    db18.execute("INSERT INTO shop.item VALUES (6, 'n')")
    runner.back(steps)
    assert values(db18) == ["a", "b", "c", "x", None, "b"]


def test_a_check_that_was_not_validated_comes_back_as_it_was(db18: psycopg.Connection) -> None:
    runner = start(
        db18,
        """
        CREATE TABLE shop.item (id int PRIMARY KEY, s text);
        INSERT INTO shop.item VALUES (1, 'n'), (2, 'b'), (3, 'odd');
        ALTER TABLE shop.item ADD CONSTRAINT ok CHECK (s IN ('a', 'b')) NOT VALID;
        """,
    )
    before = dump_schema(dsn(db18)), checksums(db18)
    steps = run_all(db18, reconcile(("b", "n")))
    assert values(db18) == ["n", "n"]
    runner.back(steps)
    assert (dump_schema(dsn(db18)), checksums(db18)) == before


def test_mappings_that_lead_nowhere_are_obstacles(db18: psycopg.Connection) -> None:
    start(db18, f"{STATUS} ALTER TABLE shop.item ADD CONSTRAINT of_two CHECK (s <> 'z' OR id > 1)")
    assert obstacles(db18, reconcile(("b", "n"))) == []
    assert len(obstacles(db18, reconcile(("a", "n"), ("b", "zzz"), ("c", "a"), ("c", "n")))) == 3
    for name in ("of_two", "gone"):
        assert obstacles(db18, ReconcileCheck(table=ITEM, column="s", name=name, values=("a",)))


POLICY = """
    CREATE TABLE shop.item (id int PRIMARY KEY, owner text);
    CREATE FUNCTION shop.me() RETURNS text STABLE LANGUAGE sql AS 'SELECT CURRENT_USER::text';
    CREATE POLICY mine ON shop.item USING (owner = shop.me());
"""


def rewrite(db: psycopg.Connection, using: str) -> RewritePolicy:
    (policy,) = take_snapshot(db).table(ITEM).policies
    return RewritePolicy(table=ITEM, policy=policy, using=Expression(using))


def test_proof_of_a_policy_does_not_hang_on_the_search_path(db: psycopg.Connection) -> None:
    """With shop on the path the server prints me() without its schema."""
    runner = start(db, POLICY)
    (step,) = runner.steps(rewrite(db, "owner = (SELECT shop.me())"))
    db.execute("SET search_path = shop")
    assert not runner.proven(step)
    runner.do(step)
    assert runner.proven(step)
    assert db.execute("SHOW search_path").fetchone() == ("shop",)
    runner.undo(step)
    assert not runner.proven(step)


def test_a_policy_that_says_the_same_already_needs_no_step(db18: psycopg.Connection) -> None:
    runner = start(db18, POLICY)
    assert runner.steps(rewrite(db18, "owner=shop.me()")) == ()


def test_a_policy_that_moved_or_lacks_the_part_is_an_obstacle(db18: psycopg.Connection) -> None:
    start(db18, POLICY)
    change = rewrite(db18, "owner = (SELECT shop.me())")
    with_check = RewritePolicy(table=ITEM, policy=change.policy, check=Expression("true"))
    assert obstacles(db18, change) == []
    assert len(obstacles(db18, with_check)) == 1
    db18.execute("ALTER POLICY mine ON shop.item USING (true)")
    assert len(obstacles(db18, change)) == 1
