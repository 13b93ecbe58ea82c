"""The video page, built and designed once for each test process; every test works on a fresh copy."""

import itertools
import time
from collections.abc import Callable, Iterator

import pytest

from pgrefit.api.designing import design
from pgrefit.api.systems import build, find_system
from pgrefit.apply import apply_plan
from pgrefit.design.intent import read_intent
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Target
from story.page import EVEN, SCALE, Page, batches_done, image, session, watching

LEGACY, STAGING, STRAIGHT = "page_legacy", "page_staging", "page_straight"
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def page(cluster18: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The plan of the real system, and one straight run of it."""
    system, folder = find_system("video_page"), tmp_path_factory.mktemp("page") / "plan"
    legacy = build(system, cluster18, LEGACY, SCALE)
    staging = build(system, cluster18, STAGING, 0.001, "environment.sql")
    plan = design(
        _target(legacy), intent=read_intent(system.intent), folder=folder, environments=(("staging", _target(staging)),)
    ).plan
    before = image(legacy)
    cluster18.create_database(STRAIGHT, template=LEGACY)
    straight, points = cluster18.dsn(STRAIGHT), []
    began = time.monotonic()
    run = apply_plan(session(straight), plan, hooks=watching(points.append), settings=EVEN)
    seconds = time.monotonic() - began
    yield Page(
        cluster=cluster18, template=LEGACY, folder=folder, plan=plan, legacy=before, end=image(straight),
        points=tuple(dict.fromkeys(points)), done=batches_done(run), seconds=seconds,
    )  # fmt: skip
    for name in (LEGACY, STAGING, STRAIGHT):
        cluster18.drop_database(name)


@pytest.fixture
def fresh(page: Page) -> Iterator[Callable[[], str]]:
    """Makes copies of the legacy database: DSNs."""
    made: list[str] = []

    def copy() -> str:
        made.append(f"page_{next(_numbers)}")
        page.cluster.create_database(made[-1], template=page.template)
        return page.cluster.dsn(made[-1])

    yield copy
    for name in made:
        page.cluster.drop_database(name)


def _target(dsn: str) -> Target:
    return Target(dsn=dsn, source="the test")
