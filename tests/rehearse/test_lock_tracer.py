"""What the tracer measures of each step, what it makes of it, and planted lies."""

import io
import threading
from dataclasses import replace

import psycopg
import pytest
from rich.console import Console

from conftest import dsn
from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.apply.settings import Hooks
from pgrefit.model.change import Step, Work
from pgrefit.model.codec import from_json, to_json
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.rehearsal import Rehearsal, StepMeasure
from pgrefit.rehearse import Clone, rehearse
from pgrefit.rehearse import check_names as verb
from pgrefit.rehearse.forecast import Sizes, TableSize, fixed_part, forecast, growth
from pgrefit.rehearse.lock_times import LockState, LockTimes
from pgrefit.rehearse.lock_tracer import Tracer
from pgrefit.report import html, text
from pgrefit.report.story import Story

from .conftest import Executor, plan_of, step

THING = Relation("public", "Thing %s {x}")
SMALL = Relation("public", "small")
NAME = '"Thing %s {x}"'
EXCLUSIVE = Lock(THING, LockMode.ACCESS_EXCLUSIVE)
ADD = f"ALTER TABLE {NAME} ADD COLUMN n int"
DROP = f"ALTER TABLE {NAME} DROP COLUMN n"


@pytest.fixture(autouse=True)
def shop(db18: psycopg.Connection) -> None:
    db18.execute(f"CREATE TABLE {NAME} (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, kind text, old text)")
    db18.execute(f"INSERT INTO {NAME} (kind) SELECT 'k' || n FROM generate_series(1, 20000) AS n")
    db18.execute("CREATE TABLE small (id int PRIMARY KEY)")


def rehearsed(clone: Clone, executor: Executor, *steps: Step, **more) -> Rehearsal:
    return rehearse(plan_of(*steps), clone, run=executor.run, undo=executor.undo, workload=None, plan_hash="", **more)


def failed(rehearsal: Rehearsal) -> dict[str, str]:
    return {check.name: check.detail for check in rehearsal.checks if not check.passed}


def by_mode(measure: StepMeasure) -> dict[Relation, LockMode]:
    return {time.on: time.mode for time in measure.times}


# Lies


def test_a_lock_that_is_understated(clone, executor):
    found = rehearsed(clone, executor, step(ADD, DROP, Lock(THING, LockMode.SHARE_ROW_EXCLUSIVE)))
    assert failed(found) == {
        verb.LOCKS_KEPT: f"001 takes ACCESS EXCLUSIVE on {THING}, declares SHARE ROW EXCLUSIVE",
    }  # fmt: skip
    assert not found.passed


def test_a_scan_under_a_strong_lock_that_is_declared_instant(clone, executor):
    check = f"ALTER TABLE {NAME} ADD CHECK (id > 0)"
    undo = f'ALTER TABLE {NAME} DROP CONSTRAINT "Thing %s {{x}}_id_check"'
    found = rehearsed(clone, executor, step(check, undo, EXCLUSIVE))
    assert failed(found) == {
        verb.WORK_KEPT: f"001 reads all of {THING} under ACCESS EXCLUSIVE, declares: catalog only",
    }  # fmt: skip
    assert found.steps[0].did is Work.SCAN
    assert found.steps[0].work is Work.INSTANT


def test_the_same_scan_declared_is_no_lie(clone, executor):
    check = f"ALTER TABLE {NAME} ADD CHECK (id > 0)"
    undo = f'ALTER TABLE {NAME} DROP CONSTRAINT "Thing %s {{x}}_id_check"'
    assert rehearsed(clone, executor, step(check, undo, EXCLUSIVE, work=Work.SCAN)).passed


@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_hidden_rewrite(clone, executor, in_transaction):
    rewrite = f"ALTER TABLE {NAME} ALTER COLUMN id TYPE bigint"
    undo = f"ALTER TABLE {NAME} ALTER COLUMN id TYPE int"
    found = rehearsed(clone, executor, step(rewrite, undo, EXCLUSIVE, in_transaction=in_transaction))
    assert failed(found) == {verb.WORK_KEPT: f"001 writes {THING} anew, declares: catalog only"}
    assert found.steps[0].did is Work.REWRITE


def test_a_hidden_index(clone, executor):
    unique = f"ALTER TABLE {NAME} ADD CONSTRAINT once UNIQUE (kind)"
    undo = f"ALTER TABLE {NAME} DROP CONSTRAINT once"
    found = rehearsed(clone, executor, step(unique, undo, EXCLUSIVE))
    assert failed(found) == {verb.WORK_KEPT: f"001 builds an index of {THING}, declares: catalog only"}


def test_scans_of_the_step_before_are_not_this_ones(clone, executor):
    read = step(f"SELECT count(*) FROM {NAME}", work=Work.SCAN)
    assert rehearsed(clone, executor, read, step(ADD, DROP, EXCLUSIVE)).passed


def test_an_index_that_is_renamed_was_not_built(clone, executor):
    rename = step('ALTER INDEX "Thing %s {x}_pkey" RENAME TO other', 'ALTER INDEX other RENAME TO "Thing %s {x}_pkey"')
    assert rehearsed(clone, executor, rename).passed


