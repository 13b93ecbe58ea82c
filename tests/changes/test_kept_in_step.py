"""While both releases run, what one writes is true for the other."""

from __future__ import annotations

import psycopg
import pytest

from pgrefit.changes import computed_columns, examples, extract_text
from pgrefit.model.change import Phase
from step_runner import Runner, start


@pytest.fixture
def line(db18: psycopg.Connection) -> psycopg.Connection:
    """Rows with a stored total, after the expand phase."""
    expand(start(db18, examples()["computed_columns"].start), computed_columns.EXAMPLE.change)
    return db18


@pytest.fixture
def memo(db18: psycopg.Connection) -> psycopg.Connection:
    """Rows with metadata in their text, after the migrate phase."""
    expand(start(db18, examples()["extract_text"].start), extract_text.EXAMPLE.change, Phase.MIGRATE)
    db18.execute("SELECT set_config('pgrefit.step', '', false)")
    return db18


def expand(runner: Runner, change, until: Phase = Phase.EXPAND) -> None:
    for step in runner.steps(change):
        if step.phase.order <= until.order:
            runner.do(step)


def test_a_row_written_without_its_stored_value_gets_it(line: psycopg.Connection) -> None:
    row = line.execute("INSERT INTO shop.line (price, quantity) VALUES (3, 4) RETURNING total").fetchone()
    assert row == (12,)


def test_an_update_of_what_it_follows_from_computes_it_again(line: psycopg.Connection) -> None:
    row = line.execute("UPDATE shop.line SET quantity = 5 WHERE id = 1 RETURNING price * 5 = total").fetchone()
    assert row == (True,)


def test_an_update_that_writes_both_is_left_alone(line: psycopg.Connection) -> None:
    row = line.execute("UPDATE shop.line SET quantity = 5, total = 99 WHERE id = 1 RETURNING total").fetchone()
    assert row == (99,)


def test_text_that_is_written_again_is_parsed_again(memo: psycopg.Connection) -> None:
    row = memo.execute("UPDATE shop.memo SET body = 'Duration: 1.5s' WHERE id = 1 RETURNING seconds::text").fetchone()
    assert row == ("1.50",)


def test_a_column_that_is_written_wins_over_the_text(memo: psycopg.Connection) -> None:
    row = memo.execute(
        "UPDATE shop.memo SET body = 'Duration: 9s', seconds = 2 WHERE id = 1 RETURNING seconds"
    ).fetchone()
    assert row == (2,)


def test_an_update_of_other_columns_fills_nothing(db18: psycopg.Connection) -> None:
    runner = start(db18, examples()["extract_text"].start)
    expand(runner, extract_text.EXAMPLE.change)
    db18.execute("SELECT set_config('pgrefit.step', '', false)")
    assert db18.execute("UPDATE shop.memo SET seconds = 1 WHERE id = 2 RETURNING url").fetchone() == (None,)


def test_a_value_that_did_not_follow_is_not_overwritten(line: psycopg.Connection) -> None:
    row = line.execute("UPDATE shop.line SET quantity = 9 WHERE id = 20 RETURNING total").fetchone()
    assert row == (7,)
