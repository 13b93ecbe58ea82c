"""The whole journey through a database whose every name is hostile: schemas, tables, columns, roles, values, labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from pgrefit.api import apply, audit, rehearse, rollback, verify
from pgrefit.api.designing import Design, design
from pgrefit.model.change import Phase
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Finding
from pgrefit.model.intent import Indexes
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.target import Target
from story import hostile as h
from story.page import image

MAIN, SECOND, LEGACY, OTHER = 'ma"in %s', "se.cond; --", "legacy {x}", "o'ther $$"


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The database, two copies of it as it was, and an environment that was left behind."""

    cluster: Cluster
    folder: Path

    def target(self, name: str) -> Target:
        return Target(dsn=self.cluster.dsn(name), source="a test")

    @property
    def others(self) -> tuple[tuple[str, Target], ...]:
        return (("left be'hind", self.target(OTHER)),)

    @property
    def workload(self) -> Path:
        return self.folder / "workload.sql"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "workload.sql").write_text(h.workload(), encoding="utf-8")
    with Cluster(18) as cluster:
        world = World(cluster=cluster, folder=folder)
        for name, kinds in ((LEGACY, h.KINDS), (OTHER, h.OLDER)):
            cluster.create_database(name)
            with psycopg.connect(cluster.dsn(name), autocommit=True) as conn:
                if name == LEGACY:
                    conn.execute(ddl("CREATE ROLE {role}", role=h.ROLE).encode())
                conn.execute(h.start(kinds).encode())
        cluster.create_database(MAIN, template=LEGACY)
        cluster.create_database(SECOND, template=LEGACY)
        with psycopg.connect(cluster.dsn(), autocommit=True) as conn:
            for name in (MAIN, SECOND, LEGACY, OTHER):
                conn.execute(h.settings(name).encode())
        yield world


@pytest.fixture(scope="module")
def designed(world: World) -> Design:
    intent = h.intent("workload.sql").model_copy(update={"folder": world.folder})
    return design(world.target(MAIN), intent=intent, folder=world.folder / "pl%an", environments=world.others)


def test_every_defect_is_found_and_named_so_that_the_intent_can_name_it(world: World) -> None:
    report = audit(world.target(MAIN), workload=world.workload, environments=world.others).report
    assert report.crashed == ()
    assert [skipped for coverage in report.coverage for skipped in coverage.skipped] == []
    assert objects(report.of("reference-as-text")) == {h.ATTEMPTS.column(h.VIDEO), h.ATTEMPTS.column(h.COURSE)}
    assert h.NOTES.column(h.COURSE) in objects(report.of("nullable-required-reference"))
    assert objects(report.of("derived-column")) == {h.ATTEMPTS.column(h.SCORE)}
    assert objects(report.of("metadata-in-text")) == {h.NOTES.column(h.BODY)}
    assert objects(report.of("unused-index")) == {str(h.NOTES.beside(h.INDEX))}
    assert objects(report.of("per-row-policy-call")) == {str(h.ATTEMPTS), str(h.NOTES)}
    assert len(report.of("check-drift")) == 1


def objects(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.object for finding in findings}


def test_every_wish_is_heard(designed: Design) -> None:
    assert [note for note in designed.plan.notes if "not planned" in note or "nothing is planned" in note] == []
    assert set(designed.plan.tables) >= {h.ATTEMPTS, h.NOTES}


def test_the_rehearsal_passes(world: World, designed: Design) -> None:
    rehearsal = rehearse(world.target(MAIN), designed.folder, workload=world.workload)
    assert [check for check in rehearsal.checks if not check.passed] == []
    assert [(step.id, step.problems) for step in rehearsal.steps if step.problems] == []


def test_there_and_back_leads_to_where_it_began(world: World, designed: Design) -> None:
    del designed
    target = world.target(SECOND)
    intent = h.intent("workload.sql").model_copy(update={"folder": world.folder})
    folder = design(target, intent=intent, folder=world.folder / "second", environments=world.others).folder
    before = image(target.dsn)
    apply(target, folder, until=Phase.SWITCH)
    assert verify(target, folder, against=world.target(LEGACY)).passed
    rollback(target, folder)
    assert image(target.dsn) == before


def test_all_the_way_and_nothing_is_lost(world: World, designed: Design) -> None:
    run = apply(world.target(MAIN), designed.folder)
    assert run.state == "done"
    verification = verify(world.target(MAIN), designed.folder, against=world.target(LEGACY))
    assert [check for check in verification.checks if not check.passed] == []
    left = audit(world.target(MAIN), workload=world.workload).report
    assert left.crashed == ()
    mended = {"reference-as-text", "derived-column", "per-row-policy-call", "unused-index", "metadata-in-text"}
    assert {finding.rule for finding in left.findings} & mended == set()


def test_the_environment_that_was_left_behind_is_brought_to_the_same_values(world: World, designed: Design) -> None:
    del designed
    target, main = world.target(OTHER), world.target(LEGACY)
    intent = h.intent("workload.sql").model_copy(update={"folder": world.folder, "indexes": Indexes(advise=False)})
    folder = design(target, intent=intent, folder=world.folder / "other", environments=(("main", main),)).folder
    before = image(target.dsn)
    apply(target, folder, until=Phase.SWITCH)
    rollback(target, folder)
    assert image(target.dsn) == before
    apply(target, folder)
    assert audit(target, environments=(("main", main),)).report.of("check-drift") == ()
