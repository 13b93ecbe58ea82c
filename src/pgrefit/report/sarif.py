"""Findings as SARIF 2.1.0, which code-scanning services and editors read.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import sha256

from pgrefit import __version__
from pgrefit.model.audit_report import AuditReport, LeftOut
from pgrefit.model.finding import Evidence, Finding, Rule, Severity
from pgrefit.model.identity import fingerprint
from pgrefit.report.coverage import left_out_phrase, rule_lines
from pgrefit.report.units import evidence_source, evidence_value, visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
FINGERPRINT = "pgrefit/1"

Plain = None | str | int | float | bool | Sequence["Plain"] | dict[str, "Plain"]


def document(report: AuditReport, rules: Iterable[Rule]) -> str:
    """One run: its rules, a result for each finding, also for those left out, and what was examined.

    A notification tells of each rule that failed or could not look at something.
    """
    listed = sorted(rules, key=lambda rule: rule.name)
    places = {rule.name: place for place, rule in enumerate(listed)}
    seen: Counter[str] = Counter()
    everything = [*((f, None) for f in report.findings), *((left.finding, left) for left in report.left_out)]
    run: dict[str, Plain] = {
        "tool": {"driver": {"name": "pgrefit", "version": __version__, "rules": [_rule(rule) for rule in listed]}},
        "automationDetails": {"id": f"pgrefit audit/{report.database}"},
        "invocations": [_invocation(report)],
        "results": [_result(finding, left, places, _print(finding, report, seen)) for finding, left in everything],
        "columnKind": "unicodeCodePoints",
        "properties": {"coverage": _coverage(report)},
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: Rule) -> Plain:
    says = f"To leave it out: pgrefit audit --ignore {rule.name}. More of it: pgrefit explain {rule.name}."
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why} {says}"},
        "defaultConfiguration": {"enabled": rule.by_default},
        "properties": {"code": rule.code, "theme": rule.theme, "tags": ["postgresql", rule.theme]},
    }


def _result(finding: Finding, left: LeftOut | None, places: dict[str, int], fingerprint_: str) -> Plain:
    place: dict[str, Plain] = {"fullyQualifiedName": finding.object, "kind": "resource"}
    result: dict[str, Plain] = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": visible(_message(finding))},
        "locations": [{"logicalLocations": [place]}],
        "partialFingerprints": {FINGERPRINT: fingerprint_},
        "suppressions": [_suppression(left)] if left else [],
        "properties": _properties(finding),
    }
    if finding.rule in places:
        result["ruleIndex"] = places[finding.rule]
    return result


def _suppression(left: LeftOut) -> Plain:
    """A comment in the database is in the source of what was audited; all else is outside of it."""
    kind = "inSource" if left.by == "comment" else "external"
    return {"kind": kind, "status": "accepted", "justification": left_out_phrase(left)}


def _properties(finding: Finding) -> dict[str, Plain]:
    said: dict[str, Plain] = {"evidence": [_evidence(each) for each in finding.evidence]}
    said["remedy"] = [change.title for change in finding.remedy]
    if finding.cost is not None:
        cost = finding.cost
        said["cost"] = {
            "queries_affected": cost.queries_affected, "share_of_time": cost.share_of_time, "rows": cost.rows,
            "bytes": cost.bytes,
        }  # fmt: skip
    return said


def _evidence(evidence: Evidence) -> Plain:
    value = list(evidence.value) if isinstance(evidence.value, tuple) else evidence.value
    said: dict[str, Plain] = {"measure": evidence.measure, "value": value, "source": evidence.source}
    return said if evidence.confidence is None else {**said, "confidence": evidence.confidence}


def _message(finding: Finding) -> str:
    """What is wrong, what was measured, and what to do."""
    measured = "; ".join(f"{e.measure} {evidence_value(e)} ({evidence_source(e)})" for e in finding.evidence)
    todo = "; ".join([*(change.title for change in finding.remedy), *filter(None, [finding.advice])])
    parts = (f"{finding.object}: {finding.message}", measured and f"Measured: {measured}", todo and f"To do: {todo}")
    return ". ".join(part.rstrip(".") for part in parts if part) + "."


def _print(finding: Finding, report: AuditReport, seen: Counter[str]) -> str:
    """The same for the same defect in every audit, whatever was measured; of several alike each has its own."""
    said = f"{report.database}\0{fingerprint(finding)}"
    seen[said] += 1
    return sha256(f"{said}\0{seen[said]}".encode(errors="surrogatepass")).hexdigest()


def _coverage(report: AuditReport) -> Plain:
    examined: list[Plain] = [
        {"kind": each.kind, "examined": each.examined, "of": each.of, "reason": each.reason} for each in report.examined
    ]
    rules: list[Plain] = [
        {"rule": rule, "examined": looked, "missed": missed} for rule, looked, missed in rule_lines(report)
    ]
    silent: list[Plain] = [{"rule": each.rule, "reason": each.reason} for each in report.silent]
    gone: list[Plain] = [{"rule": entry.rule, "object": entry.object} for entry in report.gone]
    return {"examined": examined, "rules": rules, "silent": silent, "gone from the baseline": gone}


def _invocation(report: AuditReport) -> Plain:
    failed = [
        _note("error", f"rule {crash.rule} failed and found nothing: {crash.error}", crash.rule)
        for crash in report.crashed
    ]
    unseen = [
        _note("warning", f"{coverage.rule} could not look at {skipped.about}: {skipped.reason}", coverage.rule)
        for coverage in report.coverage
        for skipped in coverage.skipped
    ]
    of_server = [_note("warning", f"could not look at {each.about}: {each.reason}") for each in report.unseen]
    expired = [
        _note("warning", f"accepted until {entry.expires}, now reported again: {entry.object}", entry.rule)
        for entry in report.expired
    ]
    notes = [_note("warning", note) for note in report.notes]
    said: list[Plain] = [*failed, *unseen, *of_server, *expired, *notes]
    return {"executionSuccessful": not failed, "toolExecutionNotifications": said}


def _note(level: str, text: str, rule: str = "") -> dict[str, Plain]:
    said: dict[str, Plain] = {"level": level, "message": {"text": visible(text)}}
    return {**said, "associatedRule": {"id": rule}} if rule else said
