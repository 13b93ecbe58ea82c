"""What a question reads, by its text: its price, what keeps it from being asked, and whether its answer still holds."""

import time
from pathlib import Path

import psycopg
import pytest

from conftest import dsn
from pgrefit.model.ddl import Literal, ddl
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.answer_file import AnswerFile
from pgrefit.observe.budget import Purse, ScanBudget, active_functions, closed_tables
from pgrefit.observe.questions import answer_within
from pgrefit.observe.reading import Reading, named
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics

TREE, LEAF, CHILD, PARENT = (Relation("public", name) for name in ("tree", "leaf", "child", "parent"))
TABLES = """
CREATE TABLE tree (id int, at date) PARTITION BY RANGE (id);
CREATE TABLE branch PARTITION OF tree FOR VALUES FROM (0) TO (1000000) PARTITION BY RANGE (at);
CREATE TABLE leaf PARTITION OF branch FOR VALUES FROM ('2020-01-01') TO ('2030-01-01');
CREATE TABLE parent (id int);
CREATE TABLE child (id int, parent_id int);
CREATE SEQUENCE drawn;
CREATE FUNCTION acts(int) RETURNS boolean LANGUAGE sql RETURN nextval('public.drawn') > 0;
CREATE FUNCTION computes(int) RETURNS boolean IMMUTABLE LANGUAGE sql RETURN $1 > 0;
INSERT INTO tree SELECT n, '2024-01-01' FROM generate_series(1, 5000) AS n;
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (1, 1);
ANALYZE
"""


@pytest.fixture
def tables(db18: psycopg.Connection) -> psycopg.Connection:
    db18.execute(TABLES.encode())
    return db18


def purse(conn: psycopg.Connection, db: Snapshot, **budget: float) -> Purse:
    return Purse(
        ScanBudget(**budget), take_statistics(conn), closed_tables(db), active_functions(db), Reading.of(db)
    )  # fmt: skip


def test_names_are_told_from_texts_and_calls() -> None:
    odd, other = Relation('we"ird', "it's \\ {x}"), Relation("public", "f")
    select = ddl("SELECT t.{c}, {text}, public.f(1) FROM {t} AS t", c='a"b', text=Literal('x\'"public"."g"\\'), t=odd)
    assert {name: called for name, called in named(select) if name.schema != "t"} == {odd: False, other: True}


def test_a_partitioned_table_costs_what_its_partitions_do(tables: psycopg.Connection) -> None:
    spent = purse(tables, take_snapshot(tables), bytes=100_000)
    question = Question(TREE, ddl("SELECT count(*) FROM {t}", t=TREE))
    assert spent.price(question) == spent.statistics.table(LEAF).heap_bytes > 100_000
    assert "it reads" in answer_within(tables, [question], spent)[question].skipped


def test_an_answer_holds_until_any_table_that_it_was_read_from_changes(tables, tmp_path: Path) -> None:
    lost = Question(CHILD, ddl("SELECT count(*) FROM {c} AS c WHERE NOT EXISTS (SELECT FROM {p} AS p WHERE p.id ="
                               " c.parent_id)", c=CHILD, p=PARENT))  # fmt: skip
    rows = Question(TREE, ddl("SELECT count(*) FROM {t}", t=TREE))
    db = take_snapshot(tables)

    def asked() -> list[object]:
        spent = purse(tables, db)
        file = AnswerFile(tmp_path / "answers", "schema", spent.statistics, spent.reading)
        found = answer_within(tables, [lost, rows], spent, file)
        return [found[lost].rows[0][0], found[rows].rows[0][0], bool(spent.spent)]

    assert [asked(), asked()] == [[0, 5000, True], [0, 5000, False]]
    tables.execute("DELETE FROM parent; INSERT INTO tree VALUES (1, '2024-01-01')")
    tables.execute("SELECT pg_stat_force_next_flush()")
    assert asked() == [1, 5001, True]


def test_a_lock_on_what_many_tables_point_at_is_waited_for_once(tables: psycopg.Connection) -> None:
    tables.execute("".join(f"CREATE TABLE child_{n} AS SELECT * FROM child;" for n in range(12)))
    select = "SELECT count(*) FROM {c} AS c JOIN {p} AS p ON p.id = c.parent_id"
    children = [Relation("public", f"child_{n}") for n in range(12)]
    questions = [Question(child, ddl(select, c=child, p=PARENT)) for child in children]
    spent = purse(tables, take_snapshot(tables))
    with psycopg.connect(dsn(tables)) as other:
        other.execute("LOCK TABLE parent")
        began = time.monotonic()
        found = answer_within(tables, questions, spent)
        assert time.monotonic() - began < 3
    assert [answer.skipped for answer in found.values()][1:] == ["the table is locked"] * 11
    assert not answer_within(tables, [Question(CHILD, ddl("SELECT {n}", n=1))], spent).popitem()[1].skipped


def test_what_may_do_something_is_not_called(tables: psycopg.Connection) -> None:
    spent = purse(tables, take_snapshot(tables))
    acting = Question(CHILD, ddl("SELECT count(*) FROM {t} AS t WHERE public.acts(t.id)", t=CHILD))
    computing = Question(CHILD, ddl("SELECT count(*) FROM {t} AS t WHERE public.computes(t.id)", t=CHILD))
    found = answer_within(tables, [acting, computing], spent)
    assert found[acting].skipped == "it calls public.acts, which is volatile: it may do more than compute"
    assert found[computing].rows == ((1,),)
    assert tables.execute("SELECT is_called FROM drawn").fetchone() == (False,)
