"""Rows that are put aside come back as they were; values that are overwritten, unless a client changed them."""

from __future__ import annotations

import psycopg

from pgrefit.changes._batches import recall_batches, remembering_batches
from pgrefit.changes.quarantine_rows import QuarantineRows
from pgrefit.model.change import Phase, Step, Work
from pgrefit.model.ddl import Expression, ddl, raw
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from step_runner import Runner, checksums, run_all, start

ROW = Relation("shop", "row")
ALL_KINDS = """
    CREATE TYPE shop.mood AS ENUM ('so "so"', 'fine, thanks');
    CREATE DOMAIN shop.short AS varchar(5) CHECK (VALUE <> '');
    CREATE TYPE shop.pair AS (a int, b text);
    CREATE TABLE shop.row (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        doubled numeric GENERATED ALWAYS AS (n * 2) STORED,
        "we""ird , name" text, j json, b jsonb, n numeric, n2 numeric(6,2), f float8, r real, a text[], deep int[][],
        by bytea, c char(5), m shop.mood, s shop.short, p shop.pair, t timestamptz, i interval, span tstzrange, u uuid,
        bits varbit, ip inet
    );
    INSERT INTO shop.row ("we""ird , name", j, b, n, n2, f, r, a, deep,
                          by, c, m, s, p, t, i, span, u,
                          bits, ip)
    VALUES (E'tab\\t newline\\n backslash \\\\ quote \\' double " ', '{"b": 1,  "a":2, "a":3}', '{"a": 1.00}',
            1.500, 2.5, 0.1 + 0.2, 1e-30, ARRAY['a,b', NULL, '"', '', '{}', 'NULL'], '[2:3][0:1]={{1,2},{3,4}}',
            '\\x00ff', 'ab', 'so "so"', 'x y', (1, 'a"(b),'), '2026-01-02 03:04:05.678901+05',
            '1 mon -2 days 00:00:00.5', '[2026-01-01,infinity)', gen_random_uuid(),
            B'0101', '10.0.0.1/8'),
           ('', NULL, NULL, 'NaN', NULL,
            'Infinity', '-0', '{}', NULL,
            '', '', NULL, NULL, NULL, '-infinity', NULL,
            'empty', NULL,
            '', NULL);
"""


def put_aside(condition: str = "true", reason: str = "in the way") -> QuarantineRows:
    return QuarantineRows(table=ROW, condition=Expression(condition), reason=reason)


def texts(db: psycopg.Connection) -> list[tuple[str, ...]]:
    return db.execute("SELECT (t.*)::text, xmin <> '0' FROM shop.row AS t ORDER BY id").fetchall()


def test_rows_of_all_types_come_back_exactly(db: psycopg.Connection) -> None:
    runner = start(db, ALL_KINDS)
    before = texts(db)
    (step,) = runner.steps(put_aside())
    runner.do(step)
    assert texts(db) == []
    runner.undo(step)
    assert texts(db) == before


def test_quarantine_says_what_was_put_aside_and_why(db18: psycopg.Connection) -> None:
    start(db18, "CREATE TABLE shop.row (a int, b text, PRIMARY KEY (b, a))")
    db18.execute("INSERT INTO shop.row VALUES (1, 'x'), (2, 'y')")
    change = QuarantineRows(
        table=ROW, condition=Expression("t.a > 1"), reason=raw(Expression("'it has ' || t.a || ', 100% {sure}'"))
    )
    run_all(db18, change)
    found = db18.execute("SELECT source, key, reason, row FROM pgrefit.quarantine").fetchall()
    assert found == [("shop.row", ["y", "2"], "it has 2, 100% {sure}", {"a": 2, "b": "y"})]


