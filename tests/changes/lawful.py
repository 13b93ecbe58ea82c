"""What the contract asks of a change, for forms of it that are not its example."""

from __future__ import annotations

import psycopg

from contract.measure import declared, measure
from pgrefit.model.change import Change, Phase, Step
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import Runner, checksums, dsn


def there_and_back(db: psycopg.Connection, change: Change) -> tuple[Step, ...]:
    """Every step is proven by what it does and declares what it locks and does; undone, all is as it was."""
    runner = Runner(db)
    assert obstacles(db, change) == []
    before = state(db)
    steps = runner.steps(change)
    assert steps, "a change without a step proves nothing"
    with psycopg.connect(dsn(db), autocommit=True) as other:
        for step in steps:
            assert not runner.proven(step), f"proven before it ran: {step.title}"
            measured = measure(runner, other, step)
            assert runner.proven(step), f"not proven after it ran: {step.title}"
            assert (measured.locks, measured.work) == (declared(step.locks), step.work), step.title
    runner.back(steps)
    assert state(db) == before
    return steps


def obstacles(db: psycopg.Connection, change: Change) -> list[str]:
    """What stands in the way, as lines."""
    return [f"{found.about} {found.says}" for found in change.obstacles(take_snapshot(db))]


def refusal(db: psycopg.Connection, change: Change) -> str:
    """The same in one line, empty where nothing is in the way."""
    return "; ".join(obstacles(db, change))


def until(runner: Runner, change: Change, phase: Phase) -> None:
    """Run the steps of a change up to the end of a phase, then be an application again."""
    for step in runner.steps(change):
        if step.phase.order <= phase.order:
            runner.do(step)
            assert runner.proven(step), step.title
    runner.conn.execute("SELECT set_config('pgrefit.step', '', false)")


def state(db: psycopg.Connection) -> tuple[str, dict[str, str]]:
    """The schema, and a checksum of each table."""
    return dump_schema(dsn(db), exclude_schemas=()), checksums(db)
