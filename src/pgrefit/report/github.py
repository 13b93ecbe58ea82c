"""What lint found as workflow commands, which GitHub shows beside the lines of a pull request.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from pgrefit.model.finding import Severity
from pgrefit.model.lint import LintFinding, LintReport

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def commands(report: LintReport) -> str:
    """A line for each finding."""
    return "".join(f"{_command(finding)}\n" for finding in report.findings)


def _command(finding: LintFinding) -> str:
    instead = f"\nInstead:\n{finding.rewrite}" if finding.rewrite else ""
    parts = {
        "file": finding.file, "line": str(finding.line), "endLine": str(max(finding.end_line, finding.line)),
        "col": str(finding.column), "title": finding.rule,
    }  # fmt: skip
    named = ",".join(f"{name}={_property(value)}" for name, value in parts.items())
    return f"::{COMMANDS[finding.severity]} {named}::{_data(finding.message + instead)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
