"""Apply: runs to the end, goes on where it stopped, and says why it stops."""

import os
import signal
import threading
import time
from dataclasses import replace
from functools import partial

import psycopg
import pytest
from psycopg import sql

from apply.small_plan import (
    INDEX,
    ITEM,
    add_column,
    backfill,
    build_index,
    check,
    image,
    invalid_indexes,
    opener,
    plan_of,
    prepared,
    put_aside,
    slow_step,
    small_plan,
    step,
    validate,
)
from conftest import dsn
from pgrefit.apply import Hooks, Settings, apply_plan, describe, read_run, roll_back
from pgrefit.apply.ladder import Try, make_autovacuum_yield
from pgrefit.apply.session import working
from pgrefit.changes import _proof as proof
from pgrefit.errors import (
    AlreadyRunning,
    ConnectionLost,
    LockNotGranted,
    MissingPrivilege,
    ProofFailed,
    Refused,
    StoppedSafely,
    UsageError,
)
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.ddl import Statement, ddl, expression
from pgrefit.model.locks import LockMode
from pgrefit.model.run import Blocker
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import open_session

QUICK = Settings(lock_wait_ms=100, tries=3, pause_ms=(50, 100), first_batch_rows=7, old_snapshot_wait_ms=500)


TABLE_NAME = expression("{t}", t=ITEM)


def states(run):
    return [found.state for found in run.steps]


def table_lock(mode: str) -> bytes:
    return ddl("LOCK TABLE {t} IN ", t=ITEM).encode() + f"{mode} MODE".encode()


def test_runs_every_step_and_notes_it(db):
    """On every server, over hostile names: all rows filled or put aside, the index valid, the old column gone."""
    run = apply_plan(opener(prepared(db)), small_plan(), settings=QUICK)
    assert (run.state, states(run)) == ("done", ["done"] * 8)
    assert [(q.reason, q.rows) for q in run.quarantined] == [("a negative price", 2)]
    filled, aside = run.steps[1], run.steps[2]
    assert (filled.rows, aside.rows) == (60, 2)
    assert filled.batches >= 4
    assert all(found.started_at <= found.finished_at for found in run.steps)
    assert invalid_indexes(db) == 0
    assert db.execute("SELECT passed FROM pgrefit.verification").fetchall() == [(True,)]
    assert db.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,)


def test_a_session_of_ours_serves_as_well(shop):
    run = apply_plan(lambda: open_session(dsn(shop), application="apply"), small_plan(), settings=QUICK)
    assert run.state == "done"


def test_stops_at_a_phase_or_a_step_and_goes_on(shop):
    plan, open_ = small_plan(), opener(shop)
    assert states(apply_plan(open_, plan, until=Phase.EXPAND)) == ["done"] + ["pending"] * 7
    part = apply_plan(open_, plan, until="030")
    assert (part.state, states(part)) == ("stopped", ["done"] * 3 + ["pending"] * 5)
    whole = apply_plan(open_, plan)
    assert (whole.id, whole.state) == (part.id, "done")
    with pytest.raises(UsageError, match="no step 999"):
        apply_plan(open_, plan, until="999")


def test_done_means_nothing_to_do(shop):
    first = apply_plan(opener(shop), small_plan())
    assert apply_plan(opener(shop), small_plan()) == first


def test_skips_a_step_whose_proof_holds_already(shop):
    shop.execute(add_column().step.do[0].encode())
    run = apply_plan(opener(shop), plan_of(add_column(), check()))
    assert states(run) == ["skipped", "done"]
    assert states(roll_back(opener(shop), plan_of(add_column(), check()))) == ["skipped", "undone"]


def test_tables_without_rows_finish_at_once(shop):
    shop.execute(ddl("DELETE FROM {t}", t=ITEM).encode())
    run = apply_plan(opener(shop), small_plan())
    assert run.state == "done"
    assert [found.batches for found in run.steps[1:3]] == [0, 0]


def test_refuses_while_another_plan_is_unfinished(shop):
    apply_plan(opener(shop), plan_of(add_column(), check(), name="the other"), until="010")
    with pytest.raises(Refused, match="the other, stopped"):
        apply_plan(opener(shop), small_plan())


def test_a_second_apply_names_the_first(shop):
    """While one is at work the other one changes nothing and says who is there."""
    entered, leave = threading.Event(), threading.Event()

    def hold(_conn, _step):
        entered.set()
        leave.wait(20)

    job = partial(apply_plan, opener(shop), plan_of(add_column()), hooks=Hooks(before_commit=hold))
    first = threading.Thread(target=job)
    first.start()
    entered.wait(20)
    with pytest.raises(AlreadyRunning) as refused:
        apply_plan(opener(shop), plan_of(add_column()))
    leave.set()
    first.join()
    assert "postgres with pgrefit/apply, since 20" in refused.value.why


