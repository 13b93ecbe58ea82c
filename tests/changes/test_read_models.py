"""Views, materialized views and rollups: what they show is true, to whom, and the way back restores what was there."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import psycopg
import pytest

from apply.small_plan import opener
from changes.clients import Clients, plan_for
from pgrefit.apply import Settings, apply_plan, roll_back
from pgrefit.changes import examples, rollup_table
from pgrefit.changes.compatible_schema import CompatibleSchema
from pgrefit.changes.computed_columns import Computed, ComputedColumns
from pgrefit.changes.create_view import CreateView
from pgrefit.changes.materialized_view import MaterializedView
from pgrefit.changes.rollup_table import Measure, RollupTable
from pgrefit.model.change import Change, Phase
from pgrefit.model.ddl import Expression
from pgrefit.model.names import Relation
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import Runner, checksums, dsn, run_all, start

WARE, OFFER = Relation("shop", "ware"), Relation("shop", "offer")


def said(change: Change, conn: psycopg.Connection) -> str:
    return "; ".join(f"{o.about}: {o.says}" for o in change.obstacles(take_snapshot(conn)))


def offer(select: str, **rest) -> CreateView:
    return CreateView(name=OFFER, reads=(WARE,), select=Expression(select), **rest)


# Views


@pytest.fixture
def ware(db18: psycopg.Connection) -> Runner:
    """A table, a view over it, and a view over that."""
    ddl = examples()["create_view"].start
    return start(db18, ddl + "CREATE VIEW shop.cheap AS SELECT * FROM shop.offer WHERE id < 9;")


def test_replacing_keeps_what_hangs_on_the_view(ware: Runner) -> None:
    before = dump_schema(dsn(ware.conn))
    (step,) = ware.steps(offer("SELECT id, name || '!' AS name FROM shop.ware", security_invoker=True))
    ware.do(step)
    assert ware.proven(step)
    assert ware.conn.execute("SELECT name FROM shop.cheap WHERE id = 1").fetchone() == ("ware 1!",)
    view = next(v for v in take_snapshot(ware.conn).views if v.name == OFFER)
    assert set(view.options) == {"security_barrier=true", "security_invoker=true"}
    assert view.comment == "what is shown"
    ware.undo(step)
    assert dump_schema(dsn(ware.conn)) == before


def test_columns_that_could_not_be_taken_back_are_not_added(ware: Runner) -> None:
    (step,) = ware.steps(offer("SELECT id, name, price FROM shop.ware"))
    before = dump_schema(dsn(ware.conn))
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        ware.do(step)
    assert dump_schema(dsn(ware.conn)) == before


def test_options_alone_can_change(ware: Runner) -> None:
    was = next(v for v in take_snapshot(ware.conn).views if v.name == OFFER)
    assert not ware.steps(offer(was.definition))
    (step,) = ware.steps(offer(was.definition, security_invoker=True, security_barrier=False))
    assert not ware.proven(step)
    ware.do(step)
    assert ware.proven(step)


def test_a_view_made_again_has_its_privileges(db18: psycopg.Connection, reader: str) -> None:
    runner = start(db18, examples()["create_view"].start)
    db18.execute(
        f"GRANT SELECT ON shop.offer TO PUBLIC; GRANT UPDATE (name), REFERENCES (id) ON shop.offer TO {reader};"
        f" ALTER VIEW shop.offer OWNER TO {reader}; GRANT DELETE ON shop.offer TO pg_monitor WITH GRANT OPTION"
    )
    before = dump_schema(dsn(db18))
    (step,) = runner.steps(offer("SELECT id, name, price FROM shop.ware", readers=("pg_monitor",)))
    runner.do(step)
    runner.undo(step)
    assert dump_schema(dsn(db18)) == before


def test_a_table_is_not_replaced_by_a_view(ware: Runner) -> None:
    change = CreateView(name=WARE, reads=(), select=Expression("SELECT 1"))
    assert "no view" in said(change, ware.conn)


def test_a_materialized_view_says_how_to_refresh_it(db18: psycopg.Connection) -> None:
    start(db18, examples()["materialized_view"].start)
    run_all(db18, examples()["materialized_view"].change)
    comment = db18.execute("""SELECT obj_description('shop."visits by page"'::regclass)""").fetchone()[0]
    refresh, _, schedule = comment.removeprefix("Refresh by ").partition("; schedule: ")
    assert schedule == "every 5 minutes"
    db18.execute("INSERT INTO shop.visit (page, day) VALUES ('new', '2025-01-01')")
    db18.execute(refresh)
    assert db18.execute("""SELECT visits FROM shop."visits by page" WHERE page = 'new'""").fetchone() == (1,)


def test_a_key_that_is_not_unique_is_told_at_once(db18: psycopg.Connection) -> None:
    runner = start(db18, examples()["materialized_view"].start)
    select = Expression("SELECT page, day FROM shop.visit")
    change = MaterializedView(
        name=Relation("shop", "m"), select=select, reads=(Relation("shop", "visit"),), key=("page",)
    )
    with pytest.raises(psycopg.errors.UniqueViolation):
        runner.do(runner.steps(change)[0])
    assert "cannot be refreshed" in said(MaterializedView(name=OFFER, select=select, reads=(), key=()), db18)


# Column privileges


@pytest.fixture
def reader(db18: psycopg.Connection) -> Iterator[str]:
    """A role without any rights."""
    db18.execute("CREATE ROLE column_reader")
    yield "column_reader"
    db18.execute("DROP OWNED BY column_reader; DROP ROLE column_reader")


def outcome(conn: psycopg.Connection, role: str, statement: str) -> object:
    """What the statement comes to for the role, which leaves no trace; the SQLSTATE where it is refused."""
    try:
        with conn.transaction(force_rollback=True):
            conn.execute(f"SET LOCAL ROLE {role}")
            cursor = conn.execute(statement.encode())
            return cursor.fetchall() if cursor.description else cursor.rowcount
    except psycopg.Error as error:
        return error.sqlstate


DEEDS = (
    "SELECT id FROM {} ORDER BY id LIMIT 2", "SELECT buyer FROM {}", "SELECT count(*) FROM {}", "SELECT * FROM {}",
    "SELECT amount FROM {} WHERE id = 1", "INSERT INTO {} (id, buyer) VALUES (99, 'x')",
    "INSERT INTO {} (id, amount) VALUES (99, 1)", "UPDATE {} SET buyer = 'x' WHERE id = 1",
    "UPDATE {} SET amount = 1 WHERE id = 1", "UPDATE {} SET buyer = 'x' WHERE amount > 3 RETURNING id",
    "DELETE FROM {} WHERE id = 1",
)  # fmt: skip
GRANTS = (
    "GRANT SELECT (id) ON {t} TO {r}", "GRANT SELECT (id), UPDATE (buyer), INSERT (id, buyer) ON {t} TO {r}",
    "GRANT SELECT (id, amount), UPDATE (buyer) ON {t} TO {r}; GRANT DELETE ON {t} TO {r}",
    "GRANT SELECT ON {t} TO {r}; GRANT UPDATE (amount) ON {t} TO {r}", "GRANT SELECT (amount) ON {t} TO PUBLIC",
)  # fmt: skip


@pytest.mark.parametrize("grants", GRANTS)
def test_compatible_schema_keeps_column_privileges(db18: psycopg.Connection, reader: str, grants: str) -> None:
    """Through the view the same as on the table before, also once a column has another name."""
    runner = start(db18, examples()["compatible_schema"].start)
    db18.execute(f"GRANT USAGE ON SCHEMA shop TO {reader}; {grants.format(t='shop.orders', r=reader)}")
    before = [outcome(db18, reader, deed.format("shop.orders")) for deed in DEEDS]
    assert "42501" in before
    change = CompatibleSchema(schema="old", tables=(Relation("shop", "orders"),))
    runner.forward(runner.steps(change)[:-1])
    assert [outcome(db18, reader, deed.format("old.orders")) for deed in DEEDS] == before
    assert [outcome(db18, reader, deed.format("shop.orders")) for deed in DEEDS] == before
    db18.execute("ALTER TABLE shop.orders RENAME buyer TO customer")
    assert [outcome(db18, reader, deed.format("old.orders")) for deed in DEEDS] == before


READS = (
    "SELECT price FROM {} WHERE id = 1",
    "SELECT total FROM {} WHERE id = 1",
    "SELECT id, quantity FROM {} LIMIT 1",
)


@pytest.mark.parametrize(
    "grants",
    ["SELECT (id, price, quantity)", "SELECT (id, price, quantity, total)", "SELECT (id)", "SELECT", "UPDATE (total)"],
)
def test_computed_columns_are_read_by_whoever_could_read_the_stored_ones(
    db18: psycopg.Connection, reader: str, grants: str
) -> None:
    runner = start(db18, examples()["computed_columns"].start)
    db18.execute(f"GRANT USAGE ON SCHEMA shop TO {reader}; GRANT {grants} ON shop.line TO {reader}")
    before = [outcome(db18, reader, read.format("shop.line")) for read in READS]
    total = Computed(name="total", expression=Expression("t.price * t.quantity"))
    change = ComputedColumns(table=Relation("shop", "line"), view=Relation("shop", "full"), columns=(total,))
    for step in runner.steps(change):
        if step.phase is not Phase.CONTRACT:
            runner.do(step)
    assert [outcome(db18, reader, read.format("shop.full")) for read in READS] == before
    assert [outcome(db18, reader, read.format("shop.line")) for read in READS] == before
    assert outcome(db18, reader, "UPDATE shop.full SET price = 1") == "42501"


# Rollups

SALES = Relation("shop", "sale by day")
ROLLUP = rollup_table.EXAMPLE.change
QUERY = """
    SELECT branch, day, count(*) AS sales, count(amount) AS paid, sum(amount) AS amount, sum(pieces) AS pieces,
           min(amount) AS least, max(pieces) AS most FROM shop.sale GROUP BY branch, day
