"""kill -9 anywhere in the refit of the video page, resumed: the end is that of one straight run."""

import itertools
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from pgrefit.apply import apply_plan, roll_back
from pgrefit.model.change import Batches, Phase
from pgrefit.model.plan import Plan, PlanStep
from story.page import Page, Point, batches_done, finish, image, killed

PROGRAM = Path(sys.executable).with_name("pgrefit")
KILLS = 10
AT_WORK = """
    SELECT FROM pg_locks WHERE locktype = 'advisory'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


def first(plan: Plan, like: Callable[[PlanStep], bool]) -> str:
    return next(step.id for step in plan.steps if like(step))


def is_batched(step: PlanStep) -> bool:
    return isinstance(step.step.do, Batches)


def is_outside(step: PlanStep) -> bool:
    return not is_batched(step) and not step.step.in_transaction


MOMENTS: dict[str, Callable[[Plan], Point]] = {
    "within the first batch": lambda plan: ("within", first(plan, is_batched)),
    "between two batches": lambda plan: ("batch", first(plan, is_batched)),
    "before a concurrent build": lambda plan: ("statement", first(plan, is_outside)),
    "within the switch": lambda plan: ("within", first(plan, lambda step: step.step.phase is Phase.SWITCH)),
    "at the end of the switch": lambda plan: ("step done", plan.up_to(Phase.SWITCH)[-1].id),
    "within the first step of no return": lambda plan: ("within", first(plan, lambda step: not step.reversible)),
    "at the last step": lambda plan: ("step started", plan.steps[-1].id),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_once_and_resumed_the_end_is_the_same(page: Page, fresh: Callable[[], str], moment: str) -> None:
    """Nothing that was committed is done again, and nothing is left out."""
    dsn = fresh()
    assert killed(apply_plan, dsn, page.plan, MOMENTS[moment](page.plan))
    run = finish(page, dsn)
    assert run.state == "done"
    assert batches_done(run) == page.done
    assert image(dsn) == page.end


def test_killed_at_every_boundary_of_one_run(page: Page, fresh: Callable[[], str]) -> None:
    """Before, within and after every step, between its batches: each process gets only as far as the next boundary."""
    dsn = fresh()
    ended = {step for kind, step in page.points if kind in {"step done", "step skipped"}}
    assert ended == {step.id for step in page.plan.steps}
    for point in page.points:
        assert killed(apply_plan, dsn, page.plan, point), point
    run = finish(page, dsn)
    assert run.state == "done"
    assert batches_done(run) == page.done
    assert image(dsn) == page.end


def test_the_way_back_killed_after_every_step(page: Page, fresh: Callable[[], str]) -> None:
    dsn = fresh()
    run = finish(page, dsn, Phase.SWITCH)
    for step in reversed([step.id for step in run.steps if step.state == "done"]):
        assert killed(roll_back, dsn, page.plan, ("step undone", step)), step
    assert image(dsn) == page.legacy


def test_the_program_killed_at_random_moments(page: Page, fresh: Callable[[], str]) -> None:
    """Run again and again, each time for a part of what it takes, in the end for longer, until it comes through."""
    dsn, draw = fresh(), random.Random(20250921)
    longest = (page.seconds / KILLS * max(1, n + 2 - KILLS) for n in itertools.count())
    kills = next(n for n, seconds in enumerate(longest) if comes_through(page, dsn, draw.uniform(0, seconds)))
    assert kills >= KILLS
    assert image(dsn) == page.end


def comes_through(page: Page, dsn: str, seconds: float) -> bool:
    """Whether an apply is done so soon after it has begun to work; else it is killed."""
    argv = [str(PROGRAM), "apply", str(page.folder), dsn, "--yes"]
    with (
        psycopg.connect(dsn, autocommit=True) as eye,
        subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as program,
    ):
        while program.poll() is None and eye.execute(AT_WORK).fetchone() is None:
            time.sleep(0.005)
        try:
            status = program.wait(seconds)
        except subprocess.TimeoutExpired:
            program.kill()
            return False
        assert status == 0, program.stderr.read()
        return True