def test_a_row_whose_place_was_taken_stays_in_quarantine(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.row (id int PRIMARY KEY, b text)")
    db18.execute("INSERT INTO shop.row VALUES (1, 'x'), (2, 'y')")
    (step,) = runner.steps(put_aside())
    runner.do(step)
    db18.execute("INSERT INTO shop.row VALUES (1, 'new')")
    runner.undo(step)
    assert db18.execute("SELECT id, b FROM shop.row ORDER BY id").fetchall() == [(1, "new"), (2, "y")]
    left = db18.execute("SELECT key FROM pgrefit.quarantine").fetchall()
    assert left == [(["1"],)]


def test_rows_come_back_to_a_table_with_a_deferrable_key(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.row (id int PRIMARY KEY DEFERRABLE); INSERT INTO shop.row VALUES (1), (2)")
    before = checksums(db18)
    (step,) = runner.steps(put_aside())
    runner.do(step)
    runner.undo(step)
    assert checksums(db18) == before


def test_rows_that_others_lose_with_them_are_an_obstacle(db18: psycopg.Connection) -> None:
    start(
        db18,
        """
        CREATE TABLE shop.row (id int PRIMARY KEY);
        CREATE TABLE shop.gone (id int REFERENCES shop.row ON DELETE CASCADE);
        CREATE TABLE shop.kept (id int REFERENCES shop.row);
        CREATE TABLE shop.keyless (id int);
        """,
    )
    snapshot = take_snapshot(db18)
    (found,) = put_aside().obstacles(snapshot)
    assert "shop.gone" in found.says
    keyless = QuarantineRows(table=Relation("shop", "keyless"), condition=Expression("true"), reason="")
    assert [o.about for o in keyless.obstacles(snapshot)] == ["shop.keyless"]


def overwrite(runner: Runner, **values: str) -> Step:
    table = take_snapshot(runner.conn).table(ROW)
    new = {column: Expression(value) for column, value in values.items()}
    return Step(
        title="overwrite", phase=Phase.MIGRATE, do=remembering_batches(table, new, Expression("true")),
        undo=recall_batches(table, tuple(values)), locks=(), work=Work.BATCHES, proof=ddl("SELECT true"),
    )  # fmt: skip


def test_recall_leaves_alone_what_a_client_changed_meanwhile(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.row (id int PRIMARY KEY, b text)")
    db18.execute("INSERT INTO shop.row SELECT n, 'old ' || n FROM generate_series(1, 20) AS n")
    step = overwrite(runner, b="'new ' || t.id")
    runner.do(step)
    db18.execute("UPDATE shop.row SET b = 'theirs' WHERE id = 3")
    db18.execute("UPDATE shop.row SET b = NULL WHERE id = 4")
    db18.execute("DELETE FROM shop.row WHERE id = 5")
    db18.execute("INSERT INTO shop.row VALUES (21, 'new 21')")
    runner.undo(step)
    found = dict(db18.execute("SELECT id, b FROM shop.row").fetchall())
    expected = {n: f"old {n}" for n in range(1, 21) if n != 5} | {3: "theirs", 4: None, 21: "new 21"}
    assert found == expected
    assert db18.execute("SELECT count(*) FROM pgrefit.before_image").fetchone() == (0,)


def test_recall_restores_what_looks_equal_but_is_not(db: psycopg.Connection) -> None:
    """json has no equality; 1.0 equals 1.00; a NULL has no text."""
    runner = start(db, "CREATE TABLE shop.row (id int PRIMARY KEY, j json, n numeric, pgrefit_key text, c char(4))")
    db.execute("""INSERT INTO shop.row VALUES (1, '{"a":1}', 1.0, NULL, 'a'), (2, NULL, NULL, '', '')""")
    before = texts(db)
    step = overwrite(runner, j="""'{"a": 1}'::json""", n="1.00", pgrefit_key="'k'", c="'b'")
    runner.do(step)
    assert texts(db) == [('(1,"{""a"": 1}",1.00,k,"b   ")', True), ('(2,"{""a"": 1}",1.00,k,"b   ")', True)]
    runner.undo(step)
    assert texts(db) == before


def test_rows_where_nothing_changes_are_not_written(db18: psycopg.Connection) -> None:
    runner = start(db18, "CREATE TABLE shop.row (id int PRIMARY KEY, b text)")
    db18.execute("INSERT INTO shop.row VALUES (1, 'x'), (2, 'y')")
    runner.do(overwrite(runner, b="'x'"))
    assert db18.execute("SELECT key, old, new FROM pgrefit.before_image").fetchall() == [(["2"], ["y"], ["x"])]