"""
APART = f"""
    SELECT count(*) FROM ((TABLE shop."sale by day" EXCEPT ALL {QUERY})
                          UNION ALL ({QUERY} EXCEPT ALL TABLE shop."sale by day")) AS d
"""


def apart(conn: psycopg.Connection) -> int:
    return conn.execute(APART).fetchone()[0]


@pytest.fixture
def sale(db18: psycopg.Connection) -> psycopg.Connection:
    """Sales and their rollup."""
    start(db18, examples()["rollup_table"].start)
    run_all(db18, ROLLUP)
    return db18


UPSERT = """
    INSERT INTO shop.sale OVERRIDING SYSTEM VALUE SELECT id, 'up', '2025-01-01', 1, 1 FROM shop.sale
    ON CONFLICT (id) DO UPDATE SET branch = excluded.branch
"""
MIXED = """
    MERGE INTO shop.sale AS s USING generate_series(90, 110) AS n ON s.id = n WHEN MATCHED AND n < 95 THEN DELETE
    WHEN MATCHED THEN UPDATE SET pieces = 0
    WHEN NOT MATCHED THEN INSERT (branch, day, pieces) VALUES ('merged', '2025-01-01', 1)
"""


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO shop.sale (branch, day, amount, pieces) VALUES ('x', '2030-01-01', NULL, 1), ('x', now(), 1, 2)",
        "DELETE FROM shop.sale WHERE branch = 'branch 1'",
        "DELETE FROM shop.sale AS s USING (SELECT min(amount) AS least FROM shop.sale) AS m WHERE amount = least",
        "UPDATE shop.sale SET amount = amount + 1, pieces = -pieces",
        "UPDATE shop.sale SET branch = 'branch 2', day = '2025-01-01' WHERE id % 2 = 0",
        "UPDATE shop.sale SET amount = NULL WHERE branch = 'branch 0'",
        "TRUNCATE shop.sale",
        UPSERT,
        MIXED,
    ],
)
def test_rollup_follows(sale: psycopg.Connection, statement: str) -> None:
    sale.execute(statement)
    assert apart(sale) == 0
    sale.execute("""SELECT shop."sale by day_fold"()""")
    assert apart(sale) == 0
    assert sale.execute("""SELECT count(*) FROM shop."sale by day_changes" """).fetchone() == (0,)


def test_rollup_follows_copies_and_savepoints(sale: psycopg.Connection) -> None:
    with sale.cursor() as cursor, cursor.copy("COPY shop.sale (branch, day, amount, pieces) FROM STDIN") as copy:
        for n in range(300):
            copy.write_row((f"c{n % 5}", "2025-02-01", n, n))
    with sale.transaction():
        for n in range(200):
            with sale.transaction(force_rollback=n % 2 == 0):
                sale.execute("INSERT INTO shop.sale (branch, day, pieces) VALUES (%s, '2025-02-01', 1)", (f"c{n % 7}",))
    assert apart(sale) == 0


def test_an_update_of_other_columns_notes_nothing(sale: psycopg.Connection) -> None:
    sale.execute("ALTER TABLE shop.sale ADD note text")
    sale.execute("UPDATE shop.sale SET note = 'x'")
    assert sale.execute("""SELECT count(*) FROM shop."sale by day_changes" """).fetchone() == (0,)


def test_rollup_gets_over_what_subtraction_does_not_undo(db18: psycopg.Connection) -> None:
    start(db18, "CREATE TABLE shop.m (id int PRIMARY KEY, kind text NOT NULL, amount numeric, note json)")
    measures = (
        Measure(name="amount", function="sum", column="amount"), Measure(name="notes", function="count", column="note"),
    )  # fmt: skip
    change = RollupTable(
        name=Relation("shop", "r"), source=Relation("shop", "m"), group_by=("kind",), measures=measures
    )
    run_all(db18, change)
    db18.execute("INSERT INTO shop.m VALUES (1, 'a', 'NaN', '{}'), (2, 'a', 'Infinity', '{}'), (3, 'a', 2, NULL)")
    for fold in (False, True):
        db18.execute(f"DELETE FROM shop.m WHERE id = {1 + fold}")
        if fold:
            db18.execute("SELECT shop.r_fold()")
        wanted = db18.execute("SELECT kind, sum(amount), count(note) FROM shop.m GROUP BY kind").fetchall()
        assert db18.execute("SELECT * FROM shop.r").fetchall() == wanted
    db18.execute("UPDATE shop.m SET note = '[]', amount = NULL")
    assert db18.execute("SELECT * FROM shop.r").fetchall() == [("a", None, 1)]


def test_rollup_is_for_its_readers(sale: psycopg.Connection, reader: str) -> None:
    """Who writes the source needs no rights on the rollup; who reads the rollup none on the source."""
    sale.execute(f"""GRANT USAGE ON SCHEMA shop TO {reader}; GRANT INSERT ON shop.sale TO {reader}""")
    insert = "INSERT INTO shop.sale (branch, day, pieces) VALUES ('x', '2025-01-01', 1)"
    assert outcome(sale, reader, insert) == 1
    assert outcome(sale, reader, 'SELECT count(*) FROM shop."sale by day"') == "42501"
    sale.execute(f'GRANT SELECT ON shop."sale by day" TO {reader}')
    assert outcome(sale, reader, 'SELECT sum(sales) FROM shop."sale by day"') == [(100,)]
    assert outcome(sale, reader, "SELECT count(*) FROM shop.sale") == "42501"
    assert outcome(sale, reader, 'SELECT shop."sale by day_fold"()') == "42501"


@pytest.mark.parametrize(
    ("measure", "ddl", "says"),
    [
        (Measure(name="x", function="sum", column="ratio"), "ADD ratio real", "sums of real cannot be kept exactly"),
        (Measure(name="x", function="min", column="data"), "ADD data jsonb", "min of jsonb is not kept"),
        (Measure(name="x", function="max"), "", "max of what?"),
        (Measure(name="day"), "", "a name of its own"),
        (Measure(name="x"), "ALTER branch DROP NOT NULL", "require it before grouping"),
        (Measure(name="x", column="nothing"), "", "there is no such column"),
        (Measure(name="x"), "FORCE ROW LEVEL SECURITY", "not all rows"),
    ],
)
def test_rollup_refuses_what_it_cannot_keep(db18: psycopg.Connection, measure: Measure, ddl: str, says: str) -> None:
    start(db18, examples()["rollup_table"].start)
    if ddl:
        db18.execute(f"ALTER TABLE shop.sale {ddl}")
    change = RollupTable(name=SALES, source=Relation("shop", "sale"), group_by=("branch", "day"), measures=(measure,))
    assert says in said(change, db18)


@pytest.mark.parametrize("name", ['we"ird Tablé', "select", "é" * 31, "%s{x}", "it's \\ $$ a.b"])
def test_rollup_and_views_with_hostile_names(db18: psycopg.Connection, name: str) -> None:
    quoted = '"' + name.replace('"', '""') + '"'
    more, most = (name.encode()[:55].decode(errors="ignore") + end for end in ("m", "n"))
    db18.execute(
        f"CREATE SCHEMA {quoted}; CREATE TABLE {quoted}.{quoted} (id int PRIMARY KEY, {quoted} text NOT NULL);"
        f" INSERT INTO {quoted}.{quoted} SELECT n, 'g' || n % 3 FROM generate_series(1, 20) AS n".encode()
    )
    source = Relation(name, name)
    measures = (Measure(name=more), Measure(name=most, function="max", column=name))
    rollup = RollupTable(name=Relation(name, more), source=source, group_by=(name,), measures=measures)
    select = Expression(f"SELECT {quoted}, count(*) FROM {quoted}.{quoted} GROUP BY 1")
    stored = MaterializedView(
        name=Relation(name, most), select=select, reads=(source,), key=(name,), indexes=((name,),)
    )
    before = dump_schema(dsn(db18), exclude_schemas=()), checksums(db18)
    runner = Runner(db18)
    before = dump_schema(dsn(db18), exclude_schemas=()), checksums(db18)
    for change in (rollup, stored):
        assert not said(change, db18)
        steps = runner.steps(change)
        for step in steps:
            assert not runner.proven(step)
            runner.do(step)
            assert runner.proven(step), step.title
        db18.execute(f"INSERT INTO {quoted}.{quoted} SELECT -1, 'g1'".encode())
        db18.execute(f"DELETE FROM {quoted}.{quoted} WHERE id = -1".encode())
        runner.back(steps)
        assert (dump_schema(dsn(db18), exclude_schemas=()), checksums(db18)) == before


INSERT = "INSERT INTO shop.sale (branch, day, amount, pieces) VALUES (%s, '2025-01-01', %s, %s)"


def sell(conn: psycopg.Connection, draw: random.Random) -> None:
    """Groups in any order in one transaction, as no summary row that were locked would stand."""
    with conn.transaction():
        for branch in draw.sample(["branch 0", "branch 1", "branch 2", "x"], 3):
            conn.execute(INSERT, (branch, draw.random(), draw.randrange(9)))


def move(conn: psycopg.Connection, draw: random.Random) -> None:
    branch = draw.choice(["branch 0", "branch 1", "y"])
    conn.execute("UPDATE shop.sale SET branch = %s, pieces = pieces + 1 WHERE id %% 17 = 0 AND id < 99", (branch,))


def cancel(conn: psycopg.Connection, draw: random.Random) -> None:
    """Rows with the least and greatest values too, in an older snapshot."""
    column = draw.choice(["amount", "pieces DESC"])
    with conn.transaction():
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        conn.execute(INSERT, ("x", draw.random(), 1))
        conn.execute(
            f"DELETE FROM shop.sale WHERE id IN (SELECT id FROM shop.sale WHERE id >= 99 ORDER BY {column} LIMIT 3"
            " FOR UPDATE SKIP LOCKED)"
        )


def test_rollup_is_true_at_every_moment_while_clients_write(db18: psycopg.Connection) -> None:
    """From before its triggers were there to after they are gone; no statement fails, no moment shows other sums."""
    start(db18, examples()["rollup_table"].start)
    plan, open_ = plan_for(db18, ROLLUP), opener(db18)
    before = dump_schema(dsn(db18))
    seen: list[int] = []
    with Clients(dsn(db18), sell, sell, move, cancel) as writers:
        assert apply_plan(open_, plan, settings=Settings()).state == "done"
        with Clients(dsn(db18), lambda conn, _: seen.append(apart(conn))):
            time.sleep(1.5)
        folded = db18.execute(
            """SELECT count(*) < max(pgrefit_number) / 2 FROM shop."sale by day_changes" """
        ).fetchone()
        assert writers.done > 100
    assert len(seen) > 5
    assert set(seen) == {0}
    assert apart(db18) == 0
    assert folded == (True,)
    with Clients(dsn(db18), sell, move):
        assert roll_back(open_, plan, settings=Settings()).state == "rolled back"
    assert dump_schema(dsn(db18)) == before
