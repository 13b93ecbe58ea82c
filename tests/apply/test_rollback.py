"""Rollback: from every step, and from the middle of a step, the database is as it was."""

from dataclasses import replace

import psycopg
import pytest

from apply.small_plan import (
    ITEM,
    add_column,
    backfill,
    build_index,
    check,
    image,
    invalid_indexes,
    opener,
    plan_of,
    put_aside,
    small_plan,
)
from pgrefit.apply import Hooks, Settings, apply_plan, read_run, roll_back
from pgrefit.errors import Refused, StoppedSafely, UsageError
from pgrefit.model.change import Phase, Way
from pgrefit.model.ddl import Literal, ddl

QUICK = Settings(lock_wait_ms=100, tries=3, pause_ms=(50, 100), first_batch_rows=7, old_snapshot_wait_ms=500)


class Enough(Exception):
    """Raised by a hook to stop a run."""


def stop_at(number, kind="batch"):
    """A hook that raises at the so-manieth event of a kind."""
    seen = []

    def hook(event):
        seen.extend([event] if event.kind == kind else [])
        if len(seen) == number and event.kind == kind:
            raise Enough

    return Hooks(on_event=hook)


def states(run):
    return [found.state for found in run.steps]


def test_from_every_step_the_database_is_as_it_was(cluster18, shops):
    """After any step, rolled back: pg_dump and rows as at the start; applied again: as if nothing had been."""
    straight = shops()
    start = image(cluster18, straight)
    apply_plan(opener(straight), small_plan(), until=Phase.SWITCH, settings=QUICK)
    end = image(cluster18, straight)
    for last in [s.id for s in small_plan().steps[:-1]]:
        conn = shops()
        apply_plan(opener(conn), small_plan(), until=last, settings=QUICK)
        run = roll_back(opener(conn), small_plan(), settings=QUICK)
        assert run.state == "rolled back"
        assert image(cluster18, conn) == start, last
        again = apply_plan(opener(conn), small_plan(), until=Phase.SWITCH, settings=QUICK)
        assert again.id != run.id
        assert image(cluster18, conn) == end, last


def test_back_to_a_step_and_forth_again(cluster18, shops):
    one, other, plan = shops(), shops(), small_plan()
    apply_plan(opener(one), plan, until="020", settings=QUICK)
    apply_plan(opener(other), plan, until="070", settings=QUICK)
    run = roll_back(opener(other), plan, to="020", settings=QUICK)
    assert (run.state, states(run)) == ("stopped", ["done"] * 2 + ["undone"] * 5 + ["pending"])
    assert image(cluster18, one) == image(cluster18, other)
    assert apply_plan(opener(other), plan, settings=QUICK).state == "done"
    apply_plan(opener(one), plan, settings=QUICK)
    assert image(cluster18, one) == image(cluster18, other)


def test_refuses_to_cross_the_line_of_no_return(cluster18, shop):
    apply_plan(opener(shop), small_plan())
    before = image(cluster18, shop)
    with pytest.raises(Refused, match="line of no return: 080 drop the old column"):
        roll_back(opener(shop), small_plan())
    assert image(cluster18, shop) == before
    assert read_run(shop).state == "done"


def test_refuses_what_was_not_applied(shop):
    with pytest.raises(Refused, match="was not applied"):
        roll_back(opener(shop), small_plan())
    with pytest.raises(UsageError):
        roll_back(opener(shop), small_plan(), to="5")


def test_refuses_under_a_plan_that_was_applied_since(shop):
    first, second = plan_of(add_column(), name="first"), plan_of(backfill(), name="second")
    apply_plan(opener(shop), first)
    apply_plan(opener(shop), second)
    with pytest.raises(Refused, match="applied since: second"):
        roll_back(opener(shop), first)
    roll_back(opener(shop), second)
    assert roll_back(opener(shop), first).state == "rolled back"


@pytest.mark.parametrize("number", [1, 4, 9])
def test_takes_back_a_step_that_stopped_in_its_middle(cluster18, shop, number):
    start = image(cluster18, shop)
    plan = plan_of(add_column(), put_aside(), backfill())
    with pytest.raises(Enough):
        apply_plan(opener(shop), plan, hooks=stop_at(number), settings=replace(QUICK, max_batch_rows=7))
    assert "started" in states(read_run(shop))
    roll_back(opener(shop), plan, settings=QUICK)
    assert image(cluster18, shop) == start


