"""Batches: every row exactly once, whatever the key and the size of a batch."""

from contextlib import closing
from datetime import UTC

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from apply.small_plan import opener, plan_of, step
from pgrefit.apply import Hooks, Settings, apply_plan, roll_back
from pgrefit.apply.batches import next_size
from pgrefit.changes import _proof as proof
from pgrefit.changes._batches import quarantine_batches, restore_batches, update_batches
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.ddl import Expression, ddl
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Constraint, Table

KEYED = Relation("Keyed é", "rows; {x} %s")
MISSING = Expression("t.seen <> 1")

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=6)
floats = st.floats(width=64)
KEYS = {
    "integer": st.integers(-(2**31), 2**31 - 1),
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "uuid": st.uuids(),
    "text": words,
    'text COLLATE "C"': words,
    'text COLLATE "Pg é"': words,
    "character(5)": words.map(lambda word: word[:5]),
    "double precision": floats,
    "numeric": st.decimals(allow_nan=False, allow_infinity=False, places=3),
    "date": st.dates(),
    "timestamp with time zone": st.datetimes(timezones=st.just(UTC)),
    "bytea": st.binary(max_size=5),
    "boolean": st.booleans(),
    "integer[]": st.lists(st.integers(-5, 5), max_size=3),
    "character varying(3)": words.map(lambda word: word[:3]),
}
one_key = st.sampled_from(sorted(KEYS))


@st.composite
def keyed_rows(draw):
    """Types of a key of one to three columns, and its values."""
    types = tuple(draw(st.lists(one_key, min_size=1, max_size=3)))
    values = draw(st.lists(st.tuples(*(KEYS[type_] for type_ in types)), max_size=40))
    return types, values


def table_of(types):
    names = tuple(f'k"{i}' for i in range(len(types)))
    plain = [type_.partition(" COLLATE")[0] for type_ in types]
    columns = [Column(name=n, position=i, type=t) for i, (n, t) in enumerate(zip(names, plain, strict=True))]
    seen = Column(name="seen", position=9, type="integer")
    key = Constraint(name="p", kind="primary key", columns=names, definition=Expression(""))
    return Table(name=KEYED, columns=(*columns, seen), constraints=(key,))


def make(conn, types, values):
    """Create the table and insert the values that are distinct to the server."""
    table = table_of(types)
    conn.execute('DROP SCHEMA IF EXISTS "Keyed é", pgrefit CASCADE')
    conn.execute('CREATE SCHEMA "Keyed é"')
    conn.execute("""CREATE COLLATION IF NOT EXISTS public."Pg é" (locale = 'C.UTF-8', provider = libc)""")
    conn.execute("SET search_path = public")
    defined = [f"{sql.Identifier(n).as_string()} {t}" for n, t in zip(table.row_key, types, strict=True)]
    keys = ", ".join(sql.Identifier(n).as_string() for n in table.row_key)
    name = sql.Identifier(*[KEYED.schema, KEYED.name]).as_string()
    conn.execute(
        f"CREATE TABLE {name} ({', '.join(defined)}, seen int NOT NULL DEFAULT 0, PRIMARY KEY ({keys}))".encode()
    )
    slots = ", ".join(f"${i + 1}::{type_.partition(' COLLATE')[0]}" for i, type_ in enumerate(types))
    with psycopg.RawCursor(conn) as cursor:
        for value in values:
            cursor.execute(f"INSERT INTO {name} VALUES ({slots}) ON CONFLICT DO NOTHING".encode(), value)
    return table


def counting_step(table):
    """Adds 1 to each row that a batch visits; its proof would not hold for a row that was visited twice."""
    return step(
        10, Phase.MIGRATE, "count", LockMode.ROW_EXCLUSIVE, work=Work.BATCHES, undo=Way.NOTHING_LEFT,
        do=update_batches(table, Expression("seen = t.seen + 1"), Expression("true")),
        proof=proof.no_row(KEYED, MISSING),
    )  # fmt: skip


