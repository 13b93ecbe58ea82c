"""Apply, roll back, status: who is asked, what is refused, what stops it, and that it goes on."""

import json
import signal

import psycopg
import pytest

from cli.program import until

WORKER = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pgrefit/apply' AND datname = current_database()"
QUICK = ("--yes", "--lock-timeout", 50, "--tries", 2)


def states(shop) -> list[str]:
    return [row[0] for row in shop("SELECT state FROM pgrefit.step ORDER BY id")]


def test_nobody_to_ask(program, shop, plan):
    said = program("apply", plan, shop.dsn)
    said.refused(
        2, "this changes the database", "--dry-run", "--yes", "12 steps (010 to 120)", "no way back from step 120"
    )
    assert shop.untouched
    assert program("apply", plan, shop.dsn, "--yes", "--until", "010").status == 0
    program("rollback", plan, shop.dsn).refused(2, "this changes the database", "--yes")
    assert states(shop)[0] == "done"


def test_a_dry_run_prints_statements_with_their_locks_and_changes_nothing(program, shop, plan):
    said = program("apply", plan, shop.dsn, "--dry-run")
    assert said.status == 0
    assert "-- 010 expand: add columns" in said.out
    assert "--   ACCESS EXCLUSIVE on public.attempts; catalog only" in said.out
    assert 'ALTER TABLE "public"."attempts" ADD COLUMN "video_id_pgrefit_new" uuid;' in said.out
    assert "there is no way back behind this step" in said.out
    assert shop.untouched
    assert "020" not in program("apply", plan, shop.dsn, "--dry-run", "--until", "010").out
    program("apply", plan, shop.dsn, "--dry-run", "--format", "json").refused(2, "--dry-run prints statements as text")


def test_an_unknown_step_or_phase(program, shop, plan):
    words = (2, "no step extend", "010, 020", "expand, migrate, switch, contract")
    program("apply", plan, shop.dsn, "--yes", "--until", "extend").refused(*words)
    program("apply", plan, shop.dsn, "--dry-run", "--until", "extend").refused(*words)
    program("rollback", plan, shop.dsn, "--yes", "--to", "extend").refused(*words)
    assert shop.untouched


def test_there_and_back_and_to_the_end(program, shop, plan):
    """A rollback's dry run refuses what it would refuse; behind the last step there is no way back."""
    assert "no plan has been applied" in program("status", shop.dsn).out
    for words in (("--yes",), ("--dry-run",)):
        program("rollback", plan, shop.dsn, *words).refused(4, "this plan was not applied to this database")
    program("verify", plan, shop.dsn).refused(4, "has not been applied", "run pgrefit apply first")
    assert shop.untouched

    assert program("apply", plan, shop.dsn, "--yes", "--until", "switch").status == 0
    said = program("status", shop.dsn)
    assert "stopped, 10 of 12 steps" in said.out
    assert "2 steps left, next 110 keep the old spelling" in " ".join(said.out.split())
    back = program("rollback", plan, shop.dsn, "--dry-run")
    assert back.out.index("-- undo 100") < back.out.index("-- undo 010")
    assert "ACCESS EXCLUSIVE on public.attempts" in back.out
    assert states(shop)[:8] == ["done"] * 8
    assert program("rollback", plan, shop.dsn, "--yes").status == 0
    assert "rolled back" in program("status", shop.dsn).out
    program("verify", plan, shop.dsn).refused(4, "was rolled back")

    assert program("apply", plan, shop.dsn, "--yes").status == 0
    assert "Nothing is left to do" in program("status", shop.dsn).out
    assert "Everything holds." in program("verify", plan, shop.dsn).out
    journal = shop("SELECT s::text FROM pgrefit.step AS s UNION ALL SELECT r::text FROM pgrefit.run AS r")
    assert program.password not in str(journal)
    for words in (("--yes",), ("--dry-run",)):
        program("rollback", plan, shop.dsn, *words).refused(4, "line of no return", "120 drop the old columns")
    assert program("rollback", plan, shop.dsn, "--yes", "--to", "120").status == 0
    assert "done, 12 of 12" in program("status", shop.dsn).out
    assert program("apply", plan, shop.dsn).status == 0, "nothing is left to ask about"


def test_a_lock_that_is_never_granted(program, shop, plan):
    with shop.holding("SELECT count(*) FROM attempts") as reader:
        said = program("apply", plan, shop.dsn, *QUICK)
        pid = f"pid {reader.info.backend_pid}, postgres with reporting, for "
        said.refused(5, "step 010", "public.attempts in 2 tries", pid, "SELECT count(*) FROM attempts", "run again")
        assert "  010 retry    try 1: pid" in said.err
        stopped = program("status", shop.dsn)
        assert "stopped, 0 of 12 steps" in stopped.out
        assert pid in " ".join(stopped.out.split())
    assert program("apply", plan, shop.dsn, *QUICK).status == 0


def test_a_table_locked_against_everybody(program, shop, plan):
    """Then not even the schema can be read: who holds it is said just so. An audit goes round it."""
    with shop.holding("LOCK TABLE attempts IN ACCESS EXCLUSIVE MODE") as owner:
        pid = f"pid {owner.info.backend_pid}, postgres with reporting"
        program("apply", plan, shop.dsn, *QUICK).refused(5, "cannot be read", pid, "LOCK TABLE attempts")
        audited = program("audit", shop.dsn)
        assert audited.status == 0, audited.err
        holder = f"could not look at public.attempts: locked by pid {owner.info.backend_pid} (postgres, reporting)"
        assert holder in " ".join(audited.out.split())
        assert "no plan" in program("status", shop.dsn).out
    assert shop.untouched


