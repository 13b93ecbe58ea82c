"""Row security of the video page: cheaper after the refit, and it decides the same for every role and identity."""

import re
from collections.abc import Callable

import psycopg

from pgrefit.model.change import Phase
from pgrefit.rehearse.truth_table import identities, quarantined, shared, truth_table
from story.page import Page, finish

POLICIES = "SELECT policyname, concat(qual, with_check) FROM pg_policies WHERE schemaname = 'public'"
ONCE = re.compile(r"\( ?SELECT auth\.uid\(\) AS uid\)")


def policies(conn: psycopg.Connection) -> dict[str, str]:
    return dict(conn.execute(POLICIES).fetchall())


def test_the_same_rows_for_every_role_and_identity(page: Page, fresh: Callable[[], str]) -> None:
    """Before, at the switch; without the rows that were put aside."""
    refitted, check = fresh(), page.plan.row_security
    finish(page, refitted, Phase.SWITCH)
    with psycopg.connect(refitted) as conn:
        who, leave_out = identities(conn, check), quarantined(conn)
        after = truth_table(conn, check, who, leave_out)
    with psycopg.connect(fresh()) as conn:
        before = truth_table(conn, check, who, leave_out)
    assert len(who) == check.sample + 1
    assert {cell[0] for cell in before.cells} == {"anon", "authenticated", "service_role"}
    assert before.differences(after) == ()
    assert shared(before, after) == before
    reached = [cell for cell in before.cells if cell[0] == "authenticated" and cell[4] > 0]
    assert {cell[3] for cell in reached} == {"SELECT", "UPDATE", "DELETE"}, "the table is not one of refusals alone"


def test_policies_ask_once_and_compare_without_a_cast(page: Page, fresh: Callable[[], str]) -> None:
    with psycopg.connect(fresh()) as conn:
        before = policies(conn)
    dsn = fresh()
    finish(page, dsn)
    with psycopg.connect(dsn) as conn:
        after = policies(conn)
    assert after.keys() == before.keys()
    assert all("auth.uid()" in text for text in before.values())
    assert all(ONCE.search(text) and "auth.uid()" not in ONCE.sub("", text) for text in after.values())
    of_attempts = after["Instructors see the quiz attempts of their courses"]
    assert "c.id = quiz_attempts.course_id" in of_attempts
    assert "::text" not in of_attempts
