"""While both releases of the application write, the refit goes there, to the end or back: nothing is lost or wrong."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from pgrefit.api.workshop import with_own_path
from pgrefit.apply import roll_back
from pgrefit.model.change import Phase
from pgrefit.pg.connect import Session
from pgrefit.rehearse.application import as_old_application
from story.page import EVEN, Page, finish, image, session
from story.writer import NEW, OLD, Release, Rows

ATTEMPTS = """
    SELECT id::text, video_id::text, course_id::text, user_answers, score, total_questions, percentage FROM {}
    WHERE id::text = ANY (%s)
"""
REFLECTIONS = """
    SELECT id::text, video_id::text, course_id::text, file_url, duration_seconds, reflection_text, instructor_response
    FROM reflections WHERE id::text = ANY (%s)
"""
TOUCHED = "instructor_response, course_id, file_url, duration_seconds, video_timestamp_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A copy of the page, how each release opens its sessions on it, and what they wrote."""

    dsn: str
    old: Callable[[], Session]
    new: Callable[[], Session]
    rows: Rows


@pytest.fixture
def site(page: Page, fresh: Callable[[], str]) -> Site:
    dsn = fresh()
    open_ = with_own_path(dsn, "load")
    old = as_old_application(open_, page.plan.compatible_schema)
    return Site(dsn=dsn, old=old, new=open_, rows=Rows(open_, seed=7))


def found(open_: Callable[[], Session], query: str, keys: object) -> dict[str, tuple]:
    with open_() as conn:
        return {row[0]: tuple(row[1:]) for row in conn.execute(query, (list(keys),)).fetchall()}


def check_attempts(site: Site) -> None:
    """The new release sees ids, the old one the texts as they were written; both the score that follows."""
    rows = site.rows.attempts
    after = found(site.new, ATTEMPTS.format("quiz_attempts_scored"), rows)
    assert after == {k: (*a.typed, a.answers, a.score, 4, a.percentage) for k, a in rows.items()}
    check_attempts_in_old_shape(site)


def check_attempts_in_old_shape(site: Site) -> None:
    rows = site.rows.attempts
    before = found(site.old, ATTEMPTS.format("quiz_attempts"), rows)
    assert before == {k: (a.video, a.course, a.answers, a.score, 4, a.percentage) for k, a in rows.items()}


def check_reflections(site: Site) -> None:
    """Structured, whoever wrote them, and with the course of their video."""
    rows = site.rows.reflections
    after = found(site.new, REFLECTIONS, rows)
    assert after == {k: (r.video, r.course, r.file, r.seconds, r.text, r.answered) for k, r in rows.items()}


def check_others(site: Site) -> None:
    """Legacy rows hold the last answer; what was deleted is gone, and not put aside either."""
    with site.new() as conn:
        answers = conn.execute(
            "SELECT id::text, instructor_response FROM reflections WHERE id::text = ANY (%s)",
            (list(site.rows.answered),),
        ).fetchall()
        gone = conn.execute(
            "SELECT count(*) FROM (SELECT id FROM quiz_attempts UNION ALL SELECT id FROM reflections) AS t"
            " WHERE id::text = ANY (%s)", (list(site.rows.deleted),),
        ).fetchone()  # fmt: skip
        aside = conn.execute(
            "SELECT count(*) FROM pgrefit.quarantine WHERE key[1] = ANY (%s)",
            ([*site.rows.deleted, *site.rows.attempts, *site.rows.reflections],),
        ).fetchone()
    assert dict(answers) == site.rows.answered
    assert (gone, aside) == ((0,), (0,))


def check_reflections_in_old_shape(site: Site) -> None:
    """As they were written; what was filled in for the old release may have been taken back again."""
    after = found(site.old, REFLECTIONS, site.rows.reflections)
    assert after.keys() == site.rows.reflections.keys()
    for key, memo in site.rows.reflections.items():
        video, course, file, seconds, *rest = after[key]
        assert (video, *rest) == (memo.video, memo.text, memo.answered)
        assert course == memo.course or (course is None and memo.left_out)
        assert (file, seconds) == (memo.file, memo.seconds) or (file is None and not memo.structured)


def forget(site: Site) -> None:
    """Take away what the releases wrote, and what was filled in, for want of a value, in legacy rows they touched."""
    with site.old() as conn:
        conn.execute("DELETE FROM quiz_attempts WHERE id::text = ANY (%s)", (list(site.rows.attempts),))
        conn.execute("DELETE FROM reflections WHERE id::text = ANY (%s)", (list(site.rows.reflections),))
        for key in site.rows.answered:
            _, *was = site.rows.legacy[key]
            _, *now = conn.execute(f"SELECT {TOUCHED} FROM reflections WHERE id::text = %s", (key,)).fetchone()
            assert all(value == old or old is None for value, old in zip(now, was, strict=True))
            conn.execute(
                f"UPDATE reflections SET ({TOUCHED}) = (%s, %s, %s, %s, %s) WHERE id::text = %s",
                (*site.rows.legacy[key], key),
            )


def both_written(site: Site, page: Page) -> None:
    """The old release writes all the way to the switch; then both do, in turns, each on rows of the other."""
    old = Release(site.old, site.rows, OLD).work()
    finish(page, site.dsn, Phase.SWITCH)
    time.sleep(0.3)
    old.stop()
    assert len(site.rows.attempts) > 20
    assert len(site.rows.reflections) > 20
    check_attempts(site)
    check_reflections(site)
    new = Release(site.new, site.rows, NEW).work()
    time.sleep(0.7)
    new.stop()
    again = Release(site.old, site.rows, OLD).work()
    time.sleep(0.3)
    again.stop()
    check_attempts(site)
    check_reflections(site)
    check_others(site)


def test_to_the_end_nothing_that_was_written_is_lost(page: Page, site: Site) -> None:
    both_written(site, page)
    new = Release(site.new, site.rows, NEW).work()
    assert finish(page, site.dsn).state == "done"
    new.stop()
    rows = site.rows.attempts
    after = found(site.new, ATTEMPTS.format("quiz_attempts_scored"), rows)
    assert after == {k: (*a.typed, a.answers, a.score, 4, a.percentage) for k, a in rows.items()}
    check_reflections(site)
    check_others(site)
    end = image(site.dsn)
    assert (end.schema, end.ours, end.settings) == (page.end.schema, page.end.ours, page.end.settings)


def test_all_the_way_back_after_the_switch_keeps_what_was_written(page: Page, site: Site) -> None:
    """The old release goes on while it is taken back."""
    both_written(site, page)
    old = Release(site.old, site.rows, OLD).work()
    assert roll_back(session(site.dsn), page.plan, settings=EVEN).state == "rolled back"
    old.stop()
    check_attempts_in_old_shape(site)
    check_reflections_in_old_shape(site)
    forget(site)
    assert image(site.dsn) == page.legacy
