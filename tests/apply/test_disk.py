"""Room on the disk: foretold from what is there, refused with figures where it certainly is too little."""

import os
from types import SimpleNamespace

import pytest

from apply.small_plan import ITEM, add_column, backfill, build_index, opener, plan_of, put_aside, small_plan, step
from pgrefit.apply import apply_plan, read_run
from pgrefit.apply.disk import Room, free_bytes, take_room
from pgrefit.changes import _proof as proof
from pgrefit.errors import Refused
from pgrefit.model.change import Phase, Way, Work
from pgrefit.model.ddl import ddl

PLAN = plan_of(add_column(), backfill(), put_aside(), build_index())


@pytest.fixture
def large(shop):
    shop.execute(ddl("INSERT INTO {t} (price) SELECT 5 FROM generate_series(1, 20000)", t=ITEM).encode())
    shop.execute(ddl("ANALYZE {t}", t=ITEM).encode())
    return shop


def held(conn):
    query = "SELECT pg_relation_size(c.oid), pg_indexes_size(c.oid) FROM pg_class AS c WHERE c.relname = %s"
    return conn.execute(query, (ITEM.name,)).fetchone()


def test_counts_what_fills_a_new_column_and_builds_an_index(large):
    heap, indexes = held(large)
    room = take_room(large, PLAN.steps)
    assert [(each.step, each.least, each.likely) for each in room.growth] == [
        ("020", heap, heap + indexes),
        ("040", 20_060 * 6, 20_060 * 24),
    ]
    assert room.free > 1 << 20, "on this machine it can be seen"
    assert str(room).startswith(f"about {(heap + indexes + 20_060 * 24) // 1024} kB of disk, at least ")


def test_what_was_foretold_is_what_it_takes(large):
    """The database grows by no less than the least and by about what is likely."""
    query = "SELECT pg_database_size(current_database())"
    before, room = large.execute(query).fetchone()[0], take_room(large, PLAN.steps)
    apply_plan(opener(large), PLAN)
    grown = large.execute(query).fetchone()[0] - before
    assert room.least < grown < 2 * room.likely


def test_a_partial_index_and_one_that_is_not_a_btree_may_be_small(large):
    def index(number, statement):
        return step(
            number, Phase.MIGRATE, "index", work=Work.BUILD, do=(statement,), undo=Way.NOTHING_LEFT,
            proof=proof.index_valid(ITEM), in_transaction=False,
        )  # fmt: skip

    steps = (
        index(10, ddl("CREATE INDEX CONCURRENTLY a ON {t} (price) WHERE price = 1", t=ITEM)),
        index(20, ddl("CREATE INDEX CONCURRENTLY b ON {t} USING brin (price)", t=ITEM)),
    )
    assert take_room(large, steps).growth == ()


def test_refuses_what_cannot_fit_before_anything_is_changed(large, monkeypatch):
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=100, f_frsize=4096))
    with pytest.raises(Refused, match="the disk has no room for the plan") as refused:
        apply_plan(opener(large), PLAN)
    assert refused.value.exit_status == 4
    assert "400 kB are free" in refused.value.what
    assert refused.value.why.startswith("step 020 writes every row of")
    assert read_run(large) is None
    assert apply_plan(opener(large), PLAN, until="010").state == "stopped", "a part that fits is not refused"


def test_a_server_elsewhere_is_not_judged(large, monkeypatch, tmp_path):
    """Its process is none of this machine."""
    monkeypatch.setattr("pgrefit.apply.disk.PROCESSES", tmp_path)
    assert free_bytes(large) is None
    assert "how much is free cannot be seen from here" in str(take_room(large, small_plan().steps))
    assert apply_plan(opener(large), small_plan()).state == "done"


def test_nothing_grows():
    assert str(Room((), 50 << 20)) == "about 0 B of disk, at least 0 B, and WAL; 50 MB are free"
