"""Text for terminals and logs: fits the width, is plain where it must be, and hides nothing."""

import io
from dataclasses import replace

import pytest
from rich.console import Console

from pgrefit.model.audit_report import AuditReport
from pgrefit.report import text
from report import video_page


def printed(write, *values, width=80, **options) -> str:
    console = Console(file=io.StringIO(), width=width, **options)
    write(*values, console) if not isinstance(write, tuple) else write[0](*values, console, **write[1])
    return console.file.getvalue()


EVERYTHING = [
    (text.findings, video_page.REPORT),
    (text.finding, video_page.FINDINGS[0]),
    (text.plan, video_page.PLAN),
    (text.rehearsal, video_page.REHEARSAL),
    (text.run, video_page.RUN),
    (text.verification, video_page.VERIFICATION),
    (text.comparison, video_page.COMPARISON),
    (text.goals, video_page.GOALS),
]


@pytest.mark.parametrize(("write", "value"), EVERYTHING, ids=lambda part: getattr(part, "__name__", ""))
def test_fits_80_columns_and_is_plain_in_a_file(write, value):
    output = printed(write, value)
    assert output.strip()
    assert max(map(len, output.splitlines())) <= 80
    assert "\x1b" not in output


def test_no_color_is_respected_on_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    output = printed(text.goals, video_page.GOALS, force_terminal=True)
    assert "\x1b[3" not in output.replace("\x1b[3m", "")


def test_findings_show_a_screenful_then_how_many_are_left():
    report = video_page.many_findings(40).findings
    assert "28 findings not shown: --all" in printed(text.findings, report)
    whole = printed((text.findings, {"everything": True}), report)
    assert "not shown: --all" not in whole
    assert "public.table_39.column" in whole


def test_no_findings_is_said():
    assert "No findings." in printed(text.findings, AuditReport())


def test_findings_tell_what_was_not_examined():
    output = " ".join(printed(text.findings, video_page.REPORT).split())
    assert "could not look at public.videos.description: the scan budget of 30 s was used up" in output
    assert "Rule bloat failed and found nothing" in output


def test_names_are_neither_markup_nor_commands_to_the_terminal():
    hostile = replace(video_page.FINDINGS[0], object="public.[red]t[/red]\x1b[2J\u202e\u2028")
    output = printed(text.finding, hostile)
    assert "[red]t[/red]\\u001b[2J\\u202e\\u2028" in output


def test_long_names_are_folded_not_cut():
    name = "public." + "x" * 63 + "." + "y" * 63
    output = printed(text.finding, replace(video_page.FINDINGS[0], object=name), width=60)
    assert name in output.replace("\n", "")


def test_plan_draws_the_line_of_no_return_once_before_the_first_such_step():
    output = printed(text.plan, video_page.PLAN)
    assert output.count("line of no return") == 1
    assert output.index("240  ") < output.index("line of no return") < output.index("250  ")
    reversible = replace(video_page.PLAN, steps=video_page.PLAN.steps[:24])
    assert "Every step can be undone." in printed(text.plan, reversible)


def test_rehearsal_shows_problems_and_the_servers_words():
    output = printed(text.rehearsal, video_page.REHEARSAL)
    assert "took SHARE on public.videos, which it did not declare" in output
    assert "generation expression is not immutable" in output
    assert "The rehearsal did not pass." in output


def test_run_shows_rates_and_quarantine():
    output = " ".join(printed(text.run, video_page.RUN, width=120).split())
    assert "/s" in output
    assert "3,019 rows of public.quiz_attempts: video_id names no video" in output


def test_comparison_pairs_a_query_with_the_one_that_replaces_it():
    console = Console(file=io.StringIO(), width=80)
    text.comparison(video_page.COMPARISON, console, video_page.WORKLOAD)
    line = next(line for line in console.file.getvalue().splitlines() if line.startswith("voice_memos"))
    assert line.split() == ["voice_memos", "231", "ms", "0.6", "ms", "385×", "faster"]
