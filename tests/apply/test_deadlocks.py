"""Where a client and a step wait for each other it is the step that gives way, and soon."""

import threading
import time

import psycopg
import pytest
from psycopg import sql

from apply.small_plan import ITEM, opener, plan_of, step
from apply.test_shelf import plan_for
from conftest import dsn
from pgrefit.apply import Hooks, Settings, apply_plan, read_run, roll_back
from pgrefit.apply.session import working
from pgrefit.changes import _proof as proof
from pgrefit.changes.repack_table import EXAMPLE
from pgrefit.errors import LockNotGranted
from pgrefit.model.change import Phase, Way
from pgrefit.model.ddl import ddl

LOCKS = 5


def await_waiter(conn: psycopg.Connection, table: str) -> None:
    """Until our session waits for a lock on that table."""
    query = "SELECT FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
    while not conn.execute(query, (table,)).fetchall():
        time.sleep(0.005)


@pytest.mark.parametrize("back", [False, True], ids=["forth", "back"])
def test_a_client_within_a_transaction_is_never_the_victim(db, back):
    """It has the parent and wants the table; the step that drops or adds a foreign key of the copy has it and wants the
    parent."""
    db.execute("CREATE SCHEMA shop")
    db.execute(EXAMPLE.start.encode())
    plan, open_ = plan_for(db, EXAMPLE), opener(db)
    first = next(s.id for s in plan.steps if "refer to shop.buyer" in s.step.title)
    apply_plan(open_, plan, until=first if back else plan.steps[2].id)
    ours = threading.Thread(target=lambda: roll_back(open_, plan) if back else apply_plan(open_, plan, until=first))
    with psycopg.connect(dsn(db)) as client:
        client.execute("SET deadlock_timeout = '400ms'")  # less than is usual: it looks before we would
        client.execute("LOCK TABLE shop.buyer IN ROW EXCLUSIVE MODE")
        ours.start()
        await_waiter(db, "shop.buyer")
        client.execute(EXAMPLE.writes)
        client.execute(EXAMPLE.writes)
    ours.join()
    states = {found.id: found.state for found in read_run(db).steps}
    assert states[first] == ("undone" if back else "done")


def test_the_locks_of_a_step_share_one_wait(shop):
    """Each lock comes in time, all of them together do not: who waits for the first is not made to wait for the sum."""
    wait = Settings(lock_wait_ms=300, tries=1)
    names = [ITEM.beside(f"other {number}") for number in range(LOCKS)]
    for name in names:
        shop.execute(ddl("CREATE TABLE {t} ()", t=name).encode())
    holders = [psycopg.connect(dsn(shop)) for _ in names]
    for holder, name in zip(holders, names, strict=True):
        holder.execute(ddl("LOCK TABLE {t}", t=name).encode())
    timers = [threading.Timer(0.2 * number, holder.commit) for number, holder in enumerate(holders, 1)]
    locks = step(
        10, Phase.SWITCH, "take many locks", do=tuple(ddl("LOCK TABLE {t}", t=name) for name in (ITEM, *names)),
        undo=Way.NOTHING_LEFT, proof=proof.negated(proof.column_exists(ITEM, "id")),
    )  # fmt: skip
    for timer in timers:
        timer.start()
    with pytest.raises(LockNotGranted):
        apply_plan(opener(shop), plan_of(locks), settings=wait)
    for timer, holder in zip(timers, holders, strict=True):
        timer.join()
        holder.close()


def test_a_server_that_looks_for_deadlocks_early_is_not_waited_for(shop):
    """Where deadlock_timeout is short, so are the waits of all sessions of a run."""
    shop.execute(sql.SQL("ALTER DATABASE {} SET deadlock_timeout = '60ms'").format(sql.Identifier(shop.info.dbname)))
    with working(opener(shop), Hooks(), Settings()) as work:
        assert (work.settings.lock_wait_ms, work.settings.batch_lock_wait_ms) == (30, 30)
