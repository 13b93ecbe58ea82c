"""kill -9 at every point of a key graph's switch, and of its way back: run again, it ends as if nothing had been."""

from collections.abc import Callable, Iterator
from functools import partial

import psycopg
import pytest

from apply.killing import QUICK, counting, killed
from apply.small_plan import invalid_indexes, opener
from changes.clients import plan_for
from conftest import dsn
from pgrefit.apply import apply_plan, roll_back
from pgrefit.changes import examples
from pgrefit.model.change import Phase
from pgrefit.model.plan import Plan
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.dump import dump_schema
from step_runner import checksums, start

EVERY = 3  # so manieth point before and after the switch; of the switch all
until_switch = partial(apply_plan, until=Phase.SWITCH)


@pytest.fixture
def graphs(cluster18: Cluster) -> Iterator[tuple[Plan, Callable[[str], psycopg.Connection]]]:
    """The plan of the example, and how to get a fresh database where it stands as it does in one of the templates."""
    example, made = examples()["retype_key"], list[psycopg.Connection]()
    cluster18.create_database("graph_start")
    with psycopg.connect(cluster18.dsn("graph_start"), autocommit=True) as conn:
        start(conn, example.start)
        plan = plan_for(conn, example.change)
    cluster18.create_database("graph_switched", "graph_start")
    with psycopg.connect(cluster18.dsn("graph_switched"), autocommit=True) as conn:
        until_switch(opener(conn), plan, settings=QUICK)

    def fresh(template: str) -> psycopg.Connection:
        name = f"graph_{len(made)}"
        cluster18.create_database(name, template)
        made.append(psycopg.connect(cluster18.dsn(name), autocommit=True))
        return made[-1]

    yield plan, fresh
    for number, conn in enumerate(made):
        conn.close()
        cluster18.drop_database(f"graph_{number}")
    for name in ("graph_switched", "graph_start"):
        cluster18.drop_database(name)


def state(conn: psycopg.Connection) -> tuple[str, dict[str, str]]:
    """What is there, but for the journal."""
    return dump_schema(dsn(conn)), checksums(conn)


def points(verb, conn: psycopg.Connection, plan: Plan) -> int:
    hooks, seen = counting(lambda: None, 0)
    verb(opener(conn), plan, hooks=hooks, settings=QUICK)
    return len(seen)


def test_switch_killed_at_every_point(graphs) -> None:
    plan, fresh = graphs
    straight = fresh("graph_start")
    total = points(until_switch, straight, plan)
    end = state(straight)
    before = points(partial(apply_plan, until=Phase.MIGRATE), fresh("graph_start"), plan)
    assert before < total
    for number in (*range(1, before, EVERY), *range(before, total + 1)):
        conn = fresh("graph_start")
        assert killed(until_switch, conn, plan, number), number
        assert until_switch(opener(conn), plan, settings=QUICK).state != "failed"
        assert state(conn) == end, number
        assert invalid_indexes(conn) == 0


def test_way_back_killed_at_every_point(graphs) -> None:
    plan, fresh = graphs
    began = state(fresh("graph_start"))
    total = points(roll_back, fresh("graph_switched"), plan)
    for number in (*range(1, total // 2), *range(total // 2, total + 1, EVERY)):
        conn = fresh("graph_switched")
        assert killed(roll_back, conn, plan, number), number
        assert roll_back(opener(conn), plan, settings=QUICK).state == "rolled back"
        assert state(conn) == began, number
        assert invalid_indexes(conn) == 0
