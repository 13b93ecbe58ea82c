"""Building and dropping indexes: left-overs, every form of definition, renamed columns."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from changes.lawful import refusal, there_and_back
from pgrefit.changes.create_index import CreateIndex, IndexColumn
from pgrefit.changes.drop_index import DropIndex
from pgrefit.changes.merge_indexes import MergeIndexes
from pgrefit.changes.reindex import Reindex
from pgrefit.changes.rename_index import RenameIndex
from pgrefit.changes.replace_index import ReplaceIndex
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


REPLICA = """
    ALTER TABLE shop.item ALTER n SET NOT NULL;
    CREATE UNIQUE INDEX i ON shop.item (n);
    ALTER TABLE shop.item REPLICA IDENTITY USING INDEX i;
    ALTER TABLE shop.item CLUSTER ON i;
    COMMENT ON INDEX shop.i IS 'it''s the key'
"""


@pytest.mark.parametrize("name", ["", "i", 'n e"w'])
@pytest.mark.parametrize(
    "old",
    [
        REPLICA,
        """
        CREATE INDEX i ON shop.item (lower(a), n, (id + 1));
        ALTER INDEX shop.i ALTER COLUMN 1 SET STATISTICS 7;
        ALTER INDEX shop.i ALTER COLUMN 3 SET STATISTICS 900
        """,
        "CREATE UNIQUE INDEX i ON shop.item (b, n DESC) WHERE n > 0",
    ],
    ids=["identity", "expressions", "unique"],
)
def test_a_replaced_index_comes_back_as_it_was(db18: psycopg.Connection, old: str, name: str) -> None:
    start(db18, f"{TABLE}; {old}")
    keys = (IndexColumn(column="n"), IndexColumn(column="id", descending=old is not REPLICA))
    there_and_back(db18, ReplaceIndex(table=ITEM, index="i", keys=keys, unique=True, name=name))


def test_the_replacement_takes_over_name_comment_and_identity(db18: psycopg.Connection) -> None:
    start(db18, f"{TABLE}; {REPLICA}")
    keys = (IndexColumn(column="n"), IndexColumn(column="id"))
    steps = run_all(db18, ReplaceIndex(table=ITEM, index="i", keys=keys, unique=True))
    new = index_of(db18, "i")
    assert new.columns == ("n", "id")
    assert (new.comment, new.replica_identity, new.clustered) == ("it's the key", True, True)
    runner = Runner(db18)
    assert all(runner.proven(step) for step in steps), "each proof still holds in the end"


@pytest.mark.parametrize(
    ("more", "change", "says"),
    [
        (REPLICA, {"keys": (IndexColumn(column="a"),)}, "unique over required columns"),
        ("CREATE INDEX i ON shop.item (n)", {"keys": (IndexColumn(column="n"),)}, "build it again with reindex"),
        ("CREATE INDEX i ON shop.item (n)", {"keys": (IndexColumn(column="q"),)}, "no such column"),
        ("ALTER TABLE shop.item ADD CONSTRAINT i UNIQUE (n)", {"keys": (IndexColumn(column="a"),)}, "backs constraint"),
        ("CREATE INDEX j ON shop.item (n)", {"keys": (IndexColumn(column="a"),)}, "has no index i"),
        (
            "CREATE INDEX i ON shop.item (n); CREATE TABLE shop.j (); ",
            {"keys": (IndexColumn(column="a"),), "name": "j"},
            "the name is taken",
        ),
    ],
)
def test_what_cannot_be_replaced(db18: psycopg.Connection, more: str, change: dict[str, Any], says: str) -> None:
    start(db18, f"{TABLE}; {more}")
    assert says in refusal(db18, ReplaceIndex(table=ITEM, index="i", **change))


def test_a_dropped_index_comes_back_with_its_statistics_targets(db: psycopg.Connection) -> None:
    start(db, f"{TABLE}; CREATE INDEX i ON shop.item (lower(a)); ALTER INDEX shop.i ALTER COLUMN 1 SET STATISTICS 7")
    there_and_back(db, DropIndex(index=index_of(db), table=ITEM))


@pytest.mark.parametrize("form", FORMS[::3])
def test_any_index_is_built_again(db18: psycopg.Connection, form: str) -> None:
    start(db18, f"{TABLE}; {form}")
    there_and_back(db18, Reindex(table=ITEM, indexes=(index_of(db18).name.name,)))


def test_what_interrupted_rebuilds_left_is_cleaned(db: psycopg.Connection) -> None:
    """A long name is cut where the server cuts it; the wreck of this step's own first try goes with its undo."""
    name = "ü" * 31
    runner = start(db, f'{TABLE}; CREATE INDEX "{name}" ON shop.item (a)')
    interrupt_rebuild(db, f'shop."{name}"')
    left = index_of(db, "ü" * 28 + "_ccnew")
    assert not left.valid
    clean, *_ = steps = runner.steps(Reindex(table=ITEM))
    assert len(steps) == 3, "to clean, the primary key, the index"
    runner.do(clean)
    assert runner.proven(clean)
    rebuild = next(step for step in steps if name in step.title)
    with psycopg.connect(dsn(db)) as writer:
        writer.execute("UPDATE shop.item SET b = 'x'")
        db.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            runner.do(rebuild)
    db.execute("SET lock_timeout = 0")
    assert not runner.proven(rebuild)
    runner.undo(rebuild)
    runner.do(rebuild)
    assert runner.proven(rebuild)
    assert {i.name.name for i in take_snapshot(db).table(ITEM).indexes} == {"item_pkey", name}


