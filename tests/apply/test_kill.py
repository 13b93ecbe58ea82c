"""kill -9 at every boundary, resumed: the same end, and nothing left over."""

import threading
import time
from dataclasses import replace

import psycopg
import pytest

from apply.killing import PROCESS, QUICK, counting, killed
from apply.small_plan import (
    ITEM,
    add_column,
    backfill,
    build_index,
    image,
    invalid_indexes,
    opener,
    plan_of,
    put_aside,
    small_plan,
)
from conftest import dsn
from pgrefit.apply import apply_plan, read_run, roll_back
from pgrefit.model.change import Phase
from pgrefit.model.ddl import ddl


def test_apply_killed_at_every_point_ends_the_same(cluster18, shops):
    """Between transactions, inside of them, between batches: resumed, catalog and rows are as of one straight run."""
    straight, plan = shops(), small_plan()
    hooks, points = counting(lambda: None, 0)
    apply_plan(opener(straight), plan, hooks=hooks, settings=QUICK)
    end = image(cluster18, straight)
    assert len(points) > 30
    for number in range(1, len(points) + 1):
        conn = shops()
        assert killed(apply_plan, conn, plan, number), number
        run = apply_plan(opener(conn), plan, settings=QUICK)
        assert run.state == "done"
        assert [found.rows for found in run.steps[1:3]] == [60, 2]
        assert sum(found.batches for found in run.steps[1:3]) <= 8
        assert image(cluster18, conn) == end, number
        assert invalid_indexes(conn) == 0


def test_rollback_killed_at_every_point_ends_the_same(cluster18, shops):
    plan = small_plan()
    counted = shops()
    start = image(cluster18, counted)
    apply_plan(opener(counted), plan, until=Phase.SWITCH, settings=QUICK)
    hooks, points = counting(lambda: None, 0)
    roll_back(opener(counted), plan, hooks=hooks, settings=QUICK)
    for number in range(1, len(points) + 1):
        conn = shops()
        apply_plan(opener(conn), plan, until=Phase.SWITCH, settings=QUICK)
        assert killed(roll_back, conn, plan, number), number
        assert roll_back(opener(conn), plan, settings=QUICK).state == "rolled back"
        assert image(cluster18, conn) == start, number
        assert invalid_indexes(conn) == 0


@pytest.mark.parametrize("end", ["client", "server"])
def test_killed_within_a_concurrent_build(cluster18, shop, end):
    """The build waits for a writer, its client dies or its server process is ended: an invalid index is left."""
    plan = plan_of(build_index(unique=True))
    with psycopg.connect(dsn(shop)) as writer:
        writer.execute(ddl("UPDATE {t} SET price = price WHERE id = 1", t=ITEM).encode())
        process = PROCESS(target=apply_plan, args=(opener(shop), plan), kwargs={"settings": QUICK})
        process.start()
        while not invalid_indexes(shop):
            time.sleep(0.05)
        if end == "client":
            process.kill()
        else:
            shop.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE%CONCURRENTLY%'"
            )
        process.join(20)
        assert read_run(shop).steps[0].state == "started"
        threading.Timer(2.0, writer.rollback).start()
        run = apply_plan(opener(shop), plan, settings=replace(QUICK, old_snapshot_wait_ms=20_000))
    assert (run.state, invalid_indexes(shop)) == ("done", 0)


def test_a_build_that_ended_after_its_client_died_is_adopted(shop):
    """State 'started' and a valid index: nothing is built twice."""
    plan = plan_of(build_index(unique=True))
    assert killed(apply_plan, shop, plan, 2)  # at the statement
    shop.execute(plan.steps[0].step.do[0].encode())
    oid = shop.execute("SELECT max(indexrelid) FROM pg_index").fetchone()
    assert apply_plan(opener(shop), plan, settings=QUICK).state == "done"
    assert shop.execute("SELECT max(indexrelid) FROM pg_index").fetchone() == oid


def test_no_row_is_lost_while_clients_write(cluster18, shop):
    """Killed again and again in mid-backfill while rows are inserted and changed: each is filled or put aside."""
    plan = plan_of(add_column(), backfill(), put_aside())
    body = """'BEGIN NEW."new price" := NEW.price; RETURN NEW; END'"""
    shop.execute(f"CREATE FUNCTION public.fill() RETURNS trigger LANGUAGE plpgsql AS {body}".encode())
    apply_plan(opener(shop), plan, until="010", settings=QUICK)
    shop.execute(
        ddl("CREATE TRIGGER fill BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW EXECUTE FUNCTION public.fill()", t=ITEM)
        .encode()
    )  # fmt: skip
    stop, written = threading.Event(), []

    def write():
        with psycopg.connect(dsn(shop), autocommit=True) as client:
            while not stop.is_set():
                client.execute(ddl("INSERT INTO {t} (price) VALUES (7)", t=ITEM).encode())
                client.execute(ddl("UPDATE {t} SET price = price + 1 WHERE id % 5 = 0 AND price > 0", t=ITEM).encode())
                written.append(1)

    client = threading.Thread(target=write)
    client.start()
    for number in (6, 5, 4, 5, 6):
        killed(apply_plan, shop, plan, number)
    run = apply_plan(opener(shop), plan, settings=QUICK)
    stop.set()
    client.join()
    rows, filled = shop.execute(
        ddl('SELECT count(*), count(*) FILTER (WHERE "new price" = price) FROM {t}', t=ITEM).encode()
    ).fetchone()
    assert rows == filled
    assert rows + run.quarantined[0].rows == 60 + len(written)
