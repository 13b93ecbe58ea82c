"""A redacted report has no value of the data in any of its forms."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from audit.making import finding, report
from pgrefit.audit.redact import redacted
from pgrefit.model.audit_report import Accepted, AuditReport, Coverage, Crash, LeftOut, Skipped
from pgrefit.model.finding import Evidence
from pgrefit.report import document, github, html, junit, markdown, sarif, text
from pgrefit.report.story import Story
from report.video_page import Todo

SECRET = "ann@example.org"
FOUND = replace(
    finding(
        message=f"holds the same address in several spellings, {SECRET} first, “{SECRET} ” second",
        rule="twins",
        evidence=(
            Evidence(measure="rows", value=3000, source="scan"),
            Evidence(measure="for example", value=(SECRET, "17", 17, None), source="scan"),
            Evidence(measure=f"rows with “{SECRET}”", value=12, source="sample", confidence=0.9),
            Evidence(measure="values", value=(f"{SECRET}: 9%",), source="statistics"),
            Evidence(measure="counted since", value="2026-01-01", source="statistics"),
            Evidence(measure="type", value="text", source="catalog"),
        ),
    ),
    advice=f"write {SECRET} one way",
    remedy=(Todo("make it citext"), Todo(f"map {SECRET}")),
)
ENTRY = Accepted(rule="twins", object="public.t", message=SECRET, fingerprint="0" * 16, reason="as agreed")
REPORT = replace(
    report(FOUND),
    crashed=(Crash(rule="bad", error=f"ValueError: {SECRET}"),),
    coverage=(Coverage(rule="x", asked=1, skipped=(Skipped(about="public.t", reason=f'not a number: "{SECRET}"'),)),),
    left_out=(LeftOut(finding=FOUND, by="comment", where="the comment on public.t", reason="known"),),
    expired=(ENTRY,),
    gone=(ENTRY,),
)


def as_text(found: AuditReport) -> str:
    console = Console(file=io.StringIO(), width=200)
    text.findings(found, console, everything=True)
    for each in found.findings:
        text.finding(each, console)
    return console.file.getvalue()


FORMS = {
    "text": as_text,
    "json": lambda found: document("findings", found).decode(),
    "markdown": lambda found: markdown.findings(found).replace("\\", ""),
    "sarif": lambda found: sarif.document(found, ()),
    "junit": junit.document,
    "github": github.audit_commands,
    "html": lambda found: html.render(Story(findings=found)),
}


@pytest.mark.parametrize("form", FORMS)
def test_no_form_tells_a_value(form: str) -> None:
    assert SECRET in FORMS[form](REPORT)
    assert SECRET not in FORMS[form](redacted(REPORT))


def test_lengths_numbers_and_the_catalog_stay() -> None:
    (found,) = redacted(REPORT).findings
    assert {evidence.measure: evidence.value for evidence in found.evidence} == {
        "rows": 3000,
        "for example": ("(15 characters)", "(2 characters)", 17, None),
        "rows with (15 characters)": 12,
        "values": ("(19 characters)",),
        "counted since": "2026-01-01",
        "type": "text",
    }
    assert found.message == "holds the same address in several spellings, (15 characters) first, (16 characters) second"
    assert [change.title for change in found.remedy] == ["make it citext"]
    assert "there is a remedy" in found.advice
    assert redacted(REPORT).coverage[0].skipped[0].reason == "not a number: (15 characters)"
