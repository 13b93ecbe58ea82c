"""What lint found as SARIF 2.1.0: rules, results with file and lines, and what was not linted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from pgrefit import __version__
from pgrefit.model.lint import LintFinding, LintReport, LintRuleCard
from pgrefit.report.sarif import FINGERPRINT, LEVELS, SCHEMA, Plain
from pgrefit.report.units import visible


def document(report: LintReport, rules: Iterable[LintRuleCard]) -> str:
    """One run."""
    listed = sorted(rules, key=lambda rule: rule.name)
    places = {rule.name: place for place, rule in enumerate(listed)}
    seen: Counter[str] = Counter()
    run: dict[str, Plain] = {
        "tool": {"driver": {"name": "pgrefit", "version": __version__, "rules": [_rule(rule) for rule in listed]}},
        "invocations": [_invocation(report)],
        "results": [_result(finding, places, seen) for finding in report.findings],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=2) + "\n"


def _rule(rule: LintRuleCard) -> Plain:
    return {
        "id": rule.name,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
    }


def _result(finding: LintFinding, places: dict[str, int], seen: Counter[str]) -> Plain:
    region: dict[str, Plain] = {
        "startLine": finding.line, "startColumn": finding.column, "endLine": max(finding.end_line, finding.line),
    }  # fmt: skip
    result: dict[str, Plain] = {
        "ruleId": finding.rule,
        "level": LEVELS[finding.severity],
        "message": {"text": visible(_message(finding))},
        "locations": [
            {"physicalLocation": {"artifactLocation": {"uri": _uri(finding.file)}, "region": region}},
        ],
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding, seen)},
    }
    if finding.rule in places:
        result["ruleIndex"] = places[finding.rule]
    return result


def _message(finding: LintFinding) -> str:
    instead = f"\n\nInstead:\n{finding.rewrite}" if finding.rewrite else ""
    return f"{finding.message}.{instead}"


def _uri(file: str) -> str:
    path = Path(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def _fingerprint(finding: LintFinding, seen: Counter[str]) -> str:
    """The same while the file's name and the statement stay the same, wherever in the file it moves."""
    said = "\0".join((finding.file, finding.rule, finding.statement, finding.message))
    seen[said] += 1
    return sha256(f"{said}\0{seen[said]}".encode(errors="surrogatepass")).hexdigest()


def _invocation(report: LintReport) -> Plain:
    failed: list[Plain] = [
        {"level": "error", "message": {"text": f"rule {crash.rule} failed: {crash.error}"},
         "associatedRule": {"id": crash.rule}}
        for crash in report.crashed
    ]  # fmt: skip
    unread: list[Plain] = [
        {"level": "note", "message": {"text": f"{note.file}:{note.line}: {note.text}"}} for note in report.notes
    ]
    return {"executionSuccessful": not failed, "toolExecutionNotifications": [*failed, *unread]}
