"""The way back of the video page's refit, from and to its steps: schema, rows and settings are as they were."""

import os
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest

from pgrefit.apply import roll_back
from pgrefit.errors import Refused
from pgrefit.model.change import Phase
from pgrefit.model.plan import PlanStep
from story.page import EVEN, Image, Page, finish, image, session

EVERY = 1 if os.environ.get("PGREFIT_LONG") == "1" else 6


def marks(page: Page) -> list[str]:
    """Every so-manieth step, and the last one of each phase, as far as there is a way back."""
    ends = {last(page, phase).id for phase in (Phase.EXPAND, Phase.MIGRATE, Phase.SWITCH)}
    return [step.id for n, step in enumerate(page.road, 1) if n % EVERY == 0 or step.id in ends]


def last(page: Page, phase: Phase) -> PlanStep:
    return page.plan.up_to(phase)[-1]


def test_all_the_way_back_from_any_step(page: Page, fresh: Callable[[], str]) -> None:
    """Again and again on one database, so that each way up also begins where a way back has led; at last to the end."""
    dsn = fresh()
    for mark in marks(page):
        finish(page, dsn, until=mark)
        assert roll_back(session(dsn), page.plan, settings=EVEN).state == "rolled back"
        assert image(dsn) == page.legacy, mark
    assert finish(page, dsn).state == "done"
    assert image(dsn) == page.end


OLD_ROWS = r"""
    SELECT to_jsonb(t) - ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = t.tableoid
                               AND attname LIKE '%\_pgrefit\_new') FROM public.{} AS t ORDER BY id
"""


def settled(dsn: str) -> tuple[Image, list[dict]]:
    """As it is but for what the way back leaves to earlier steps: a constraint is valid, a new column is filled."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        made = conn.execute(
            "UPDATE pg_constraint SET convalidated = true WHERE NOT convalidated RETURNING oid"
        ).fetchall()
        found = replace(image(dsn), rows=())
        rows = [
            row for table in ("quiz_attempts", "reflections") for row in conn.execute(OLD_ROWS.format(table)).fetchall()
        ]
        conn.execute("UPDATE pg_constraint SET convalidated = false WHERE oid = ANY (%s)", ([row[0] for row in made],))
        return found, rows


def test_back_to_a_step_is_as_up_to_that_step(page: Page, fresh: Callable[[], str]) -> None:
    dsn, seen = fresh(), {}
    for mark in marks(page):
        finish(page, dsn, until=mark)
        seen[mark] = settled(dsn)
    for mark in reversed(marks(page)):
        roll_back(session(dsn), page.plan, to=mark, settings=EVEN)
        assert settled(dsn) == seen[mark], mark
    middle = list(seen)[len(seen) // 2]
    finish(page, dsn, until=middle)
    assert settled(dsn) == seen[middle], "up again from where the way back ended"


def test_behind_the_line_of_no_return_nothing_is_touched(page: Page, fresh: Callable[[], str]) -> None:
    dsn = fresh()
    finish(page, dsn)
    with pytest.raises(Refused, match="line of no return"):
        roll_back(session(dsn), page.plan, settings=EVEN)
    assert image(dsn) == page.end
