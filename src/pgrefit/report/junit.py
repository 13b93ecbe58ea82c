"""An audit as a JUnit report, which every CI server reads: a test for each rule, and for each finding.

An error or a warning is a failure; what is worth knowing only passes, with its words. A rule that could not look at
something, did not run or whose finding was left out is skipped, not passed.
Source: https://github.com/testmoapp/junitxml
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from pgrefit.model.audit_report import AuditReport, Coverage
from pgrefit.model.finding import Severity
from pgrefit.report.coverage import coverage_lines, left_out_phrase, rule_lines
from pgrefit.report.phrases import details
from pgrefit.report.ranking import ranked
from pgrefit.report.units import visible

NAME = "pgrefit audit"


def document(report: AuditReport) -> str:
    """One suite."""
    suite = Element("testsuite", name=_text(f"{NAME} of {report.database}" if report.database else NAME))
    for case in (*_findings(report), *_left_out(report), *_rules(report), *_silent(report)):
        suite.append(case)
    SubElement(suite, "system-out").text = _text("\n".join(coverage_lines(report)))
    suites = Element("testsuites", name=NAME)
    suites.append(suite)
    for element in (suite, suites):
        for count, tag in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            element.set(count, str(sum(1 for _ in element.iter(tag))))
    indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(suites, encoding="unicode") + "\n"


def _findings(report: AuditReport) -> Iterator[Element]:
    for finding in ranked(report.findings):
        case = _case(finding.rule, finding.object)
        if finding.severity is Severity.INFO:
            SubElement(case, "system-out").text = _text("\n".join((finding.message, *details(finding))))
        else:
            failure = SubElement(case, "failure", type=finding.severity.value, message=_text(finding.message))
            failure.text = _text("\n".join(details(finding)))
        yield case


def _left_out(report: AuditReport) -> Iterator[Element]:
    for left in report.left_out:
        case = _case(left.finding.rule, left.finding.object)
        SubElement(case, "skipped", message=_text(f"{left.finding.message}; left out {left_out_phrase(left)}"))
        yield case


def _rules(report: AuditReport) -> Iterator[Element]:
    failed = {crash.rule for crash in report.crashed}
    found = {finding.rule for finding in report.findings}
    for crash in report.crashed:
        case = _case(crash.rule, "failed")
        SubElement(case, "error", type="failed", message=_text(crash.error))
        yield case
    for coverage, (rule, looked, _) in zip(report.coverage, rule_lines(report), strict=True):
        if rule in failed:
            continue
        case = _case(rule, "examined" if rule in found else "found nothing")
        if coverage.skipped:
            SubElement(case, "skipped", message=_text(_missed(coverage)))
        SubElement(case, "system-out").text = _text(f"examined {looked}")
        yield case


def _silent(report: AuditReport) -> Iterator[Element]:
    ran = {coverage.rule for coverage in report.coverage}
    for silent in report.silent:
        case = _case(silent.rule, "had nothing to look at" if silent.rule in ran else "did not run")
        SubElement(case, "skipped", message=_text(silent.reason))
        yield case


def _case(rule: str, name: str) -> Element:
    return Element("testcase", classname=_text(f"pgrefit.{rule}"), name=_text(name))


def _missed(coverage: Coverage) -> str:
    return "; ".join(f"could not look at {skipped.about}: {skipped.reason}" for skipped in coverage.skipped)


def _text(text: str) -> str:
    """Without characters that XML cannot hold."""
    return visible(text).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")
