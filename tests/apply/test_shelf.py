"""Every change of the shelf through the real executor: forth, verified, back, and forth to its end."""

import importlib
import pkgutil

import psycopg
import pytest

import pgrefit.changes
from apply.small_plan import opener
from pgrefit.apply import Settings, apply_plan, roll_back, verify
from pgrefit.model.change import Example, Phase
from pgrefit.model.codec import fingerprint
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.observe.snapshot import take_snapshot
from step_runner import checksums

SMALL = Settings(first_batch_rows=17, max_batch_rows=17)
SHELF = [module.name for module in pkgutil.iter_modules(pgrefit.changes.__path__) if not module.name.startswith("_")]


def plan_for(conn: psycopg.Connection, example: Example) -> Plan:
    steps = [
        PlanStep(id=f"{number * 10:03}", change=example.change.title, step=step)
        for number, step in enumerate(example.change.steps(take_snapshot(conn)), 1)
    ]
    return Plan(
        name="example", created="2026-11-21T12:00:00Z", database=conn.info.dbname,
        server_version=conn.info.server_version, fingerprint="", steps=tuple(steps),
    )  # fmt: skip


def failed(conn, plan, run):
    return [check for check in verify(conn, plan, run).checks if not check.passed]


@pytest.mark.parametrize("name", SHELF)
def test_there_and_back_and_there_again(db18, name):
    example = importlib.import_module(f"pgrefit.changes.{name}").EXAMPLE
    db18.execute("CREATE SCHEMA shop")
    db18.execute(example.start.encode())
    plan, open_ = plan_for(db18, example), opener(db18)
    start = fingerprint(take_snapshot(db18)), checksums(db18)
    run = apply_plan(open_, plan, until=Phase.SWITCH, settings=SMALL)
    assert failed(db18, plan, run) == []
    roll_back(open_, plan, settings=SMALL)
    assert (fingerprint(take_snapshot(db18)), checksums(db18)) == start
    run = apply_plan(open_, plan, settings=SMALL)
    assert run.state == "done"
    assert failed(db18, plan, run) == []
