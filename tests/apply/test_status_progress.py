"""How far a run is, and an estimate of the time that is left which does not pretend to know."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from apply.small_plan import ITEM, add_column, backfill, opener, plan_of
from pgrefit.apply import Hooks, Settings, apply_plan
from pgrefit.apply.progress import progress
from pgrefit.apply.rate import Rate
from pgrefit.apply.status import take_status
from pgrefit.model.ddl import ddl
from pgrefit.model.run import OrderGiven, Run, StepRun, Worker
from pgrefit.report.phrases import progress_phrase, standing

STEP = StepRun(
    id="020", title="fill", phase="migrate", state="started", total_rows=10_000, visited=4_000, rows=3_900, batches=9,
    rate=100.0, mean_rate=60.0,
)  # fmt: skip
RUN = Run(
    id="r", plan="p", plan_hash="h", state="running", started_at=datetime(2026, 11, 21, 12, tzinfo=UTC), steps=(STEP,),
    worker=Worker(pid=7, user="anna", application="pgrefit/apply", since="12:00"),
)  # fmt: skip


def of(**changed):
    return progress(replace(RUN, steps=(replace(STEP, **changed),)))


def test_a_range_between_the_rate_of_late_and_that_since_the_beginning():
    found = progress(RUN)
    assert (found.done, found.total, found.share, found.rate) == (4_000, 10_000, 0.4, 100.0)
    assert found.seconds_left == (60.0, 100.0)
    assert progress_phrase(found) == (
        "Step 020: 4,000 rows passed of about 10,000, 40 %, 100 rows a second; 1 min 0 s to 1 min 40 s left."
    )
    assert progress_phrase(of(mean_rate=100.0)).endswith("; about 1 min 0 s left.")


@pytest.mark.parametrize(
    ("found", "because"),
    [
        (of(batches=4), "it is too early to tell"),
        (of(rate=0.0), "it is too early to tell"),
        (of(total_rows=-1), "the table was never analysed"),
        (of(visited=10_001), "the table has more rows than was estimated"),
        (progress(replace(RUN, worker=None)), "nobody works on it"),
        (progress(replace(RUN, order=OrderGiven(order="pause", by="bob"))), "it is paused"),
        (progress(replace(RUN, waits="waits: replica a is behind")), "it waits"),
    ],
)
def test_says_why_it_cannot_tell(found, because):
    assert (found.seconds_left, found.because) == (None, because)
    assert f"how long it still takes is unknown: {because}" in progress_phrase(found)


def test_slowed_it_still_can_tell():
    run = replace(RUN, waits="slowed to 50% of the time: pid 5 vacuums the table", waits_since=RUN.started_at)
    run = replace(run, progress=progress(run))
    assert run.progress.seconds_left == (60.0, 100.0)
    assert "It is slowed to 50% of the time: pid 5 vacuums the table, since 12:00:00 UTC." in list(standing(run))


def test_nothing_is_walked():
    assert progress(replace(RUN, steps=(replace(STEP, state="done"),))) is None
    assert progress(replace(RUN, steps=(replace(STEP, batches=0),))) is None
    assert progress(replace(RUN, state="rolling back")) is None


def test_the_rate_forgets_the_past_and_not_at_once():
    """Ten seconds of 100 rows a second, then of 10: after half a minute of those it is near 40, much later 10."""
    now = [0.0]
    rate = Rate(lambda: now[0])

    def work(seconds, rows):
        for _ in range(seconds):
            now[0] += 1
            rate.note(rows)

    work(10, 100)
    assert rate.recent == pytest.approx(100)
    work(30, 10)
    assert 25 < rate.recent < 50
    work(300, 10)
    assert rate.recent == pytest.approx(10, rel=0.01)
    assert rate.mean == pytest.approx(4300 / 340)
    now[0] += 3600
    rate.skip()
    work(1, 10)
    assert rate.mean == pytest.approx(4310 / 341)


def test_a_run_at_work_tells_how_far_it_is(shop):
    """Rows that are passed count, changed or not; the estimate is the server's newest."""
    shop.execute(ddl("INSERT INTO {t} (price) SELECT 5 FROM generate_series(1, 940)", t=ITEM).encode())
    plan = plan_of(add_column(), backfill())
    apply_plan(opener(shop), plan, until="010")
    shop.execute(ddl('UPDATE {t} SET "new price" = price WHERE id < 200', t=ITEM).encode())
    shop.execute(ddl("ANALYZE {t}", t=ITEM).encode())
    seen = []

    def look(event):
        if event.kind == "batch":
            seen.append(take_status(shop))

    apply_plan(
        opener(shop), plan, hooks=Hooks(on_event=look), settings=Settings(first_batch_rows=100, max_batch_rows=100)
    )
    assert [found.progress.done for found in seen] == list(range(100, 1001, 100))
    assert {found.progress.total for found in seen} == {1000}
    assert seen[1].steps[1].rows == 1
    assert seen[3].progress.because == "it is too early to tell"
    low, high = seen[-2].progress.seconds_left
    assert 0 < low <= high < 60