# Notes


def test_a_lock_that_is_declared_and_never_taken_is_a_note(clone, executor):
    found = rehearsed(clone, executor, step(ADD, DROP, EXCLUSIVE, Lock(SMALL, LockMode.SHARE_ROW_EXCLUSIVE)))
    assert found.passed
    assert found.steps[0].notes == (
        f"declares SHARE ROW EXCLUSIVE on {SMALL}, and was not seen to take a lock there",
    )  # fmt: skip


def test_a_read_for_which_nobody_waits_is_a_note(clone, executor):
    found = rehearsed(clone, executor, step(f"SELECT count(*) FROM {NAME}"))
    assert found.passed
    assert found.steps[0].notes == (f"reads all of {THING}, and nobody waits for it",)


# Times


def test_a_lock_is_held_until_the_transaction_ends(clone, executor):
    slow = step(f"{ADD}; SELECT pg_sleep(0.2)", DROP, EXCLUSIVE)
    held = rehearsed(clone, executor, slow).steps[0].times
    assert [(time.on, time.mode) for time in held] == [(THING, LockMode.ACCESS_EXCLUSIVE)]
    assert 190 < held[0].hold < 400
    assert held[0].wait == 0


def test_what_goes_before_the_lock_does_not_count(clone, executor):
    late = step(f"SELECT pg_sleep(0.2); {ADD}", DROP, EXCLUSIVE)
    found = rehearsed(clone, executor, late).steps[0]
    assert found.up > 190
    assert found.times[0].hold < 100


def test_waits_are_told_from_holding(clone, db18):
    plan = plan_of(step(ADD, DROP, EXCLUSIVE))
    with psycopg.connect(dsn(db18)) as reader, Tracer(clone.open, plan) as tracer:
        reader.execute(f"SELECT FROM {NAME} LIMIT 1".encode())
        threading.Timer(0.15, reader.rollback).start()
        Executor().run(tracer.open, plan, until=None, on_event=tracer.on_event, before_commit=tracer.before_commit)
        found = tracer.measures()[0].times[0]
    assert 100 < found.wait < 300
    assert found.hold < 100


