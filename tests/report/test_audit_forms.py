"""The forms of an audit: each is what its readers expect, says all, and is short where a person reads it."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from audit.making import finding, report
from pgrefit.model.audit_report import Accepted, AuditReport, Crash, Examined, LeftOut, Silent
from pgrefit.model.finding import Cost, Evidence, Severity
from pgrefit.model.server import Unseen
from pgrefit.report import document, github, html, junit, markdown, sarif, text
from pgrefit.report.ranking import alike
from pgrefit.report.story import Story
from pgrefit.rules import all_rules
from report import video_page

HOSTILE = 'public."<b>%0A::error::\x00\ufffe]]> ü\n"'
MANY = tuple(
    finding(f"public.index_{n}", rule="unused-index", severity=Severity.INFO, cost=Cost(bytes=n)) for n in range(250)
)
MANY_KINDS = tuple(finding(f"public.t_{n}", rule=f"rule-{n % 30}") for n in range(240))
LEFT = LeftOut(finding=finding("public.known", rule="bloat"), by="baseline", where="known.toml", reason="as agreed")
FULL = replace(
    report(
        finding(HOSTILE, "is wrong", rule="duplicate-index", severity=Severity.ERROR,
                evidence=(Evidence(measure="bytes", value=4096, source="statistics"),)),
        *MANY,
    ),
    crashed=(Crash(rule="bad", error="KeyError: 'x'"),),
    coverage=video_page.REPORT.coverage,
    examined=(Examined(kind="tables", examined=199, of=199),),
    silent=(Silent(rule="drift", reason="compares environments: --compare NAME=DSN"),),
    unseen=(Unseen(about="pg_hba.conf", reason="permission denied"),),
    left_out=(LEFT, replace(LEFT, by="comment", where="the comment on public.known", reason="")),
    expired=(Accepted(rule="bloat", object="public.x", message="m", fingerprint="f", reason="why"),),
    gone=(Accepted(rule="bloat", object="public.y", message="m", fingerprint="f", reason="why"),),
    notes=("the comment on public.z names no rule",),
)  # fmt: skip


def printed(found: AuditReport, *, everything: bool = False) -> str:
    console = Console(file=io.StringIO(), width=100)
    text.findings(found, console, everything=everything)
    return console.file.getvalue()


def test_alike_findings_are_one_group_and_the_dearest_stand_for_it() -> None:
    (group,) = alike(MANY)
    assert [each.object for each in group.dearest] == ["public.index_249", "public.index_248", "public.index_247"]
    assert len(group.others) == 247
    two = alike([finding(rule="r", severity=Severity.INFO), finding(rule="r", severity=Severity.ERROR)])
    assert [(each.rule, each.severity) for each in two] == [("r", Severity.ERROR), ("r", Severity.INFO)]


def test_groups_are_ordered_by_what_they_cost() -> None:
    costs = {"time": Cost(share_of_time=0.1, queries_affected=1), "rows": Cost(rows=9), "bytes": Cost(bytes=10**9)}
    found = [finding(rule=name, cost=costs.get(name)) for name in ("none", "bytes", "rows", "time")]
    assert [group.rule for group in alike(found)] == ["time", "rows", "bytes", "none"]


@pytest.mark.parametrize("findings", [MANY, MANY_KINDS, (*MANY, *MANY_KINDS)], ids=["many", "kinds", "both"])
def test_text_is_about_a_screenful_and_hides_nothing_silently(findings) -> None:
    short = printed(report(*findings))
    assert len(short.splitlines()) <= 70
    shown, hidden = (
        set(re.findall(r"^  (public\.\w+)", short, re.MULTILINE)),
        re.search(r"([\d,]+) findings not", short),
    )
    assert len(shown) + int(hidden[1]) == len(findings)
    whole = printed(report(*findings), everything=True)
    assert all(re.search(rf"{re.escape(each.object)}\b", whole) for each in findings)
    assert "not shown" not in whole


def test_markdown_and_html_group_too() -> None:
    written = markdown.findings(FULL)
    assert "## unused\\-index (info, 250)" in written
    assert written.count("\n- **public.index") == 3
    assert "- … and 247 more" in written
    assert markdown.findings(FULL, everything=True).count("\n- **public.index") == 250
    page = html.render(Story(findings=FULL))
    assert "247 more</summary>" in page
    assert page.count('<details class="finding"') == 251  # folded, but all there


FORMS = {
    "text": lambda found: printed(found, everything=True),
    "json": lambda found: document("findings", found).decode(),
    "markdown": lambda found: markdown.findings(found).replace("\\", ""),
    "sarif": lambda found: sarif.document(found, all_rules()),
    "junit": junit.document,
    "github": github.audit_commands,
    "html": lambda found: html.render(Story(findings=found)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_tells_what_was_examined_and_left_out(form: str) -> None:
    written = " ".join(FORMS[form](FULL).split())
    told = (
        "199", "reference-as-text", "metadata-in-text", "public.videos.description", "scan budget of 30 s", "bad",
        "pg_hba.conf", "drift", "--compare NAME=DSN", "as agreed", "public.known", "public.x", "public.y",
        "the comment on public.z names no rule",
    )  # fmt: skip
    assert [word for word in told if word not in written.replace("\\", "")] == []


# What the schema of SARIF 2.1.0 requires of an object, and all else that this program writes into it and it allows.
SHAPES = {
    "log": ({"version", "runs"}, {"$schema"}),
    "run": ({"tool"}, {"automationDetails", "invocations", "results", "columnKind", "properties"}),
    "driver": ({"name"}, {"version", "rules"}),
    "rule": ({"id"}, {"name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"}),
    "invocation": ({"executionSuccessful"}, {"toolExecutionNotifications"}),
    "notification": ({"message"}, {"level", "associatedRule"}),
    "result": (
        {"message"},
        {"ruleId", "ruleIndex", "level", "locations", "partialFingerprints", "suppressions", "properties"},
    ),
    "suppression": ({"kind"}, {"status", "justification"}),
    "message": ({"text"}, set()),
    "logicalLocation": (set(), {"fullyQualifiedName", "kind"}),
}
LEVELS = {"none", "note", "warning", "error"}


def fits(kind: str, value: dict) -> None:
    required, allowed = SHAPES[kind]
    assert required <= value.keys() <= required | allowed, kind


def test_sarif_has_the_shape_that_the_schema_requires() -> None:
    log = json.loads(sarif.document(FULL, all_rules()))
    fits("log", log)
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    fits("run", run)
    assert run["columnKind"] in {"utf16CodeUnits", "unicodeCodePoints"}
    fits("driver", run["tool"]["driver"])
    rules = run["tool"]["driver"]["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) > 20
    for rule in rules:
        fits("rule", rule)
        assert rule["shortDescription"]["text"]
        assert rule["help"]["text"]
        assert isinstance(rule["defaultConfiguration"]["enabled"], bool)
        assert len(rule["properties"]["tags"]) == len(set(rule["properties"]["tags"]))
    for invocation in run["invocations"]:
        fits("invocation", invocation)
        for notification in invocation["toolExecutionNotifications"]:
            fits("notification", notification)
            fits("message", notification["message"])
            assert notification["level"] in LEVELS
    assert not run["invocations"][0]["executionSuccessful"]  # a rule failed


def test_sarif_results_are_whole_and_known_again() -> None:
    (run,) = json.loads(sarif.document(FULL, all_rules()))["runs"]
    results, rules = run["results"], run["tool"]["driver"]["rules"]
    assert len(results) == len(FULL.findings) + len(FULL.left_out)
    for result in results:
        fits("result", result)
        fits("message", result["message"])
        assert result["level"] in LEVELS
        assert "ruleIndex" not in result or rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for suppression in result["suppressions"]:  # in all results, so that an empty list means: not suppressed
            fits("suppression", suppression)
            assert suppression["kind"] in {"inSource", "external"}
        for location in result["locations"]:
            (logical,) = location["logicalLocations"]
            fits("logicalLocation", logical)
    assert [result["suppressions"] for result in results[-2:]] == [
        [{"kind": "external", "status": "accepted", "justification": "known to known.toml: as agreed"}],
        [{"kind": "inSource", "status": "accepted",
          "justification": "by the comment on public.known, no reason given"}],
    ]  # fmt: skip
    prints = [result["partialFingerprints"]["pgrefit/1"] for result in results]
    assert len(set(prints)) == len(prints)
    grown = replace(FULL, findings=tuple(replace(f, evidence=(), cost=None) for f in reversed(FULL.findings)))
    again = json.loads(sarif.document(grown, all_rules()))["runs"][0]["results"]
    assert {result["partialFingerprints"]["pgrefit/1"] for result in again} == set(prints)


def test_junit_can_be_read_and_counts_right() -> None:
    suites = ET.fromstring(junit.document(FULL))
    assert suites.tag == "testsuites"
    (suite,) = suites
    cases = suite.findall("testcase")
    tags = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    for element in (suites, suite):
        assert int(element.get("tests")) == len(cases)
        for count, tag in tags.items():
            assert int(element.get(count)) == sum(len(case.findall(tag)) for case in cases)
    assert all(case.get("classname") and case.get("name") for case in cases)
    (failure,) = suite.iter("failure")
    assert (failure.get("type"), failure.get("message")) == ("error", "is wrong")
    assert "4,096" in failure.text
    by_name = {(case.get("classname"), case.get("name")): case for case in cases}
    assert by_name["pgrefit.metadata-in-text", "found nothing"].find("skipped") is not None  # it did not see all
    assert by_name["pgrefit.reference-as-text", "found nothing"].find("skipped") is None
    assert by_name["pgrefit.drift", "did not run"].find("skipped") is not None


def test_github_shows_a_line_for_each_finding_and_nothing_that_a_name_says_is_a_command() -> None:
    lines = github.audit_commands(FULL).splitlines()
    commands = [line.partition(" ")[0] for line in lines if line.startswith("::")]
    assert commands.count("::error") == 2  # a finding, and a rule that failed
    assert commands.count("::notice") == 251  # findings of severity info, and what was examined
    assert lines[0].startswith("::error title=duplicate-index::")
    assert commands[-2:] == ["::group::Rule", "::endgroup::"]


def test_json_is_whole() -> None:
    written = json.loads(document("findings", FULL))
    assert len(written["findings"]) == 251
    assert written["suppressed"] == 2
    assert [left["reason"] for left in written["left_out"]] == ["as agreed", ""]
    assert written["left_out"][0]["finding"]["object"] == "public.known"
    assert written["expired"][0]["expires"] is None