def test_names_who_holds_the_lock(shop):
    """The ladder ends with pid, user, application and query of the session that is in the way; nothing is left."""
    with psycopg.connect(dsn(shop), application_name="reports") as blocker:
        blocker.execute(table_lock("ACCESS SHARE"))
        blocker.execute("SELECT 'a long report'")
        told = []
        with pytest.raises(LockNotGranted) as refused:
            apply_plan(opener(shop), plan_of(add_column()), hooks=Hooks(on_event=told.append), settings=QUICK)
        said = refused.value.why
        assert f"pid {blocker.info.backend_pid}" in said
    assert "postgres with reports" in said
    assert "a long report" in said
    assert [event.kind for event in told] == ["step started", "retry", "retry"]
    run = read_run(shop)
    assert (run.state, states(run)) == ("stopped", ["pending"])
    assert run.steps[0].message.endswith(said)
    assert apply_plan(opener(shop), plan_of(add_column())).state == "done"


def test_gets_its_lock_when_the_blocker_leaves(shop):
    with psycopg.connect(dsn(shop)) as blocker:
        blocker.execute(table_lock("ROW EXCLUSIVE"))
        timer = threading.Timer(0.4, blocker.commit)
        timer.start()
        settings = replace(QUICK, tries=20)
        run = apply_plan(opener(shop), plan_of(add_column()), settings=settings)
        timer.join()
    assert run.steps[0].tries > 1


def test_a_row_held_by_a_client_stops_a_batch_safely(shop):
    plan = plan_of(add_column(), backfill())
    with psycopg.connect(dsn(shop)) as blocker:
        apply_plan(opener(shop), plan, until="010")
        blocker.execute(ddl("UPDATE {t} SET price = 5 WHERE id = 30", t=ITEM).encode())
        with pytest.raises(LockNotGranted) as refused:
            apply_plan(opener(shop), plan, settings=QUICK)
        assert str(blocker.info.backend_pid) in refused.value.why
    assert apply_plan(opener(shop), plan, settings=QUICK).state == "done"


def test_waits_for_no_old_snapshot_for_ever(shop):
    """CREATE INDEX CONCURRENTLY is not even begun while a transaction is open that it would have to wait for."""
    with psycopg.connect(dsn(shop)) as old:
        old.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        old.execute("SELECT 1")
        time.sleep(1.1)
        told = []
        plan = plan_of(build_index(unique=True))
        with pytest.raises(LockNotGranted, match="040") as refused:
            apply_plan(opener(shop), plan, hooks=Hooks(on_event=told.append), settings=QUICK)
        assert f"pid {old.info.backend_pid}" in refused.value.why
    assert "waiting" in [event.kind for event in told]
    assert invalid_indexes(shop) == 0
    assert apply_plan(opener(shop), plan, settings=QUICK).state == "done"


def test_cleans_the_index_that_a_failed_build_leaves(shop):
    """Duplicates refuse the unique index: the wreck is gone, the server's words are told, and it can be mended."""
    shop.execute(ddl("UPDATE {t} SET price = 7 WHERE id IN (1, 2)", t=ITEM).encode())
    with pytest.raises(StoppedSafely) as refused:
        apply_plan(opener(shop), plan_of(build_index(unique=True)), settings=QUICK)
    assert "(price)=(7)" in refused.value.why
    assert invalid_indexes(shop) == 0
    assert shop.execute("SELECT to_regclass(%s)", (f'"{INDEX.schema}"."{INDEX.name}"',)).fetchone() == (None,)
    shop.execute(ddl("UPDATE {t} SET price = -id WHERE price = 7", t=ITEM).encode())
    assert apply_plan(opener(shop), plan_of(build_index(unique=True)), settings=QUICK).state == "done"


def test_explains_what_the_server_refuses(shop):
    """Rows that break the check: exit 5, with the server's reason, and nothing half done."""
    plan = plan_of(add_column(), backfill(), check(), validate())
    with pytest.raises(StoppedSafely, match="step 060 failed") as refused:
        apply_plan(opener(shop), plan)
    assert "SQLSTATE 23514" in refused.value.why
    assert states(read_run(shop)) == ["done", "done", "done", "pending"]


