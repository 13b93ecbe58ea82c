"""Making references required: whose rows are filled in, who may, and what becomes of the rest."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.changes.fill_required import FillRequired, Path
from pgrefit.model.change import Phase, Step
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from step_runner import dsn, run_all, start

NOTE, VIDEO = Relation("shop", "note"), Relation("shop", "video")
TABLES = """
    CREATE TABLE shop.video (id int PRIMARY KEY, owner text, team text);
    INSERT INTO shop.video VALUES (1, 'ann', 'red'), (2, 'bob', 'blue'), (3, NULL, NULL);
    CREATE TABLE shop.note (id int PRIMARY KEY, video_id int, owner text, team text);
    INSERT INTO shop.note VALUES (1, 1, NULL, NULL), (2, 2, 'eve', NULL), (3, 3, NULL, NULL), (4, NULL, NULL, 'red');
"""


def required(column: str = "owner", **more: object) -> FillRequired:
    path = Path(through="video_id", parent=VIDEO, parent_key="id", parent_column=column)
    return FillRequired(**{"table": NOTE, "column": column, "source": path} | more)  # type: ignore[arg-type]


def online(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(step for step in steps if step.phase is not Phase.CONTRACT)


def notes(db: psycopg.Connection) -> list[tuple[object, ...]]:
    return db.execute("SELECT * FROM shop.note ORDER BY id").fetchall()


def test_values_that_are_there_stay_and_the_rest_goes_aside(db: psycopg.Connection) -> None:
    start(db, TABLES)
    run_all(db, required())
    assert notes(db) == [(1, 1, "ann", None), (2, 2, "eve", None)]
    assert db.execute("SELECT key, reason FROM pgrefit.quarantine ORDER BY id").fetchall() == [
        (["3"], "owner is required and has no value"),
        (["4"], "owner is required and has no value"),
    ]


def test_several_columns_of_a_table_become_required(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLES)
    before = notes(db18)
    first = run_all(db18, required("owner"))
    second = run_all(db18, required("team"))
    assert notes(db18) == [(1, 1, "ann", "red"), (2, 2, "eve", "blue")]
    runner.back(second)
    runner.back(first)
    assert notes(db18) == before


def test_the_trigger_fills_in_what_row_security_hides_from_the_writer(db: psycopg.Connection) -> None:
    runner = start(
        db,
        f"""{TABLES}
        ALTER TABLE shop.video ENABLE ROW LEVEL SECURITY;
        DROP ROLE IF EXISTS writer;
        CREATE ROLE writer;
        GRANT USAGE ON SCHEMA shop TO writer;
        GRANT SELECT, INSERT, UPDATE ON shop.note TO writer;
        """,
    )
    runner.forward(online(runner.steps(required())))
    db.execute("SET ROLE writer; SET search_path = pg_temp; SET pgrefit.step = ''")
    db.execute("INSERT INTO shop.note VALUES (9, 2)")
    db.execute("UPDATE shop.note SET owner = NULL WHERE id = 1")
    db.execute("RESET ROLE")
    assert notes(db)[0] == (1, 1, "ann", None)
    assert notes(db)[-1] == (9, 2, "bob", None)
    db.execute("DROP OWNED BY writer; DROP ROLE writer")


def test_nobody_else_may_use_the_function_of_the_trigger(db18: psycopg.Connection) -> None:
    """It runs with its owner's rights: on a table of one's own it would tell what row security hides."""
    runner = start(db18, TABLES)
    runner.do(runner.steps(required())[0])
    functions = db18.execute(
        "SELECT proacl::text, proconfig, prosecdef FROM pg_proc WHERE pronamespace = 'pgrefit'::regnamespace"
    ).fetchall()
    assert functions == [("{postgres=X/postgres}", ["search_path=pg_catalog"], True)]


def test_rows_that_cannot_be_helped_are_refused_while_old_ones_can_be_edited(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLES)
    steps = runner.steps(required())
    guard = next(n for n, step in enumerate(steps) if step.title.startswith("refuse to leave"))
    runner.forward(steps[: guard + 1])
    with psycopg.connect(dsn(db18), autocommit=True) as client:
        with pytest.raises(psycopg.errors.NotNullViolation) as refusal:
            client.execute("INSERT INTO shop.note VALUES (9)")
        assert (refusal.value.diag.table_name, refusal.value.diag.column_name) == ("note", "owner")
        client.execute("UPDATE shop.note SET team = 'green' WHERE id = 4")
        client.execute("UPDATE shop.note SET video_id = 2 WHERE id = 4")
    assert notes(db18)[-1] == (4, 2, "bob", "green")


def test_without_quarantine_the_validation_stops(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLES)
    steps = runner.steps(required(rest="refuse"))
    with pytest.raises(psycopg.errors.CheckViolation):
        runner.forward(steps)
    assert len(notes(db18)) == 4


def test_without_a_path_the_rows_go_aside_and_come_back(db18: psycopg.Connection) -> None:
    runner = start(db18, TABLES)
    before = notes(db18)
    steps = run_all(db18, required(source=None))
    assert notes(db18) == [(2, 2, "eve", None)]
    runner.back(steps)
    assert notes(db18) == before


def test_a_column_that_is_required_already_needs_no_step(db18: psycopg.Connection) -> None:
    runner = start(db18, f"{TABLES} DELETE FROM shop.note; ALTER TABLE shop.note ALTER owner SET NOT NULL")
    assert runner.steps(required()) == ()


def test_what_stands_in_the_way(db18: psycopg.Connection) -> None:
    start(
        db18,
        f"""{TABLES}
        CREATE TABLE shop.reply (note_id int REFERENCES shop.note ON DELETE SET NULL);
        ALTER TABLE shop.note ADD twice int GENERATED ALWAYS AS (video_id * 2) STORED;
        """,
    )
    snapshot = take_snapshot(db18)
    path = Path(through="twice", parent=VIDEO, parent_key="no", parent_column="owner")
    found = [(o.about, o.says) for o in required(source=path).obstacles(snapshot)]
    assert [about for about, _ in found] == ["shop.video.no", "shop.note.twice", "shop.note"]
    assert not list(required(rest="refuse").obstacles(snapshot))


def test_two_tables_whose_names_run_together_have_triggers_of_their_own(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.p (id int PRIMARY KEY, v text); INSERT INTO shop.p VALUES (1, 'one')")
    db18.execute("CREATE SCHEMA a_b; CREATE SCHEMA a; CREATE TABLE a_b.c (id int PRIMARY KEY, w text, v int)")
    db18.execute("CREATE TABLE a.b_c (id int PRIMARY KEY, v text, w int)")
    for table, column, through in ((Relation("a_b", "c"), "w", "v"), (Relation("a", "b_c"), "v", "w")):
        path = Path(through=through, parent=Relation("shop", "p"), parent_key="id", parent_column="v")
        runner.do(runner.steps(FillRequired(table=table, column=column, source=path))[0])
    with psycopg.connect(dsn(db18), autocommit=True) as client:
        client.execute("INSERT INTO a_b.c (id, v) VALUES (1, 1); INSERT INTO a.b_c (id, w) VALUES (1, 1)")
        assert client.execute("SELECT w FROM a_b.c UNION ALL SELECT v FROM a.b_c").fetchall() == [("one",), ("one",)]