@pytest.fixture
def room(db18):
    return db18


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keyed_rows(), st.integers(1, 9))
def test_every_row_exactly_once(room, rows, size):
    types, values = rows
    table = make(room, types, values)
    total = room.execute(ddl("SELECT count(*) FROM {t}", t=KEYED).encode()).fetchone()[0]
    limits = Settings(first_batch_rows=size, max_batch_rows=size, passes=1)
    run = apply_plan(opener(room), plan_of(counting_step(table)), settings=limits)
    seen = room.execute(ddl("SELECT count(*), sum(seen) FROM {t} WHERE seen = 1", t=KEYED).encode()).fetchone()
    assert seen == (total, total or None)
    assert (run.steps[0].rows, run.steps[0].batches) == (total, -(-total // size))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(keyed_rows(), st.integers(1, 9))
def test_rows_put_aside_come_back_whole(room, rows, size):
    types, values = rows
    table = make(room, types, values)
    everything = ddl("SELECT t::text FROM {t} AS t ORDER BY 1", t=KEYED).encode()
    start = room.execute(everything).fetchall()
    at = step(
        10, Phase.MIGRATE, "all aside", LockMode.ROW_EXCLUSIVE, work=Work.BATCHES, undo=restore_batches(table),
        do=quarantine_batches(table, Expression("true"), Expression("'why'")),
        proof=proof.no_row(KEYED, Expression("true")),
    )  # fmt: skip
    limits = Settings(first_batch_rows=size, max_batch_rows=size)
    apply_plan(opener(room), plan_of(at), settings=limits)
    assert room.execute(everything).fetchall() == []
    roll_back(opener(room), plan_of(at), settings=limits)
    assert room.execute(everything).fetchall() == start


def test_a_key_of_an_extension_type_in_a_schema_of_its_own(cluster15):
    """citext compares without case, text with: order and ranges must mean the same comparison."""
    cluster15.create_database("citext")
    with closing(psycopg.connect(cluster15.dsn("citext"), autocommit=True)) as conn:
        conn.execute("CREATE SCHEMA extensions")
        conn.execute("CREATE EXTENSION citext SCHEMA extensions")
        conn.execute("SET search_path = public, extensions")
        conn.execute('CREATE SCHEMA "Keyed é"')
        conn.execute(ddl("CREATE TABLE {t} (k citext PRIMARY KEY, seen int NOT NULL DEFAULT 0)", t=KEYED).encode())
        conn.execute(
            ddl("INSERT INTO {t} SELECT chr(n) || chr(192 + n % 30) || n FROM generate_series(65, 122) AS n", t=KEYED)
            .encode()
        )  # fmt: skip
        key = Constraint(name="p", kind="primary key", columns=("k",), definition=Expression(""))
        column = Column(name="k", position=1, type="extensions.citext")
        table = Table(name=KEYED, columns=(column,), constraints=(key,))
        for size in (1, 2, 7):
            conn.execute(ddl("UPDATE {t} SET seen = 0", t=KEYED).encode())
            conn.execute("DROP SCHEMA IF EXISTS pgrefit CASCADE")
            limits = Settings(first_batch_rows=size, max_batch_rows=size, passes=1)
            assert apply_plan(opener(conn), plan_of(counting_step(table)), settings=limits).state == "done"
    cluster15.drop_database("citext")


def test_triggers_of_the_application_find_their_tables(room):
    """A trigger that trusts the search_path of the database works under a backfill as it does for the application."""
    table = make(room, ("integer",), [(n,) for n in range(20)])
    room.execute("CREATE TABLE public.log (at timestamptz DEFAULT now())")
    body = "'BEGIN INSERT INTO log DEFAULT VALUES; RETURN NEW; END'"
    room.execute(f"CREATE FUNCTION public.note() RETURNS trigger LANGUAGE plpgsql AS {body}".encode())
    room.execute(
        ddl("CREATE TRIGGER note AFTER UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION public.note()", t=KEYED).encode()
    )
    assert apply_plan(opener(room), plan_of(counting_step(table))).state == "done"
    assert room.execute("SELECT count(*) FROM public.log").fetchone() == (20,)


def test_each_range_is_found_by_the_index(room):
    """Without statistics, and however far down the table: a range reads a few pages."""
    table = make(room, ("integer", "text"), [])
    room.execute(ddl("INSERT INTO {t} SELECT n / 7, n || 'x', 0 FROM generate_series(1, 20000) AS n", t=KEYED).encode())
    scans = "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_xact_user_tables WHERE relname = %s"
    seen = []

    def look(conn, _step):
        seen.append(conn.execute(scans, (KEYED.name,)).fetchone()[0])

    apply_plan(opener(room), plan_of(counting_step(table)), hooks=Hooks(before_commit=look))
    assert len(seen) > 3
    assert max(seen) <= 1, "only the proof, before the first range, reads the whole table"


@pytest.mark.parametrize(
    ("size", "elapsed_ms", "expected"),
    [(500, 200, 500), (500, 1, 1000), (500, 100_000, 250), (15_000, 100, 20_000), (1, 900, 1), (500, 250, 400)],
)
def test_steers_the_size_by_time(size, elapsed_ms, expected):
    assert next_size(size, elapsed_ms, 200, 20_000) == expected
