"""The law for every rule on the shelf, on its examples. New modules are picked up by being there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from textwrap import dedent

import psycopg
import pytest
from psycopg import sql

from conftest import fresh_database
from pgrefit import audit
from pgrefit.model.finding import Finding, Rule, no_questions
from pgrefit.model.observation import Observation
from pgrefit.pg.cluster import Cluster
from pgrefit.rules import all_rules
from rules.observing import observe, report
from step_runner import run_all

every_rule = pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule.name)
asking_nothing = [rule for rule in all_rules() if rule.asks is no_questions and not (rule.environment or rule.workload)]
rules_with_catalog_alone = [rule for rule in all_rules() if not (rule.environment or rule.workload)]
# Rules about the server are given what they look for: their examples leave nothing in the database.
SHARED = {text for text, rules in Counter(t for r in asking_nothing for t in (r.example, r.clean)).items() if rules > 2}
TABLES = """
    SELECT n.nspname, c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


class Stage:
    """A rule and some SQL of its own; the databases in which it was run are made when they are needed."""

    def __init__(self, rule: Rule, cluster: Cluster, statements: str, workload: Path, made: ExitStack) -> None:
        self.rule, self.cluster, self.statements, self.workload = rule, cluster, statements, workload
        self._made = made
        self._conn: psycopg.Connection | None = None
        self._other: psycopg.Connection | None = None

    @property
    def conn(self) -> psycopg.Connection:
        self._conn = self._conn or self._database(self.statements)
        return self._conn

    @property
    def other(self) -> psycopg.Connection | None:
        """The same of another environment, where the rule compares them."""
        if self.rule.environment and not self._other:
            self._other = self._database(self.rule.environment)
        return self._other

    def findings(self, *, given: bool = False) -> tuple[Finding, ...]:
        observation = self._observe()
        found = audit.run(self.rule.given(observation) if given else observation, [self.rule])
        assert not found.crashed
        assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
        return found.findings

    def mend(self, finding: Finding) -> None:
        """A check that drifted is mended in the environment that was left behind."""
        conn = self.other or self.conn
        for change in finding.remedy:
            run_all(conn, change)
        tables = [sql.Identifier(*name) for name in self.conn.execute(TABLES)]
        self.conn.execute(sql.SQL("ANALYZE {}").format(sql.SQL(", ").join(tables)))

    def _observe(self) -> Observation:
        if self._conn is None and self.rule in asking_nothing and self.statements in SHARED:
            return _observed(self.cluster, self.statements)
        if self.rule.workload:
            self.workload.write_text(dedent(self.rule.workload))
        workload = self.workload if self.rule.workload else None
        return observe(self.conn, self.rule, workload=workload, environment=self.other)

    def _database(self, statements: str) -> psycopg.Connection:
        conn = self._made.enter_context(fresh_database(self.cluster))
        conn.execute(statements.encode())
        return conn


@cache
def _observed(cluster: Cluster, statements: str) -> Observation:
    """What all rules see alike that ask nothing of the data."""
    with fresh_database(cluster) as conn:
        conn.execute(statements.encode())
        return observe(conn, asking_nothing[0])


@pytest.fixture
def stage(rule: Rule, tmp_path: Path) -> Iterator[Callable[[Cluster, str], Stage]]:
    """Sets the rule's stage on a server, with SQL of its own."""
    with ExitStack() as made:
        yield lambda cluster, statements: Stage(rule, cluster, statements, tmp_path / "workload.sql", made)


@every_rule
def test_fires_once_on_its_example_with_evidence_until_its_remedy_was_run(
    rule: Rule, cluster18: Cluster, stage: Callable[[Cluster, str], Stage]
) -> None:
    example = stage(cluster18, rule.example)
    (finding,) = example.findings(given=True)
    assert finding.rule == rule.name
    assert finding.object
    assert finding.message
    assert finding.evidence
    assert finding.remedy or finding.advice
    if finding.remedy:
        example.mend(finding)
        assert example.findings(given=True) == (), "its remedy does not silence it"


@every_rule
def test_is_silent_on_its_clean_counter_example(
    rule: Rule, cluster18: Cluster, stage: Callable[[Cluster, str], Stage]
) -> None:
    assert stage(cluster18, rule.clean).findings() == ()


@pytest.mark.parametrize("rule", rules_with_catalog_alone, ids=lambda rule: rule.name)
def test_fires_on_an_older_server_too(rule: Rule, cluster15: Cluster, stage: Callable[[Cluster, str], Stage]) -> None:
    assert len(stage(cluster15, rule.example).findings(given=True)) == 1


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
