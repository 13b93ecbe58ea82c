"""What is found in every form that it is shown in."""

import io
import json
import re

from rich.console import Console

from lint.linting import HERE, report
from pgrefit.lint import all_lint_rules
from pgrefit.report import github, lint_sarif
from pgrefit.report.json import document
from pgrefit.report.text.lint import lint as as_text

FOUND = report(
    "ALTER TABLE t ADD COLUMN b text NOT NULL,\n ADD COLUMN c int;\nCREATE TABEL;\nDO LANGUAGE plperl $$ 1 $$;",
    before="CREATE TABLE t (id bigint PRIMARY KEY);",
)


def test_sarif_has_what_the_schema_requires() -> None:
    log = json.loads(lint_sarif.document(FOUND, (rule.card for rule in all_lint_rules())))
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert log["version"] == "2.1.0"
    assert run["tool"]["driver"]["name"] == "pgrefit"
    assert len(run["results"]) == len(FOUND.findings)
    for result in run["results"]:
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert result["message"]["text"]
        assert result["level"] in {"note", "warning", "error"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == HERE
        assert 1 <= region["startLine"] <= region["endLine"]
        assert region["startColumn"] >= 1
        assert re.fullmatch(r"[0-9a-f]{64}", result["partialFingerprints"]["pgrefit/1"])
    assert all({"id", "shortDescription", "defaultConfiguration"} <= set(rule) for rule in rules)
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "plperl" in note["message"]["text"] or "DO" in note["message"]["text"]


def test_fingerprints_stay_when_lines_move_and_tell_equals_apart() -> None:
    def prints(sql: str) -> list[str]:
        found = report(sql, before="CREATE TABLE t (id bigint PRIMARY KEY);")
        log = json.loads(lint_sarif.document(found, ()))
        return [r["partialFingerprints"]["pgrefit/1"] for r in log["runs"][0]["results"]]

    drop = "DELETE FROM t;"
    assert prints(drop) == prints(f"\n\n{drop}")
    assert len(set(prints(drop + drop))) == len(prints(drop + drop)) == 2


def test_json_names_its_format_and_holds_every_finding() -> None:
    said = json.loads(document("lint", FOUND))
    assert said["format"] == "pgrefit/lint/1"
    assert {f["rule"] for f in said["findings"]} >= {"required-column-without-default", "syntax"}
    assert {"file", "line", "column", "severity", "message", "why", "rewrite", "evidence"} <= set(said["findings"][0])


def test_github_gets_one_line_each() -> None:
    lines = github.commands(FOUND).splitlines()
    assert len(lines) == len(FOUND.findings)
    assert lines[0].startswith(f"::error file={HERE},line=1,endLine=2,col=1,title=required-column-without-default::")
    assert all(re.match(r"::(error|warning|notice) [^\n]*::.", line) for line in lines)
    assert "%0A" in lines[0]


def shown(*, everything: bool) -> str:
    console = Console(file=io.StringIO(), width=100)
    as_text(FOUND, console, everything=everything)
    return console.file.getvalue()


def test_text_shows_place_statement_and_the_safe_way() -> None:
    text = shown(everything=False)
    for words in (
        HERE,
        "1:1",
        "required-column-without-default",
        "instead:",
        "NOT VALID",
        "2 errors",
        "was not linted",
    ):
        assert words in text
    assert "no-lock-timeout (1)" in text
    assert "may be waited for" not in text
    assert "may be waited for" in shown(everything=True)