def test_a_step_outside_of_a_transaction(clone, executor):
    index = step(
        f"CREATE INDEX CONCURRENTLY thing_kind ON {NAME} (md5(md5(kind)))", "DROP INDEX thing_kind",
        Lock(THING, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.BUILD, in_transaction=False,
    )  # fmt: skip
    found = rehearsed(clone, executor, index)
    assert found.passed
    assert by_mode(found.steps[0])[THING] is LockMode.SHARE_UPDATE_EXCLUSIVE
    assert found.steps[0].times[0].hold > 0.5 * found.steps[0].up
    assert found.steps[0].did is Work.BUILD


# Forecast


def sizes(times: int) -> dict[Relation, TableSize]:
    return {THING: TableSize(bytes=times * 1_000_000, rows=times * 20_000)}


def slow_scan() -> Step:
    return step(f"LOCK TABLE {NAME} IN SHARE MODE; SELECT count(*), pg_sleep(0.1) FROM {NAME}", "SELECT 1",
                Lock(THING, LockMode.SHARE), work=Work.SCAN)  # fmt: skip


def test_a_hold_that_is_too_long_at_the_target_fails_the_rehearsal(clone, executor):
    larger = {THING: TableSize(bytes=100_000_000)}
    found = rehearsed(clone, executor, slow_scan(), target_sizes=larger)
    assert list(failed(found)) == [verb.HOLDS_SHORT]
    assert "would hold SHARE on public.Thing %s {x} for" in failed(found)[verb.HOLDS_SHORT]
    assert "writers wait so long; 1 s are allowed" in failed(found)[verb.HOLDS_SHORT]
    assert found.steps[0].at_target.hold > 5_000
    assert found.steps[0].at_target.basis == "linear with bytes"


def test_the_same_hold_passes_at_the_clones_own_size_and_with_a_larger_budget(clone, executor):
    assert rehearsed(clone, executor, slow_scan()).passed
    larger = {THING: TableSize(bytes=100_000_000)}
    assert rehearsed(clone, Executor(), slow_scan(), target_sizes=larger, hold_budget=600_000.0).passed


def test_what_touches_the_catalog_alone_takes_as_long_at_any_size(clone, executor):
    found = rehearsed(clone, executor, step(ADD, DROP, EXCLUSIVE), target_sizes=sizes(1_000_000))
    assert found.passed
    assert found.steps[0].at_target.factor == 1.0
    assert found.steps[0].at_target.basis == "constant"


@pytest.mark.parametrize(
    ("work", "expected", "basis"),
    [
        (Work.INSTANT, 1.0, "constant"), (Work.SCAN, 100.0, "linear with bytes"),
        (Work.REWRITE, 100.0, "linear with bytes"), (Work.BATCHES, 100.0, "linear with rows"),
        (Work.BUILD, 146.5, "rows times their logarithm"),
    ],
)  # fmt: skip
def test_how_each_kind_of_work_grows(work, expected, basis):
    found = growth(work, [THING], Sizes(clone=sizes(1), target=sizes(100)))
    assert found.factor == pytest.approx(expected, rel=0.001)
    assert found.basis == basis


def test_a_batch_is_as_long_at_the_target_and_there_are_more_of_them():
    times = held(LockMode.SHARE, 50.0)
    found = forecast(
        Work.BATCHES, 1000.0, times, growth(Work.BATCHES, [THING], Sizes(clone=sizes(1), target=sizes(9))), 0
    )
    assert (found.duration, found.hold) == (9000.0, pytest.approx(50.0))


def test_the_part_that_does_not_grow_is_taken_off():
    grown = growth(Work.SCAN, [THING], Sizes(clone=sizes(1), target=sizes(1000)))
    found = forecast(Work.SCAN, 3.0, held(LockMode.ACCESS_EXCLUSIVE, 3.0), grown, fixed_part([2.0, 3.0, 90.0]))
    assert found.hold == pytest.approx(3.0)


def test_where_the_sizes_tell_nothing_that_is_said():
    found = growth(Work.SCAN, [THING], Sizes(clone={}, target=sizes(9)))
    assert (found.factor, found.basis) == (1.0, "as on the clone: its tables are empty, or not at the target")


def held(mode: LockMode, milliseconds: float):
    times = LockTimes(whole=False)
    seen = LockState(
        schema=THING.schema, name=THING.name, mode=mode.value, granted=True, transaction="3/1", waited=0, age=0
    )
    times.sampled([seen], 100.0)
    times.at_commit([seen], 100.0 + milliseconds / 1000)
    found = times.times()
    assert found[0].hold == pytest.approx(milliseconds)
    return found


def test_what_the_executor_does_in_between_is_not_the_steps():
    times = LockTimes(whole=False)
    row = LockState(schema="s", name="t", mode="RowExclusiveLock", granted=True, transaction="3/1", waited=0, age=5)
    times.at_commit([row], 100.0)
    analyze = replace(row, mode="ShareUpdateExclusiveLock", transaction="3/2")
    times.sampled([analyze], 100.1)
    assert [time.mode for time in times.times()] == [LockMode.ROW_EXCLUSIVE]


def test_ranges_of_a_batch_are_held_one_after_the_other():
    times = LockTimes(whole=False)
    for number in range(5):
        seen = LockState(
            schema="s", name="t", mode="ShareLock", granted=True, transaction=f"3/{number}", waited=0, age=40
        )
        times.at_commit([seen], 100.0 + number)
    assert times.times()[0].hold == pytest.approx(40.0)


# With the real executor


def test_with_the_real_executor(clone, db18):
    """Its proofs, journal and look-ahead are none of the step's doing."""
    table = f"public.{NAME}"
    column = f"SELECT FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attname = 'n'"
    add = replace(
        step(f"ALTER TABLE {table} ADD COLUMN n int", f"ALTER TABLE {table} DROP COLUMN n", EXCLUSIVE),
        proof=f"SELECT count(*) > 0 FROM {table} WHERE kind IS NOT NULL AND EXISTS ({column})",
    )
    build = replace(
        step(f"CREATE INDEX i ON {table} (n)", "DROP INDEX public.i", Lock(THING, LockMode.SHARE), work=Work.BUILD),
        proof="SELECT to_regclass('public.i') IS NOT NULL",
    )

    def run(open_, plan, *, until, on_event, before_commit):
        return apply_plan(open_, plan, until=until, hooks=Hooks(on_event=on_event, before_commit=before_commit))

    def undo(open_, plan, *, on_event):
        return roll_back(open_, plan, hooks=Hooks(on_event=on_event))

    found = rehearse(plan_of(add, build), clone, run=run, undo=undo, workload=None, plan_hash="")
    assert failed(found) == {}
    assert [one.did for one in found.steps] == [Work.INSTANT, Work.BUILD]
    assert all(0 < time.hold < one.up + 20 for one in found.steps for time in one.times)
    assert from_json(Rehearsal, to_json(found)) == found


# In the reports


def test_the_reports_tell(clone, executor):
    plan = plan_of(slow_scan(), step(ADD, DROP, EXCLUSIVE, Lock(SMALL, LockMode.SHARE_ROW_EXCLUSIVE)))
    larger = {THING: TableSize(bytes=100_000_000)}
    found = rehearse(
        plan, clone, run=executor.run, undo=executor.undo, workload=None, plan_hash="", target_sizes=larger
    )  # fmt: skip
    console = Console(file=io.StringIO(), width=200, highlight=False)
    text.rehearsal(found, console)
    said = console.file.getvalue()
    assert "held" in said
    assert "at the target" in said
    assert "001  would hold SHARE on" in said
    assert "002  note: declares SHARE ROW EXCLUSIVE on public.small" in said
    page = html.render(Story(title="t", plan=plan, rehearsal=found))
    assert "At the target’s size" in page
    assert "linear with bytes" in page
    assert "was not seen to take a lock there" in page
