"""The law for every rule on the shelf, on its examples. New modules are picked up by being there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest

from pgrefit import audit
from pgrefit.model.finding import Finding, Rule
from pgrefit.pg.cluster import Cluster
from pgrefit.rules import all_rules
from rules.observing import observe, report
from step_runner import run_all

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
rules_with_catalog_alone = [rule for rule in all_rules() if not (rule.environment or rule.workload)]


@pytest.fixture
def environment(cluster18: Cluster) -> Iterator[psycopg.Connection]:
    """Another database on the same server."""
    cluster18.create_database("staging")
    try:
        with psycopg.connect(cluster18.dsn("staging"), autocommit=True) as conn:
            yield conn
    finally:
        cluster18.drop_database("staging")


class Stage:
    """A rule's databases."""

    def __init__(self, rule: Rule, conn: psycopg.Connection, other: psycopg.Connection, path: Path) -> None:
        self.rule, self.conn, self.path = rule, conn, path
        self.other = other if rule.environment else None
        other.execute(rule.environment.encode())
        path.write_text(dedent(rule.workload))

    def findings(self, *, given: bool = False) -> tuple[Finding, ...]:
        workload = self.path if self.rule.workload else None
        observation = observe(self.conn, self.rule, workload=workload, environment=self.other)
        if given:
            observation = self.rule.given(observation)
        found = audit.run(observation, [self.rule])
        assert not found.crashed
        assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
        return found.findings


@pytest.fixture
def stage(rule: Rule, db18: psycopg.Connection, environment: psycopg.Connection, tmp_path: Path) -> Stage:
    return Stage(rule, db18, environment, tmp_path / "workload.sql")


@every_rule
def test_fires_once_on_its_example_with_evidence(stage: Stage) -> None:
    stage.conn.execute(stage.rule.example.encode())
    (finding,) = stage.findings(given=True)
    assert finding.rule == stage.rule.name
    assert finding.object
    assert finding.message
    assert finding.evidence
    assert finding.remedy or finding.advice


@every_rule
def test_is_silent_on_its_clean_counter_example(stage: Stage) -> None:
    stage.conn.execute(stage.rule.clean.encode())
    assert stage.findings() == ()


@every_rule
def test_remedy_silences_it(stage: Stage) -> None:
    stage.conn.execute(stage.rule.example.encode())
    (finding,) = stage.findings(given=True)
    if not finding.remedy:
        pytest.skip("it only advises")
    for change in finding.remedy:  # a check that drifted is mended in the environment that was left behind
        run_all(stage.other or stage.conn, change)
    stage.conn.execute("ANALYZE")
    assert stage.findings(given=True) == ()


@pytest.mark.parametrize("rule", rules_with_catalog_alone, ids=lambda rule: rule.name)
def test_fires_on_an_older_server_too(rule: Rule, cluster15: Cluster) -> None:
    cluster15.create_database("older")
    try:
        with psycopg.connect(cluster15.dsn("older"), autocommit=True) as conn:
            conn.execute(rule.example.encode())
            found = audit.run(rule.given(observe(conn, rule)), [rule])
            assert not found.crashed
            assert len(found.findings) == 1
    finally:
        cluster15.drop_database("older")


def test_codes_and_names_are_unique() -> None:
    assert max(Counter(rule.code for rule in all_rules()).values()) == 1
    assert max(Counter(rule.name for rule in all_rules()).values()) == 1


@every_rule
def test_says_what_it_is_and_why(rule: Rule) -> None:
    assert rule.title
    assert not rule.title.endswith(".")
    assert len(rule.why) > 40
    assert rule.check.__doc__


def test_all_rules_together_on_an_empty_database(db18: psycopg.Connection) -> None:
    """Nothing is found, but of the server, which is set up for tests."""
    of_server = {rule.name for rule in all_rules() if rule.theme == "server"}
    assert [finding for finding in report(db18).findings if finding.rule not in of_server] == []
