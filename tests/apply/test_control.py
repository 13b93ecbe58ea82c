"""An operator pauses, resumes and stops a run from another session."""

import threading
import time
from contextlib import contextmanager

import pytest

from apply.small_plan import ITEM, add_column, backfill, check, opener, plan_of, small_plan
from pgrefit.apply import Hooks, Settings, apply_plan, install, read_run, roll_back
from pgrefit.apply.control import pause, resume, stop
from pgrefit.apply.status import take_status
from pgrefit.errors import MissingPrivilege, Refused, StoppedSafely
from pgrefit.model.change import Phase
from pgrefit.model.ddl import ddl

SMALL = Settings(first_batch_rows=7, max_batch_rows=7)
PLAN = plan_of(add_column(), backfill(), check())


def at_batch(number, do):
    """Hooks that call `do` after so many batches, once."""
    seen = []

    def on_event(event):
        if event.kind == "batch":
            seen.append(event)
            if len(seen) == number:
                do()

    return Hooks(on_event=on_event)


@contextmanager
def applying(conn, plan, verb=apply_plan, **kwargs):
    """A verb at work in a thread; yields where its result or error will be."""
    ended = {}

    def work():
        try:
            ended["run"] = verb(opener(conn), plan, settings=SMALL, **kwargs)
        except StoppedSafely as error:
            ended["error"] = error

    thread = threading.Thread(target=work)
    thread.start()
    yield ended
    thread.join(30)
    assert not thread.is_alive()


def until(found):
    end = time.monotonic() + 20
    while not (result := found()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)
    return result


def locks_of_worker(conn, run):
    """What its session holds, but for the lock that keeps others away, and its transaction."""
    query = (
        "SELECT count(*) FROM pg_locks WHERE pid = %(pid)s AND locktype <> 'advisory' UNION ALL"
        " SELECT count(*) FROM pg_stat_activity WHERE pid = %(pid)s AND (state <> 'idle' OR xact_start > query_start)"
    )
    return [row[0] for row in conn.execute(query, {"pid": run.worker.pid}).fetchall()]


def test_paused_it_holds_nothing_and_resumed_it_ends(shop):
    """Within a batch. Status tells by whom and where; a second pause and a second resume change nothing."""
    with applying(shop, PLAN, hooks=at_batch(3, lambda: pause(shop))) as ended:
        run = until(lambda: (found := take_status(shop)) and found.waits and found)
        assert run.waits.startswith("paused by postgres at 20")
        assert (run.order.order, run.order.by) == ("pause", "postgres")
        assert (run.progress.step, run.progress.done, run.progress.because) == ("020", 28, "it is paused")
        until(lambda: locks_of_worker(shop, run) == [0, 0])
        assert pause(shop)[0] == "paused already"
        time.sleep(0.5)
        assert take_status(shop).steps[1].visited == 28
        assert resume(shop)[0] == "resumed"
        until(lambda: ended)
    assert (ended["run"].state, ended["run"].waits, ended["run"].order.order) == ("done", "", "go")
    with pytest.raises(Refused, match="nothing to resume"):
        resume(shop)


def test_stopped_it_can_be_gone_on_with(shop):
    """Exit status 5; what was done stays, and the next apply is not stopped by the old word."""
    with applying(shop, PLAN, hooks=at_batch(3, lambda: stop(shop))) as ended:
        until(lambda: ended)
    assert isinstance(ended["error"], StoppedSafely)
    assert ended["error"].exit_status == 5
    assert "asked to by postgres" in ended["error"].why
    left = read_run(shop)
    assert (left.state, left.steps[1].state, left.steps[1].visited, left.order.order) == (
        "stopped",
        "started",
        28,
        "go",
    )
    assert "stopped before step 020 was done" in left.steps[1].message
    assert stop(shop)[0] == "nobody works"
    run = apply_plan(opener(shop), PLAN, settings=SMALL)
    assert (run.id, run.state, run.steps[1].rows) == (left.id, "done", 60)


def test_stopped_while_paused(shop):
    with applying(shop, PLAN, hooks=at_batch(2, lambda: pause(shop))) as ended:
        until(lambda: (found := take_status(shop)) and found.waits)
        assert stop(shop)[0] == "stopping"
        until(lambda: ended)
    assert isinstance(ended["error"], StoppedSafely)


