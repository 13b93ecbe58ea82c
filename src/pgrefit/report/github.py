"""What lint and audit found as workflow commands, which GitHub shows beside a pull request or a run.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Severity
from pgrefit.model.lint import LintFinding, LintReport
from pgrefit.report.coverage import coverage_lines, crashed_lines, rule_lines
from pgrefit.report.phrases import details
from pgrefit.report.ranking import ranked
from pgrefit.report.units import visible

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def commands(report: LintReport) -> str:
    """A line for each finding of the lint."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def audit_commands(report: AuditReport) -> str:
    """A line for each finding of the audit, worst first: GitHub shows but ten of a kind. Then what was examined."""
    return "".join(f"{line}\n" for line in (*_findings(report), *_coverage(report)))


def _command(finding: LintFinding) -> str:
    instead = f"\nInstead:\n{finding.rewrite}" if finding.rewrite else ""
    parts = {
        "file": finding.file, "line": str(finding.line), "endLine": str(max(finding.end_line, finding.line)),
        "col": str(finding.column), "title": finding.rule,
    }  # fmt: skip
    named = ",".join(f"{name}={_property(value)}" for name, value in parts.items())
    return f"::{COMMANDS[finding.severity]} {named}::{_data(finding.message + instead)}"


def _findings(report: AuditReport) -> Iterator[str]:
    for finding in ranked(report.findings):
        says = visible("\n".join((f"{finding.object}: {finding.message}", *details(finding))))
        yield f"::{COMMANDS[finding.severity]} title={_property(finding.rule)}::{_data(says)}"


def _coverage(report: AuditReport) -> Iterator[str]:
    yield from (f"::error title=pgrefit::{_data(visible(line))}" for line in crashed_lines(report))
    if lines := list(coverage_lines(report, everything=False)):
        yield f"::notice title=What was examined::{_data(visible(chr(10).join(lines)))}"
    yield "::group::Rule by rule"
    for rule, looked, missed in rule_lines(report):
        says = f"{rule}: {looked}" + (f"; not {missed}" if missed else "")
        yield " ".join(visible(says).split())
    yield "::endgroup::"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