def test_goes_on_with_the_way_back_at_its_cursor(cluster18, shop):
    """Stopped between the batches of an undo: apply is refused, rollback goes on and ends."""
    shop.execute(ddl("UPDATE {t} SET price = -1 WHERE id < 41", t=ITEM).encode())
    start, plan = image(cluster18, shop), plan_of(add_column(), put_aside(), check())
    apply_plan(opener(shop), plan, settings=QUICK)
    with pytest.raises(Enough):
        roll_back(opener(shop), plan, hooks=stop_at(2), settings=replace(QUICK, max_batch_rows=7))
    assert (read_run(shop).state, states(read_run(shop))) == ("rolling back", ["done", "started", "undone"])
    with pytest.raises(Refused, match="being rolled back"):
        apply_plan(opener(shop), plan)
    told = []
    roll_back(opener(shop), plan, hooks=Hooks(on_event=told.append), settings=replace(QUICK, max_batch_rows=7))
    assert len([event for event in told if event.kind == "batch"]) == 4
    assert image(cluster18, shop) == start


def test_a_refused_lock_on_the_way_back_leaves_it_resumable(cluster18, shop):
    start, plan = image(cluster18, shop), plan_of(add_column(), check())
    apply_plan(opener(shop), plan)
    with psycopg.connect(cluster18.dsn(shop.info.dbname)) as blocker:
        blocker.execute(ddl("SELECT FROM {t}", t=ITEM).encode())
        with pytest.raises(StoppedSafely):
            roll_back(opener(shop), plan, settings=QUICK)
    assert roll_back(opener(shop), plan, settings=QUICK).state == "rolled back"
    assert image(cluster18, shop) == start


def test_a_step_that_leaves_nothing_is_only_marked(shop):
    plan = plan_of(add_column(), backfill())
    assert plan.steps[1].step.undo is Way.NOTHING_LEFT
    apply_plan(opener(shop), plan)
    run = roll_back(opener(shop), plan, to="010")
    assert states(run) == ["done", "undone"]


def test_an_index_is_dropped_without_a_trace(cluster18, shop):
    start = image(cluster18, shop)
    apply_plan(opener(shop), plan_of(build_index(unique=True)))
    roll_back(opener(shop), plan_of(build_index(unique=True)))
    assert image(cluster18, shop) == start
    assert invalid_indexes(shop) == 0


def test_a_row_that_another_constraint_refuses_stays_in_quarantine(shop):
    """And does not keep the others, nor the rest of the way back."""
    plan = plan_of(add_column(), backfill(), put_aside())
    apply_plan(opener(shop), plan, settings=QUICK)
    shop.execute(ddl('ALTER TABLE {t} ADD CONSTRAINT "not -1" CHECK (price <> -1)', t=ITEM).encode())
    notes = []
    hooks = Hooks(on_event=lambda event: notes.append(event.message) if event.kind == "note" else None)
    run = roll_back(opener(shop), plan, hooks=hooks, settings=QUICK)
    assert (run.state, states(run)) == ("rolled back", ["undone"] * 3)
    assert [(q.reason, q.rows) for q in run.quarantined] == [("a negative price", 1)]
    assert "1 rows stay in pgrefit.quarantine" in run.steps[2].message
    assert '"not -1"' in run.steps[2].message
    assert notes == [run.steps[2].message]
    assert shop.execute(ddl("SELECT min(price) FROM {t}", t=ITEM).encode()).fetchone() == (-2,)


def test_rows_come_back_that_are_refused_until_others_are_there(shop):
    plan = plan_of(add_column(), backfill(), put_aside())
    apply_plan(opener(shop), plan, settings=QUICK)
    body = ddl(
        "BEGIN IF NEW.price = -2 AND NOT EXISTS (SELECT FROM {t} WHERE price = -1) THEN"
        " RAISE foreign_key_violation; END IF; RETURN NEW; END", t=ITEM,
    )  # fmt: skip
    shop.execute(ddl("CREATE FUNCTION wants() RETURNS trigger LANGUAGE plpgsql AS {b}", b=Literal(body)).encode())
    shop.execute(ddl("CREATE TRIGGER w BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION wants()", t=ITEM).encode())
    run = roll_back(opener(shop), plan, settings=QUICK)
    assert (run.state, run.quarantined, run.steps[2].message) == ("rolled back", (), "")
    assert shop.execute(ddl("SELECT count(*) FROM {t}", t=ITEM).encode()).fetchone() == (60,)