def test_stopped_between_steps_and_while_it_waits_for_a_lock(shop):
    told = []

    def on_event(event):
        told.append(event)
        if event.kind == "step done" and event.step == "020":
            stop(shop)

    with pytest.raises(StoppedSafely, match="before step 050 was done"):
        apply_plan(opener(shop), PLAN, hooks=Hooks(on_event=on_event), settings=SMALL)
    opened = opener(shop)()
    with opened.transaction():
        opened.execute(ddl("LOCK TABLE {t} IN ACCESS SHARE MODE", t=ITEM).encode())
        with applying(shop, PLAN) as ended:
            until(lambda: "try 1" in read_run(shop).steps[2].message)
            stop(shop)
            until(lambda: ended)
    opened.close()
    assert "stopped before step 050" in str(ended["error"])


def test_a_stop_that_came_too_late_is_forgotten(shop):
    """Given in the last batch of a run that then came to its end where it was told to."""
    apply_plan(opener(shop), PLAN, until="010", settings=SMALL)
    shop.execute("UPDATE pgrefit.run SET control = 'stop'")
    assert apply_plan(opener(shop), PLAN, settings=SMALL).state == "done"


def test_a_pause_outlives_the_process(shop):
    """Whoever takes the run up waits: the operator said so, and has not taken it back."""
    apply_plan(opener(shop), PLAN, until="010", settings=SMALL)
    with pytest.raises(Refused, match="nothing to pause") as refused:
        pause(shop)
    assert "pgrefit apply PLAN" in refused.value.next_step
    shop.execute("UPDATE pgrefit.run SET control = 'pause', control_by = 'anna', control_at = now()")
    with applying(shop, PLAN) as ended:
        run = until(lambda: (found := take_status(shop)) and found.waits and found)
        assert "anna" in run.waits
        resume(shop)
        until(lambda: ended)
    assert ended["run"].state == "done"
    shop.execute("UPDATE pgrefit.run SET control = 'pause', state = 'stopped'")
    assert resume(shop)[0] == "resumed", "nobody works on it: it only is paused no longer"


def test_a_rollback_obeys_too(shop):
    plan = small_plan()
    apply_plan(opener(shop), plan, until=Phase.MIGRATE, settings=SMALL)
    with applying(shop, plan, roll_back, hooks=at_batch(1, lambda: stop(shop))) as ended:
        until(lambda: ended)
    assert isinstance(ended["error"], StoppedSafely)
    assert read_run(shop).state == "rolling back"
    assert roll_back(opener(shop), plan, settings=SMALL).state == "rolled back"


def test_nothing_was_ever_applied(shop):
    for verb in (pause, resume, stop):
        with pytest.raises(Refused, match="no plan has been applied"):
            verb(shop)


def test_a_journal_of_an_older_release_is_read_and_brought_up_to_date(shop):
    apply_plan(opener(shop), PLAN, until="010", settings=SMALL)
    for table, columns in {
        "run": ("control", "control_by", "control_at", "waits", "waits_since"),
        "step": ("visited", "rate", "mean_rate"),
    }.items():
        for column in columns:
            shop.execute(f"ALTER TABLE pgrefit.{table} DROP COLUMN {column}".encode())
    old = take_status(shop)
    assert (old.state, old.order.order, old.steps[0].state) == ("stopped", "go", "done")
    run = apply_plan(opener(shop), PLAN, settings=SMALL)
    assert (run.id, run.state) == (old.id, "done")
    install(shop)


def test_an_older_journal_of_another_role(shop):
    install(shop)
    shop.execute("ALTER TABLE pgrefit.run DROP COLUMN document")
    role = f"clerk_{shop.info.dbname}"
    shop.execute(f"CREATE ROLE {role}".encode())
    shop.execute(f"GRANT ALL ON SCHEMA pgrefit TO {role}".encode())
    shop.execute(f"SET ROLE {role}".encode())
    with pytest.raises(MissingPrivilege, match="up to date") as refused:
        install(shop)
    assert "belong to postgres" in refused.value.why
    shop.execute("RESET ROLE")
    shop.execute(f"DROP OWNED BY {role}".encode())
    shop.execute(f"DROP ROLE {role}".encode())
