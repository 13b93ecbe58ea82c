"""How much an audit reads: within its budget, never twice behind a lock, and not again what was kept."""

import stat
import time
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from conftest import dsn
from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.observe.answer_file import AnswerFile
from pgrefit.observe.budget import SAMPLE_BYTES, Purse, ScanBudget
from pgrefit.observe.questions import answer_within
from pgrefit.observe.statistics import take_statistics

SMALL, LARGE = Relation("public", "small"), Relation("public", "large")


def count(table: Relation, *, sampled: bool = False) -> Question:
    return Question(table, ddl("SELECT count(*) AS n FROM {t}", t=table), sampled)


@pytest.fixture
def two(db18: psycopg.Connection) -> psycopg.Connection:
    db18.execute("CREATE TABLE small AS SELECT 1 AS id; CREATE TABLE large AS SELECT generate_series(1, 20000) AS id")
    db18.execute("VACUUM ANALYZE")
    return db18


def purse(conn: psycopg.Connection, **budget: float) -> Purse:
    return Purse(ScanBudget(**budget), take_statistics(conn))


def test_small_tables_first_and_no_more_than_the_bytes_allow(two) -> None:
    spent = purse(two, bytes=100_000)
    found = answer_within(two, [count(LARGE), count(SMALL)], spent)
    assert found[count(SMALL)].rows == ((1,),)
    assert found[count(LARGE)].skipped == (
        f"it reads {spent.price(count(LARGE)):,} bytes, and of 100,000 are {100_000 - 8192:,} left"
    )
    assert spent.spent == 8192


def test_a_sample_costs_no_more_than_a_sample(two) -> None:
    spent = purse(two)
    large = replace(spent.statistics.table(LARGE), heap_bytes=2**40)
    spent.statistics = replace(spent.statistics, tables=(large,))
    assert spent.price(count(LARGE, sampled=True)) == SAMPLE_BYTES


def test_when_time_is_over_nothing_more_is_asked(two) -> None:
    spent = purse(two, seconds=1)
    spent.began -= 2
    assert answer_within(two, [count(SMALL)], spent)[count(SMALL)].skipped == "the 1 seconds for reading are over"


def test_rests_for_its_share(two) -> None:
    spent = purse(two, duty=0.1)
    began = time.monotonic()
    spent.pay(count(SMALL), 0.02)
    assert time.monotonic() - began >= 0.17


def test_a_locked_table_is_waited_for_once(two) -> None:
    questions = [replace(count(SMALL), select=ddl("SELECT {n} FROM {t}", n=n, t=SMALL)) for n in range(20)]
    with psycopg.connect(dsn(two)) as other:
        other.execute("LOCK TABLE small")
        found = answer_within(two, questions, purse(two))
    assert [answer.skipped for answer in found.values()] == [
        "canceling statement due to lock timeout", *["the table is locked"] * 19,
    ]  # fmt: skip


def test_what_was_kept_is_not_read_again_until_the_table_changes(two, tmp_path: Path) -> None:
    path = tmp_path / "answers"

    def asked() -> tuple[object, int]:
        statistics = take_statistics(two)
        spent = Purse(ScanBudget(), statistics)
        found = answer_within(two, [count(SMALL)], spent, AnswerFile(path, "schema", statistics))
        return found[count(SMALL)].rows, spent.spent

    assert asked() == (((1,),), 8192)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text(path.read_text() + '{"question": "cut sho')
    assert asked() == (((1,),), 0)
    two.execute("INSERT INTO small VALUES (2)")
    two.execute("SELECT pg_stat_force_next_flush()")
    assert asked() == (((2,),), 8192)
    assert asked() == (((2,),), 0)
    path.write_bytes(b"\xff\xfe\x00 of another program\n")
    assert asked() == (((2,),), 8192)


def test_what_was_skipped_is_asked_again(two, tmp_path: Path) -> None:
    path, statistics = tmp_path / "answers", take_statistics(two)
    wrong = Question(SMALL, ddl("SELECT 1 / 0"))
    file = AnswerFile(path, "schema", statistics)
    assert answer_within(two, [wrong], Purse(ScanBudget(), statistics), file)[wrong].skipped == "division by zero"
    assert AnswerFile(path, "schema", statistics).find(wrong) is None