def test_a_proof_that_does_not_hold_rolls_the_step_back(shop):
    wrong = add_column()
    wrong = replace(wrong, step=replace(wrong.step, proof=proof.column_exists(ITEM, "another")))
    with pytest.raises(ProofFailed, match="step 010"):
        apply_plan(opener(shop), plan_of(wrong))
    assert shop.execute(proof.column_exists(ITEM, "new price").encode()).fetchone() == (False,)


def test_goes_over_the_rows_again_until_the_proof_holds(shop):
    """A row that somebody writes behind the cursor is caught by the next pass."""
    plan = plan_of(add_column(), backfill())
    late = []

    def write_once(event):
        if event.kind == "batch" and event.rows >= 30 and not late:
            late.append(shop.execute(ddl('UPDATE {t} SET "new price" = NULL WHERE id = 1', t=ITEM).encode()))

    run = apply_plan(opener(shop), plan, hooks=Hooks(on_event=write_once), settings=QUICK)
    assert run.steps[1].rows == 61


def test_gives_up_after_three_passes(shop):
    never = backfill()
    never = replace(never, step=replace(never.step, proof=Statement("SELECT false")))
    with pytest.raises(ProofFailed, match="step 020"):
        apply_plan(opener(shop), plan_of(add_column(), never), settings=QUICK)


def test_contracts_nothing_when_the_verification_fails(shop):
    """Somebody made the check anew and did not validate it: the old column stays, the failed check is stored."""
    plan = small_plan()
    apply_plan(opener(shop), plan, until=Phase.SWITCH)
    shop.execute(ddl('ALTER TABLE {t} DROP CONSTRAINT "Positive"', t=ITEM).encode())
    shop.execute(ddl('ALTER TABLE {t} ADD CONSTRAINT "Positive" CHECK (price >= 0) NOT VALID', t=ITEM).encode())
    with pytest.raises(ProofFailed, match="before the contract phase") as refused:
        apply_plan(opener(shop), plan)
    assert "Positive" in refused.value.why
    assert shop.execute(proof.column_exists(ITEM, "old price").encode()).fetchone() == (True,)
    assert shop.execute("SELECT passed FROM pgrefit.verification").fetchall() == [(False,)]


def test_a_role_without_the_privilege_is_told_which(shop):
    role = sql.Identifier(f"clerk_{shop.info.dbname}")
    shop.execute(sql.SQL("CREATE ROLE {}").format(role))

    def open_():
        conn = opener(shop)()
        conn.execute(sql.SQL("SET ROLE {}").format(role))
        return conn

    with pytest.raises(MissingPrivilege, match="may not create the schema pgrefit") as refused:
        apply_plan(open_, small_plan())
    assert "CREATE on database" in refused.value.why
    shop.execute(sql.SQL("CREATE SCHEMA pgrefit AUTHORIZATION {}").format(role))
    with pytest.raises(MissingPrivilege, match="nothing was changed") as refused:
        apply_plan(open_, small_plan())
    assert f"ownership of {ITEM} (postgres has it)" in refused.value.why
    assert read_run(shop) is None
    shop.execute(sql.SQL("DROP OWNED BY {}").format(role))
    shop.execute(sql.SQL("DROP ROLE {}").format(role))


def test_rows_hidden_by_a_policy_are_not_passed_over(shop):
    """A role that would not see all rows is refused instead of filling some of them."""
    role = sql.Identifier(f"owner_{shop.info.dbname}")
    table = sql.Identifier(ITEM.schema, ITEM.name)
    for text in (
        "CREATE ROLE {role}", "GRANT ALL ON SCHEMA {schema} TO {role}", "ALTER TABLE {table} OWNER TO {role}",
        "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY", "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
        "CREATE POLICY few ON {table} USING (id < 5)", "CREATE SCHEMA pgrefit AUTHORIZATION {role}",
    ):  # fmt: skip
        shop.execute(sql.SQL(text).format(role=role, table=table, schema=sql.Identifier(ITEM.schema)))

    def open_():
        conn = opener(shop)()
        conn.execute(sql.SQL("SET ROLE {}").format(role))
        return conn

    with pytest.raises(MissingPrivilege):
        apply_plan(open_, plan_of(add_column(), backfill()))
    shop.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(role))
    shop.execute(sql.SQL("DROP OWNED BY {}").format(role))
    shop.execute(sql.SQL("DROP ROLE {}").format(role))


