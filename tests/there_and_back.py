"""A change, run forth and back, with the law asked at each step."""

from __future__ import annotations

from difflib import unified_diff

import psycopg

from contract.measure import declared, measure
from pgrefit.model.change import Change, Way
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.dump import dump_schema
from step_runner import Runner, checksums, dsn


def there_and_back(db: psycopg.Connection, change: Change) -> None:
    """No obstacle; each proof false before and true after, locks as declared; the way back leads to the start."""
    runner = Runner(db)
    before, rows = dump_schema(dsn(db), exclude_schemas=()), checksums(db)
    assert not list(change.obstacles(take_snapshot(db)))
    steps = runner.steps(change)
    assert steps
    with psycopg.connect(dsn(db), autocommit=True) as other:
        for step in steps:
            assert not runner.proven(step), f"proven before it ran: {step.title}"
            measured = measure(runner, other, step)
            assert runner.proven(step), f"not proven after it ran: {step.title}"
            assert measured.locks == declared(step.locks), step.title
    assert all(step.undo is not Way.NO_RETURN for step in steps)
    runner.back(steps)
    after = dump_schema(dsn(db), exclude_schemas=())
    assert after == before, "\n".join(unified_diff(before.splitlines(), after.splitlines(), lineterm=""))
    assert checksums(db) == rows


def obstacles(db: psycopg.Connection, change: Change) -> str:
    """What stands in its way, in words."""
    return "; ".join(f"{o.about} {o.says}" for o in change.obstacles(take_snapshot(db)))
