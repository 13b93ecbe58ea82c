"""JSON and Markdown."""

import json
from dataclasses import replace

import pytest

from pgrefit.model.audit_report import AuditReport
from pgrefit.model.codec import from_json
from pgrefit.model.finding import Cost, Evidence, Finding, Severity
from pgrefit.model.goals import GoalResult, Goals
from pgrefit.model.rehearsal import Rehearsal
from pgrefit.report import document, markdown
from report import video_page
from report.video_page import Todo

FINDING = Finding(
    rule="reference-as-text",
    severity=Severity.ERROR,
    object="public.quiz_attempts.video_id",
    message="text column holds ids of public.videos.id (uuid) without a foreign key",
    evidence=(
        Evidence(measure="rows", value=200000, source="scan"),
        Evidence(measure="matching", value=0.99, source="sample", confidence=0.95),
    ),
    remedy=(Todo("convert public.quiz_attempts.video_id to uuid"),),
    cost=Cost(queries_affected=3, share_of_time=0.41),
)


def test_findings_document_is_as_documented():
    written = json.loads(document("findings", AuditReport(database="shop", findings=(FINDING,))))
    finding = {
        "rule": "reference-as-text",
        "severity": "error",
        "object": "public.quiz_attempts.video_id",
        "message": "text column holds ids of public.videos.id (uuid) without a foreign key",
        "evidence": [
            {"measure": "rows", "value": 200000, "source": "scan"},
            {"measure": "matching", "value": 0.99, "source": "sample", "confidence": 0.95},
        ],
        "remedy": ["convert public.quiz_attempts.video_id to uuid"],
        "cost": {"queries_affected": 3, "share_of_time": 0.41},
    }
    expected = {
        "format": "pgrefit/findings/1",
        "database": "shop",
        "findings": [finding],
        "crashed": [],
        "coverage": [],
    }
    assert expected.items() <= written.items()


def test_goals_document_is_as_documented():
    goal = GoalResult(
        id="VP-G1", goal="video page load, p95", unit="ms", before=640.1, after=11.8, wanted="< 50", met=True
    )
    assert json.loads(document("goals", Goals(system="video_page", scale=1.0, goals=(goal,)))) == {
        "format": "pgrefit/goals/1",
        "system": "video_page",
        "scale": 1.0,
        "goals": [
            {
                "id": "VP-G1",
                "goal": "video page load, p95",
                "unit": "ms",
                "before": 640.1,
                "after": 11.8,
                "wanted": "< 50",
                "met": True,
            }
        ],
    }


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("findings", video_page.REPORT),
        ("plan", video_page.PLAN),
        ("rehearsal", video_page.REHEARSAL),
        ("run", video_page.RUN),
        ("verification", video_page.VERIFICATION),
        ("bench", video_page.COMPARISON),
        ("goals", video_page.GOALS),
        ("snapshot", video_page.BEFORE),
        ("load", video_page.load(3)),
    ],
)
def test_every_document_names_its_format_first(kind, value):
    written = document(kind, value)
    assert next(iter(json.loads(written).items())) == ("format", f"pgrefit/{kind}/1")
    assert written.endswith(b"}\n")


def test_plan_names_relations_and_enums_for_people():
    step = json.loads(document("plan", video_page.PLAN))["steps"][0]["step"]
    assert step["locks"] == [{"on": "public.quiz_attempts", "mode": "AccessExclusiveLock"}]
    assert (step["phase"], step["work"]) == ("expand", "catalog only")


def test_rehearsal_can_be_read_back():
    assert from_json(Rehearsal, document("rehearsal", video_page.REHEARSAL)) == video_page.REHEARSAL


def test_non_ascii_stays_readable():
    report = AuditReport(findings=(replace(FINDING, object="öffentlich.テーブル"),))
    assert "öffentlich.テーブル" in document("findings", report).decode()


def test_markdown_findings_escape_names_and_keep_evidence():
    report = AuditReport(findings=(replace(FINDING, object="public.<b>*x*|y\nz"),))
    written = markdown.findings(report)
    assert r"public.\<b\>\*x\*\|y z" in written
    assert "rows 200,000" in written
    assert written.count("\n- ") == 1


def test_markdown_goals_are_a_table():
    lines = markdown.goals(video_page.GOALS).splitlines()
    assert "9 of 10 met." in lines
    assert len([line for line in lines if line.startswith("|")]) == 12
    assert "**not met**" in next(line for line in lines if "VP\\-G7" in line)