def test_control_c_cancels_the_statement_and_can_be_resumed(shop):
    """The server stops working at once, the step leaves nothing, and the journal says 'stopped'."""
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        apply_plan(opener(shop), plan_of(slow_step()))
    assert time.monotonic() - began < 8
    run = read_run(shop)
    assert (run.state, states(run)) == ("stopped", ["pending"])
    assert shop.execute("SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(%' AND state = 'active'"
                        " AND pid <> pg_backend_pid()").fetchone() == (0,)  # fmt: skip
    assert shop.execute(proof.column_exists(ITEM, "new price").encode()).fetchone() == (False,)


def test_a_restart_of_the_server_stops_it_safely():
    """Exit 5 in the middle of the batches; run again it goes on at its cursor."""
    with Cluster(18) as own:
        plan = small_plan()
        restarted = []

        def restart(event):
            if event.kind == "batch" and event.step == "020" and event.rows >= 20 and not restarted:
                restarted.append(event.rows)
                own.restart()

        open_ = partial(psycopg.connect, own.dsn(), autocommit=True)
        with open_() as conn:
            prepared(conn)
        with pytest.raises(ConnectionLost):
            apply_plan(open_, plan, hooks=Hooks(on_event=restart), settings=QUICK)
        with open_() as conn:
            stopped = read_run(conn)
            assert (stopped.state, stopped.steps[1].state) == ("running", "started")
            assert stopped.steps[1].cursor == (str(restarted[0]),)
            run = apply_plan(open_, plan, settings=QUICK)
            assert (run.id, run.state, run.steps[1].rows) == (stopped.id, "done", 60)


def test_the_end_is_the_same_without_the_small_batches(cluster18, shops):
    one, other = shops(), shops()
    apply_plan(opener(one), small_plan(), settings=QUICK)
    apply_plan(opener(other), small_plan())
    assert image(cluster18, one) == image(cluster18, other)


def test_describes_what_it_would_run(shop):
    lines = list(describe(small_plan()))
    assert any("CREATE INDEX CONCURRENTLY" in line for line in lines)
    assert any(line.startswith("--   ACCESS EXCLUSIVE on") for line in lines)
    assert "--   there is no way back behind this step" in lines
    run = apply_plan(opener(shop), small_plan(), until="070")
    left = list(describe(small_plan(), run))
    assert [line[:6] for line in left if line.startswith("-- 0")] == ["-- 080"]


def test_hooks_see_the_locks_of_the_statements(shop):
    """before_commit is called inside the transaction, with the step's lock held."""
    seen = {}

    def look(conn, at):
        modes = conn.execute(
            "SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = to_regclass(%s)",
            (TABLE_NAME,),
        ).fetchall()
        seen[at.id] = {mode for (mode,) in modes}

    apply_plan(opener(shop), plan_of(add_column(), backfill(), put_aside()), hooks=Hooks(before_commit=look))
    assert LockMode.ACCESS_EXCLUSIVE.value in seen["010"]
    assert LockMode.ROW_EXCLUSIVE.value in seen["020"]


def test_a_strong_lock_outside_of_a_transaction_is_not_queued_for(shop):
    """VACUUM FULL gives up in time instead of having every client wait behind it."""
    vacuum = step(
        10, Phase.CONTRACT, "rewrite", work=Work.REWRITE, do=(ddl("VACUUM FULL {t}", t=ITEM),), undo=Way.NOTHING_LEFT,
        proof=Statement("SELECT false"), in_transaction=False,
    )  # fmt: skip
    with psycopg.connect(dsn(shop)) as reader:
        reader.execute(table_lock("ACCESS SHARE"))
        with pytest.raises(LockNotGranted, match="step 010"):
            apply_plan(opener(shop), plan_of(vacuum), settings=QUICK)


def test_an_autovacuum_in_the_way_is_made_to_yield_without_a_queue(shop):
    """After a refusal by an autovacuum the step first takes a lock that conflicts with autovacuums and no client."""
    by = Blocker(pid=1, user="", application="autovacuum worker", since_seconds=60.0, query="autovacuum: VACUUM x")
    with working(opener(shop), Hooks(), QUICK) as work, work.conn.transaction():
        make_autovacuum_yield(work, add_column(), Try(1))
        make_autovacuum_yield(work, add_column(), Try(2, (by,)))
        held = shop.execute("SELECT mode FROM pg_locks WHERE relation = to_regclass(%s)", (TABLE_NAME,)).fetchall()
        assert held == [("ShareUpdateExclusiveLock",)]
        with psycopg.connect(dsn(shop), options="-c lock_timeout=100") as client:
            client.execute(ddl("UPDATE {t} SET price = price WHERE id = 1", t=ITEM).encode())