def interrupt_rebuild(db: psycopg.Connection, index: str) -> None:
    with psycopg.connect(dsn(db)) as writer:
        writer.execute("UPDATE shop.item SET b = 'x'")
        db.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            db.execute(f"REINDEX INDEX CONCURRENTLY {index}".encode())
    db.execute("SET lock_timeout = 0")


def test_an_invalid_index_becomes_valid(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{TABLE}; UPDATE shop.item SET b = 'same'")
    with pytest.raises(psycopg.errors.UniqueViolation):
        db18.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON shop.item (b)")
    db18.execute("UPDATE shop.item SET b = n")
    (step,) = runner.steps(Reindex(table=ITEM, indexes=("i",)))
    runner.do(step)
    assert runner.proven(step)
    assert index_of(db18, "i").valid


def test_indexes_that_cannot_be_built_again_online(db18: psycopg.Connection) -> None:
    start(db18, f"{TABLE}; ALTER TABLE shop.item ADD CONSTRAINT x EXCLUDE USING btree (n WITH =)")
    assert "exclusion constraint" in refusal(db18, Reindex(table=ITEM))
    assert "has no index y" in refusal(db18, Reindex(table=ITEM, indexes=("y",)))


def test_a_constraint_is_renamed_with_its_index(db: psycopg.Connection) -> None:
    start(db, TABLE)
    change = RenameIndex(table=ITEM, index="item_pkey", to='Kéy "%s"')
    there_and_back(db, change)
    (step,) = Runner(db).steps(change)
    assert "constraint item_pkey" in step.hazard


@pytest.mark.parametrize(
    ("to", "says"), [("item", "taken"), ("x" * 64, "longer than 63"), ("item_pkey", "taken"), ("new", "no index i")]
)
def test_names_that_an_index_cannot_get(db18: psycopg.Connection, to: str, says: str) -> None:
    start(db18, TABLE)
    assert says in refusal(db18, RenameIndex(table=ITEM, index="i" if to == "new" else "item_pkey", to=to))


def test_only_indexes_that_another_stands_in_for_are_merged(db: psycopg.Connection) -> None:
    """Not one that is unique, in another order, partial, of another method, or behind a constraint."""
    start(
        db,
        f"""
        {TABLE};
        CREATE INDEX keep ON shop.item (n, a) INCLUDE (b);
        CREATE INDEX same ON shop.item (n, a);
        CREATE INDEX first ON shop.item (n) INCLUDE (a);
        CREATE UNIQUE INDEX uniq ON shop.item (n);
        CREATE INDEX descending ON shop.item (n DESC);
        CREATE INDEX partial ON shop.item (n) WHERE n > 3;
        CREATE INDEX hashed ON shop.item USING hash (n);
        CREATE INDEX wider ON shop.item (n) INCLUDE (tags);
        ALTER TABLE shop.item ADD CONSTRAINT backed UNIQUE (n, a)
        """,
    )
    change = MergeIndexes(table=ITEM, keep="keep")
    assert [step.title for step in Runner(db).steps(change)] == [
        "drop index first of shop.item",
        "drop index same of shop.item",
    ]
    there_and_back(db, change)
    refused = refusal(db, MergeIndexes(table=ITEM, keep="keep", drop=("backed", "uniq")))
    assert "shop.uniq does what keep cannot" in refused
    assert "backs constraint backed" in refused
