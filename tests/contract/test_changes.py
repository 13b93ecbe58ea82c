"""The law for every change on the shelf, on its example. New modules are picked up by being there."""

from __future__ import annotations

from itertools import takewhile

import psycopg
import pytest

from contract.measure import declared, measure
from contract.writer import Writer
from pgrefit.changes import examples
from pgrefit.model.change import Example, Phase, Step, Way
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import checksums, dsn, start

EXAMPLES = examples()
every_change = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
WRITES_BETWEEN_STEPS = 15


def state(conn: psycopg.Connection) -> tuple[str, dict[str, str]]:
    return dump_schema(dsn(conn), exclude_schemas=()), checksums(conn)


def reversible(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    return tuple(takewhile(lambda step: step.undo is not Way.NO_RETURN, steps))


@every_change
def test_nothing_is_in_its_way_and_steps_do_what_they_declare(db: psycopg.Connection, example: Example) -> None:
    """Proofs are false before and true after; locks and work are as declared."""
    runner = start(db, example.start)
    assert not list(example.change.obstacles(take_snapshot(runner.conn)))
    with psycopg.connect(dsn(db), autocommit=True) as other:
        for step in runner.steps(example.change):
            assert not runner.proven(step), f"proven before it ran: {step.title}"
            measured = measure(runner, other, step)
            assert runner.proven(step), f"not proven after it ran: {step.title}"
            assert measured.locks == declared(step.locks), step.title
            assert measured.work is step.work, step.title


@every_change
def test_way_back_from_any_step_leads_to_the_start_and_from_there_to_the_same_end(
    db: psycopg.Connection, example: Example
) -> None:
    """Undone and redone between any two steps, too."""
    runner = start(db, example.start)
    steps = reversible(runner.steps(example.change))
    before = state(db)
    runner.forward(steps)
    straight = state(db)
    runner.back(steps)
    assert state(db) == before, "after all steps and back"
    for count in range(1, len(steps)):
        runner.forward(steps[:count])
        runner.back(steps[:count])
        assert state(db) == before, f"after {count} steps and back: {steps[count - 1].title}"
    for step in steps:
        runner.do(step)
        runner.undo(step)
        runner.do(step)
        assert runner.proven(step), step.title
    assert state(db) == straight


@every_change
def test_application_that_writes_all_the_while_loses_nothing(db: psycopg.Connection, example: Example) -> None:
    """There and back with the old version of the application at work; before contract it is gone."""
    if not example.writes:
        pytest.skip("the example has no writes")
    runner = start(db, example.start)
    before = dump_schema(dsn(db), exclude_schemas=())
    steps = runner.steps(example.change)
    with Writer(dsn(db), example, take_snapshot(db)) as writer:
        online = tuple(step for step in steps if step.phase is not Phase.CONTRACT)
        for step in online:
            writer.go_on(WRITES_BETWEEN_STEPS)
            runner.do(step)
            assert runner.proven(step), step.title
        writer.go_on(WRITES_BETWEEN_STEPS)
        for step in reversed(online):
            runner.undo(step)
            writer.go_on(WRITES_BETWEEN_STEPS)
    assert not writer.failures
    assert not writer.lost(db)
    assert dump_schema(dsn(db), exclude_schemas=()) == before
    runner.forward(steps)
    assert not writer.lost(db)
