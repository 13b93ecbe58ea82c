"""Findings as SARIF 2.1.0, which code-scanning services and editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256

from pgrefit import __version__
from pgrefit.model.audit_report import AuditReport
from pgrefit.model.finding import Finding, Rule, Severity
from pgrefit.report.units import evidence_source, evidence_value, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
FINGERPRINT = "pgrefit/1"

Plain = str | int | float | bool | Sequence["Plain"] | dict[str, "Plain"]


def document(report: AuditReport, rules: Iterable[Rule]) -> str:
    """One run: its rules, a result for each finding, and a notification for each rule that failed."""
    listed = sorted(rules, key=lambda rule: rule.name)
    places = {rule.name: place for place, rule in enumerate(listed)}
    run: dict[str, Plain] = {
        "tool": {"driver": {"name": "pgrefit", "version": __version__, "rules": [_rule(rule) for rule in listed]}},
        "invocations": [_invocation(report)],
        "results": [_result(finding, places, report.database) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: Rule) -> Plain:
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "properties": {"code": rule.code},
    }


def _result(finding: Finding, places: dict[str, int], database: str) -> Plain:
    result: dict[str, Plain] = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": visible(_message(finding))},
        "locations": [{"logicalLocations": [{"fullyQualifiedName": finding.object, "kind": "resource"}]}],
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding, database)},
    }
    if finding.rule in places:
        result["ruleIndex"] = places[finding.rule]
    return result


def _message(finding: Finding) -> str:
    """What is wrong, what was measured, and what to do."""
    measured = "; ".join(f"{e.measure} {evidence_value(e)} ({evidence_source(e)})" for e in finding.evidence)
    todo = "; ".join([*(change.title for change in finding.remedy), *filter(None, [finding.advice])])
    parts = (f"{finding.object}: {finding.message}", measured and f"Measured: {measured}", todo and f"To do: {todo}")
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def _fingerprint(finding: Finding, database: str) -> str:
    """The same for the same defect in every audit, whatever was measured."""
    said = "\0".join((database, finding.rule, finding.object))
    return sha256(said.encode(errors="surrogatepass")).hexdigest()


def _invocation(report: AuditReport) -> Plain:
    failed: list[Plain] = [
        {
            "level": "error",
            "message": {"text": f"rule {crash.rule} failed and found nothing: {crash.error}"},
            "associatedRule": {"id": crash.rule},
        }
        for crash in report.crashed
    ]
    unseen: list[Plain] = [
        {
            "level": "warning",
            "message": {"text": f"{coverage.rule} could not look at {skipped.about}: {skipped.reason}"},
            "associatedRule": {"id": coverage.rule},
        }
        for coverage in report.coverage
        for skipped in coverage.skipped
    ]
    return {"executionSuccessful": not failed, "toolExecutionNotifications": [*failed, *unseen]}
