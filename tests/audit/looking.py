"""The whole audit, every rule of it, and its report in every form."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from xml.etree import ElementTree as ET

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from rich.console import Console

from conftest import dsn
from pgrefit.api.auditing import Audit, audit
from pgrefit.model.audit_report import AuditReport
from pgrefit.pg.target import Target
from pgrefit.report import github, html, junit, markdown, sarif, text
from pgrefit.report import json as as_json
from pgrefit.report.story import Story
from pgrefit.rules import all_rules


def looked(conn: psycopg.Connection, role: str = "postgres") -> Audit:
    """The whole audit of a database; it fails the test where a rule crashed or a form of the report is none."""
    found = audit(Target(dsn=make_conninfo(dsn(conn), user=role), source="a test"), also=["*"])
    assert not found.report.crashed
    assert len(found.report.coverage) == len(all_rules())
    written(found.report)
    return found


def written(report: AuditReport) -> str:
    """The report as text, once it was written in every form."""
    said = json.loads(as_json.document("findings", report))
    assert len(said["findings"]) == len(report.findings)
    assert len(json.loads(sarif.document(report, all_rules()))["runs"][0]["results"]) >= len(report.findings)
    ET.fromstring(junit.document(report))
    assert html.render(Story(title="Audit", database=report.database, findings=report)).strip().endswith("</html>")
    assert markdown.findings(report, everything=True)
    assert github.audit_commands(report) or not report.findings
    console = Console(record=True, width=200, file=io.StringIO())
    text.findings(report, console, everything=True)
    return console.export_text()


def skipped(report: AuditReport) -> dict[str, set[str]]:
    """Why tables were not read, by table."""
    found: dict[str, set[str]] = {}
    for coverage in report.coverage:
        for each in coverage.skipped:
            found.setdefault(each.about, set()).add(each.reason)
    return found


def objects(report: AuditReport) -> list[str]:
    return [finding.object for finding in report.findings]


def objects_of(report: AuditReport, rule: str) -> set[str]:
    """What one rule finds something about."""
    return {finding.object for finding in report.of(rule)}


def of_schema(report: AuditReport) -> set[tuple[str, str]]:
    """Rules and objects of what is found in schema and data, not in the server and what it counts."""
    themes = {rule.name: rule.theme for rule in all_rules()}
    return {(f.rule, f.object) for f in report.findings if themes[f.rule] not in {"server", "vacuum", "workload"}}


@contextmanager
def roles(conn: psycopg.Connection, *names: str) -> Iterator[None]:
    """Roles that may log in, and what they own or hold dropped with them."""
    listed = sql.SQL(", ").join(map(sql.Identifier, names))
    for name in names:
        conn.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
    try:
        yield
    finally:
        conn.execute(sql.SQL("DROP OWNED BY {0} CASCADE; DROP ROLE {0}").format(listed))
