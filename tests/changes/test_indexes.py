"""Building and dropping indexes: left-overs, every form of definition, renamed columns."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.changes.drop_index import DropIndex
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import Runner, dsn, run_all, start

ITEM = Relation("shop", "item")
TABLE = """
    CREATE TABLE shop.item (id int PRIMARY KEY, a text, b text, n int, tags text[], at timestamptz, "Sélect" int);
    INSERT INTO shop.item SELECT n, n % 3, n, n, '{}', now(), n FROM generate_series(1, 20) AS n;
"""
FORMS = [
    "CREATE INDEX i ON shop.item (a)",
    "CREATE UNIQUE INDEX i ON shop.item (b DESC, n NULLS FIRST) INCLUDE (a)",
    "CREATE UNIQUE INDEX i ON shop.item (b) NULLS NOT DISTINCT WITH (fillfactor = 70)",
    "CREATE INDEX i ON shop.item (lower(a), (n + 1), a text_pattern_ops) WHERE b <> 'CREATE INDEX ' AND n > 3",
    'CREATE INDEX i ON shop.item (a COLLATE "C" DESC NULLS LAST)',
    "CREATE INDEX i ON shop.item USING gin (tags) WITH (fastupdate = off)",
    "CREATE INDEX i ON shop.item USING hash (b)",
    "CREATE INDEX i ON shop.item USING brin (at timestamptz_minmax_multi_ops (values_per_range = 16), id)",
    'CREATE INDEX "%s{x} ""q""" ON shop.item ("Sélect")',
]


def index_of(db: psycopg.Connection, name: str = "") -> Index:
    found = [i for i in take_snapshot(db).table(ITEM).indexes if (i.name.name == name if name else not i.primary)]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("form", FORMS)
def test_a_dropped_index_comes_back_as_it_was(db: psycopg.Connection, form: str) -> None:
    runner = start(db, f"{TABLE}; {form}")
    change = DropIndex(index=index_of(db), table=ITEM)
    before = dump_schema(dsn(db))
    (step,) = runner.steps(change)
    runner.do(step)
    runner.undo(step)
    assert dump_schema(dsn(db)) == before


@pytest.mark.parametrize("form", FORMS)
def test_an_index_like_another_has_the_same_definition(db: psycopg.Connection, form: str) -> None:
    start(db, f"{TABLE}; {form}")
    original = index_of(db)
    run_all(db, CreateIndex.like(original, ITEM, name="copy"))
    copy = index_of(db, "copy")
    assert copy.definition.replace(" INDEX copy ", "") == original.definition.replace(
        f" INDEX {_quoted(original.name.name)} ", ""
    )


def _quoted(name: str) -> str:
    return name if name.isalnum() else '"' + name.replace('"', '""') + '"'


def test_a_refused_build_is_done_again_after_its_undo(db: psycopg.Connection) -> None:
    """An interrupted build leaves an invalid index: not proven, in the way of a blind retry, gone with the undo."""
    runner = start(db, TABLE)
    change = CreateIndex(table=ITEM, keys=(IndexColumn(column="a"),))
    (step,) = runner.steps(change)
    with psycopg.connect(dsn(db)) as writer:
        writer.execute("UPDATE shop.item SET b = 'x'")
        db.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            runner.do(step)
    assert not runner.proven(step)
    with pytest.raises(psycopg.errors.DuplicateTable):
        runner.do(step)
    assert not list(change.obstacles(take_snapshot(db)))
    runner.undo(step)
    runner.do(step)
    assert runner.proven(step)


def test_a_build_interrupted_on_the_way_back_is_done_again(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{TABLE}; CREATE INDEX i ON shop.item (a)")
    before = dump_schema(dsn(db18))
    (step,) = runner.steps(DropIndex(index=index_of(db18), table=ITEM))
    runner.do(step)
    with psycopg.connect(dsn(db18)) as writer:
        writer.execute("UPDATE shop.item SET b = 'x'")
        db18.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            runner.undo(step)
    runner.undo(step)
    assert index_of(db18).valid
    assert dump_schema(dsn(db18)) == before


def test_renamed_reaches_keys_predicate_and_included_columns() -> None:
    change = CreateIndex(
        table=ITEM,
        keys=(IndexColumn(column="a"), IndexColumn(expression=Expression("lower(b) || 'a'"))),
        include=("n",),
        where=Expression("a IS NOT NULL AND (b)::text <> 'a' AND \"Sélect\" > 1"),
    ).renamed({"a": "b", "b": "a", "n": "n new", "Sélect": "select"})
    assert [key.sql for key in change.keys] == ['"b"', "(lower(a) || 'a')"]
    assert change.include == ("n new",)
    assert change.where == "b IS NOT NULL AND a::text <> 'a' AND \"select\" > 1"
    assert change.index.name == "item_b_expr_idx"


def test_a_long_name_is_fitted() -> None:
    change = CreateIndex(table=ITEM, keys=(IndexColumn(column="é" * 31), IndexColumn(column="x" * 63)))
    assert len(change.index.name.encode()) <= 63
    assert change.index.name.startswith("item_é")


def test_a_name_that_is_taken_is_an_obstacle(db18: psycopg.Connection) -> None:
    start(db18, f"{TABLE}; CREATE VIEW shop.item_a_idx AS SELECT 1")
    (found,) = CreateIndex(table=ITEM, keys=(IndexColumn(column="a"),)).obstacles(take_snapshot(db18))
    assert found.about == "shop.item_a_idx"


def test_an_index_of_another_table_proves_nothing(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{TABLE}; CREATE TABLE shop.other (a text); CREATE INDEX item_a_idx ON shop.other (a)")
    (step,) = runner.steps(CreateIndex(table=ITEM, keys=(IndexColumn(column="a"),)))
    assert not runner.proven(step)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("ALTER TABLE shop.item ADD CONSTRAINT i UNIQUE (n)", "backs constraint i"),
        (
            """
            ALTER TABLE shop.item ALTER n SET NOT NULL;
            CREATE UNIQUE INDEX i ON shop.item (n);
            ALTER TABLE shop.item REPLICA IDENTITY USING INDEX i
            """,
            "replica identity",
        ),
        ("CREATE INDEX i ON shop.item (n); ALTER TABLE shop.item CLUSTER ON i", "clustered"),
        ("CREATE UNIQUE INDEX i ON shop.item (n); CREATE TABLE shop.c (n int REFERENCES shop.item (n))", "rests on it"),
    ],
)
def test_an_index_that_serves_for_more_than_speed_stays(db18: psycopg.Connection, more: str, says: str) -> None:
    start(db18, f"{TABLE}; {more}")
    (found,) = DropIndex(index=index_of(db18, "i"), table=ITEM).obstacles(take_snapshot(db18))
    assert says in found.says


def test_the_way_back_needs_no_search_path(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{TABLE}; CREATE INDEX i ON shop.item (a)")
    db18.execute("CREATE SCHEMA trap; CREATE TABLE trap.item (a text)")
    change = DropIndex(index=index_of(db18), table=ITEM)
    db18.execute("SET search_path = trap, shop, public")
    steps = runner.steps(change)
    Runner(db18).forward(steps)
    runner.back(steps)
    assert index_of(db18).name == Relation("shop", "i")
