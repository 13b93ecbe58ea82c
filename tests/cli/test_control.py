"""Pause, resume and stop from a second terminal, as real processes; status says where things stand."""

import json
import re

import pytest

from cli.program import until

WORKER = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgrefit/apply' AND datname = current_database()"
HELD = "SELECT FROM attempts WHERE id = 2000 FOR UPDATE"


def said_by_status(program, shop) -> str:
    return " ".join(program("status", shop.dsn).out.split())


@pytest.fixture
def at_work(program, shop, plan):
    """An apply in the midst of a backfill, held up there by a client."""
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    with shop.holding(HELD) as client:
        process = program.start("apply", plan, shop.dsn, "--yes")
        shop.eventually("SELECT FROM pgrefit.step WHERE id = '030' AND rows > 0 AND message <> ''")
        yield process, client


def test_nothing_to_pause_resume_or_stop(program, shop, plan):
    for verb in ("pause", "resume", "stop"):
        program(verb, shop.dsn).refused(4, "no plan has been applied to this database")
    assert shop.untouched
    assert program("apply", plan, shop.dsn, "--yes", "--until", "010").status == 0
    program("pause", shop.dsn).refused(4, "there is nothing to pause", "left unfinished", "pgrefit apply PLAN")
    program("resume", shop.dsn).refused(4, "there is nothing to resume", "pgrefit apply PLAN")
    said = program("stop", shop.dsn)
    assert (said.status, said.out) == (0, "refit is stopped, and nobody works on it: nothing to stop\n")


def test_paused_and_resumed(program, shop, at_work):
    """It waits with no lock on any table and no transaction; twice said is once said."""
    process, client = at_work
    said = program("pause", shop.dsn)
    assert said.status == 0
    assert "pauses before its next batch or step; it is at step 030" in said.out
    shop.eventually("SELECT FROM pgrefit.run WHERE waits LIKE 'paused%'")  # between two tries: not in the last batch
    client.rollback()
    idle = f"SELECT count(*) FROM pg_locks WHERE pid IN ({WORKER}) AND locktype <> 'advisory'"
    until(lambda: shop(idle) == [(0,)])
    assert shop(f"{WORKER} AND state <> 'idle'") == []
    assert "is paused already" in program("pause", shop.dsn).out
    status = said_by_status(program, shop)
    assert "Paused by postgres from 127.0.0.1 at 20" in status
    assert "`pgrefit resume` goes on" in status
    assert re.search(r"Step 030: [\d,]+ rows passed of about 3,001, [\d.]+ %", status)
    assert "unknown: it is paused" in status
    found = json.loads(program("status", shop.dsn, "--format", "json").out)
    assert (found["order"]["order"], found["progress"]["because"]) == ("pause", "it is paused")
    assert "is paused no longer" in program("resume", shop.dsn).out
    ended = program.wait(process)
    assert ended.status == 0
    assert "paused   paused by postgres from 127.0.0.1" in ended.err
    assert "  030 resumed" in ended.err


def test_stopped_and_gone_on_with(program, shop, plan, at_work):
    process, client = at_work
    assert "stops before its next batch or step; it is at step 030" in program("stop", shop.dsn).out
    program.wait(process).refused(5, "stopped before step 030 was done", "asked to by postgres from 127.0.0.1", "again")
    status = said_by_status(program, shop)
    assert "stopped, 2 of 12 steps" in status
    assert "030 stopped before step 030 was done" in status
    client.rollback()
    assert program("apply", plan, shop.dsn, "--yes").status == 0


def test_killed_while_it_is_paused(program, shop, plan, at_work):
    """kill -9: status says that nobody is at it; who takes it up waits until it is resumed."""
    process, client = at_work
    assert program("pause", shop.dsn).status == 0
    shop.eventually("SELECT FROM pgrefit.run WHERE waits LIKE 'paused%'")  # between two tries: not in the last batch
    client.rollback()
    process.kill()
    process.wait()
    until(lambda: shop(WORKER) == [])
    status = said_by_status(program, shop)
    assert "Nobody works on it: its process was killed or lost the server" in status
    assert "whoever takes it up waits for `pgrefit resume`" in status
    program("pause", shop.dsn).refused(4, "nobody applies a plan")
    assert "nobody works on it: pgrefit apply goes on" in program("resume", shop.dsn).out
    assert program("apply", plan, shop.dsn, "--yes").status == 0
    assert shop("SELECT count(*) FROM attempts WHERE video_id IS NOT NULL") == [(3000,)]


def test_throttled_by_what_the_options_say(program, shop, plan, empty):
    """While a session of others is active more than are allowed; --throttle off passes it."""
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    sleep = "import psycopg, sys; psycopg.connect(sys.argv[1]).execute('SELECT pg_sleep(60), pg_sleep(60)')"
    crowd = [program.start_python(sleep, empty) for _ in range(2)]
    try:
        until(lambda: len(shop("SELECT FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%'")) == 2)
        process = program.start("apply", plan, shop.dsn, "--yes", "--max-active", 1)
        shop.eventually("SELECT FROM pgrefit.run WHERE waits <> ''")
        assert "It waits: 2 sessions are active, more than 1, since " in said_by_status(program, shop)
        assert program("stop", shop.dsn).status == 0
        program.wait(process).refused(5, "asked to by")
        assert program("apply", plan, shop.dsn, "--yes", "--max-active", 1, "--throttle", "off").status == 0
    finally:
        for each in crowd:
            each.kill()


def test_limits_that_are_none(program, shop, plan):
    program("apply", plan, shop.dsn, "--throttle", "sometimes").refused(2, "--throttle", "polite")
    program("apply", plan, shop.dsn, "--max-active", 0).refused(2, "--max-active")
    assert shop.untouched
    said = program("apply", plan, shop.dsn, "--yes", "--throttle", "polite", "--max-replica-lag", 0)
    assert said.status == 0


def test_a_role_that_lacks_privileges_is_told_which_before_anything_is_changed(program, shop, plan, as_role):
    shop(f'GRANT CREATE ON DATABASE "{shop.name}" TO creator')
    for words in (("--yes",), ("--dry-run",)):
        program("apply", plan, as_role("creator"), *words).refused(
            3, "role creator may not do what the plan needs", "ownership of public.attempts (postgres has it)",
            "UPDATE on public.attempts",
        )  # fmt: skip
    assert shop.untouched


def test_a_dry_run_foretells_the_room(program, shop, plan):
    said = program("apply", plan, shop.dsn, "--dry-run")
    assert re.search(r"-- takes about \d+ kB of disk, at least \d+ kB, and WAL; \d+ GB are free", said.out)
