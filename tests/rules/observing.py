"""Looks at a database as the verb audit does, and tells what rules find."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import psycopg

from conftest import dsn
from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding, Rule, Scalar
from pgrefit.model.observation import Observation
from pgrefit.observe.workload import read_workload
from pgrefit.pg.target import Target
from pgrefit.rules import all_rules


def target(conn: psycopg.Connection) -> Target:
    return Target(dsn=dsn(conn), source="a test")


def rule_named(name: str) -> Rule:
    (found,) = (rule for rule in all_rules() if rule.name == name)
    return found


def observe(
    conn: psycopg.Connection, *rules: Rule, workload: Path | None = None, environment: psycopg.Connection | None = None
) -> Observation:
    return observe_database(
        target(conn),
        rules or all_rules(),
        workload=read_workload(workload) if workload else None,
        environments=[("staging", target(environment))] if environment else [],
    )


def report(conn: psycopg.Connection, *rules: Rule) -> AuditReport:
    """What the audit says; a rule that crashed fails the test."""
    found = audit.run(observe(conn, *rules), rules or None)
    assert not found.crashed
    return found


def findings(conn: psycopg.Connection, name: str, sql: str = "") -> tuple[Finding, ...]:
    """What one rule finds once the SQL was run."""
    if sql:
        conn.execute(dedent(sql).encode())
    found = report(conn, rule_named(name))
    assert not [skipped for coverage in found.coverage for skipped in coverage.skipped]
    return found.findings


def measured(finding: Finding) -> dict[str, Scalar | tuple[Scalar, ...]]:
    """The evidence by measure."""
    return {e.measure: e.value for e in finding.evidence}


def counted_for(conn: psycopg.Connection, name: str, *, days: int, workload: Path | None = None) -> tuple[Finding, ...]:
    """What one rule finds where the server has counted for so long."""
    rule = rule_named(name)
    observation = observe(conn, rule, workload=workload)
    until = observation.statistics.taken_at
    assert until is not None
    counted = replace(observation.statistics, reset_at=until - timedelta(days=days))
    found = audit.run(replace(observation, statistics=counted), [rule])
    assert not found.crashed
    return found.findings