def test_a_rollback_that_is_not_granted_its_lock(program, shop, plan):
    assert program("apply", plan, shop.dsn, "--yes", "--until", "020").status == 0
    with shop.holding("SELECT FROM attempts"):
        program("rollback", plan, shop.dsn, *QUICK).refused(5, "step 020", "reporting")
        program("apply", plan, shop.dsn, "--yes").refused(4, "is being rolled back", "pgrefit rollback")
        program("apply", plan, shop.dsn, "--dry-run").refused(4, "is being rolled back")
        assert "Its way back was cut short" in program("status", shop.dsn).out
    assert program("rollback", plan, shop.dsn, *QUICK).status == 0


def test_two_at_once_and_status_from_a_second_terminal(program, shop, plan):
    """The second one is refused; status tells how many rows are done and what is waited for."""
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    with shop.holding("SELECT FROM attempts WHERE id = 2000 FOR UPDATE") as clerk:
        first = program.start("apply", plan, shop.dsn, "--yes")
        shop.eventually("SELECT FROM pgrefit.step WHERE id = '030' AND rows > 0 AND message <> ''")
        (pid,) = shop.eventually(WORKER + " ORDER BY backend_start LIMIT 1")
        program("apply", plan, shop.dsn, "--yes").refused(4, "another apply or rollback works", f"pid {pid}, postgres")
        said = " ".join(program("status", shop.dsn).out.split())
        assert "running, 2 of 12 steps" in said
        assert " of about 3,001" in said
        assert f"pid {pid}, postgres with pgrefit/apply, works on it since" in said
        assert f"pid {clerk.info.backend_pid}, postgres with reporting" in said
        found = json.loads(program("status", shop.dsn, "--format", "json").out)
        assert (found["state"], found["worker"]["pid"]) == ("running", pid)
    assert program.wait(first).status == 0


def test_a_run_of_another_plan_is_unfinished(program, shop, plan):
    assert program("apply", plan, shop.dsn, "--yes", "--until", "010").status == 0
    shop("UPDATE pgrefit.run SET plan = 'the other', plan_hash = 'f00'")
    shop("ALTER TABLE attempts DROP COLUMN video_id_pgrefit_new")
    for words in (("apply", "--yes"), ("apply", "--dry-run"), ("rollback", "--yes")):
        said = program(words[0], plan, shop.dsn, words[1])
        assert said.status == 4
    program("apply", plan, shop.dsn, "--yes").refused(4, "a run of another plan is unfinished: the other, stopped")


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_in_the_middle(program, shop, plan, by):
    """Exit status 130; status says so; run again it finishes."""
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    with shop.holding("SELECT FROM attempts WHERE id = 2000 FOR UPDATE"):
        process = program.start("apply", plan, shop.dsn, "--yes")
        shop.eventually("SELECT FROM pgrefit.step WHERE id = '030' AND rows > 0")
        process.send_signal(by)
        said = program.wait(process)
        said.refused(130, "interrupted; run the same command again to go on")
    said = " ".join(program("status", shop.dsn).out.split())
    assert "stopped, 2 of 12 steps" in said
    assert "030 interrupted" in said
    assert "10 steps left, next 030" in said
    assert program("apply", plan, shop.dsn, "--yes").status == 0
    assert shop("SELECT count(*) FROM attempts WHERE video_id IS NOT NULL") == [(3000,)]


def test_our_connection_is_killed_in_the_middle(program, shop, plan):
    assert program("apply", plan, shop.dsn, "--yes", "--until", "expand").status == 0
    with shop.holding("SELECT FROM attempts WHERE id = 2000 FOR UPDATE"):
        process = program.start("apply", plan, shop.dsn, "--yes")
        shop.eventually("SELECT FROM pgrefit.step WHERE id = '030' AND rows > 0")
        shop(f"SELECT pg_terminate_backend(w.pid) FROM ({WORKER}) AS w")
        program.wait(process).refused(5, "the connection to the server was lost", "run again")
    said = " ".join(program("status", shop.dsn).out.split())
    assert "running, 2 of 12 steps" in said
    assert "Nobody works on it: its process was killed or lost the server. 10 steps left, next 030" in said
    assert program("apply", plan, shop.dsn, "--yes").status == 0
    assert "done, 12 of 12 steps" in program("status", shop.dsn).out


def test_the_server_is_restarted_in_the_middle(program, shop, plan):
    with pytest.raises(psycopg.OperationalError), shop.holding("SELECT FROM attempts"):
        process = program.start("apply", plan, shop.dsn, "--yes")
        shop.eventually("SELECT FROM pgrefit.step WHERE id = '010' AND message <> ''")
        shop.cluster.restart()
    program.wait(process).refused(5, "the connection to the server was lost", "run again once the server answers")
    until(lambda: shop("SELECT 1"))
    assert program("apply", plan, shop.dsn, "--yes").status == 0


def test_who_reads_it_may_stop_reading(program, shop, plan):
    """`| head` ends neither an apply nor its exit status."""
    process = program.start("apply", plan, shop.dsn, "--yes")
    process.stdout.close()
    process.stderr.close()
    assert process.wait(60) == 0
    process = program.start("audit", shop.dsn, "--format", "json")
    process.stdout.close()
    assert process.stderr.read().startswith("database: ")
    assert process.wait(60) == 0
