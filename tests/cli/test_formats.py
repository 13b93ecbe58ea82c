"""Results go to standard output in the form that is asked for, and all that is said to people elsewhere."""

import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace

import pytest

WORKLOAD = """\
-- name: by_video
-- group: page
-- parameters: SELECT id::text FROM videos LIMIT 3
SELECT * FROM attempts WHERE video_id = $1;
-- name: best
-- group: page
SELECT max(score) FROM attempts;
-- name: broken
SELECT nothing FROM attempts;
"""
ONE = ("--rule", "reference-as-text")
COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-7]")


def as_json(said, form: str, *keys: str) -> dict:
    assert said.status == 0, said.err
    document = json.loads(said.out)
    assert document["format"] == f"pgrefit/{form}/1"
    assert set(keys) <= document.keys()
    return document


def test_audit_as_json(program, shop):
    """As CLI.md promises it, alone on standard output; in a file it is the same."""
    said = program("audit", shop.dsn, *ONE, "--format", "json")
    (finding,) = as_json(said, "findings", "database", "findings", "coverage")["findings"]
    assert {"rule", "severity", "object", "message", "evidence", "remedy"} <= finding.keys()
    assert (finding["rule"], finding["severity"]) == ("reference-as-text", "error")
    assert finding["object"] == "public.attempts.video_id"
    assert {"measure": "rows", "value": 3001, "source": "scan"} in finding["evidence"]
    assert said.err.startswith("database: ")
    written = program("audit", shop.dsn, *ONE, "--format", "json", "--out", "findings.json")
    assert (written.status, written.out) == (0, "")
    assert json.loads((program.cwd / "findings.json").read_text())["findings"] == [finding]


def test_design_apply_status_verify_as_json(program, shop, plan):
    (program.cwd / "refit.toml").write_text('[reference."public.attempts.video_id"]\n')
    designed = as_json(program("design", shop.dsn, "--out", "other", "--format", "json"), "plan", "fingerprint")
    assert [step["id"] for step in designed["steps"]] == [f"{10 * n:03}" for n in range(1, 13)]
    none = as_json(program("status", shop.dsn, "--format", "json"), "run")
    assert (none["state"], none["steps"]) == ("none", [])
    applied = as_json(program("apply", plan, shop.dsn, "--yes", "--format", "json"), "run", "id", "plan_hash")
    assert applied["state"] == "done"
    assert {step["state"] for step in applied["steps"]} == {"done", "skipped"}
    status = as_json(program("status", shop.dsn, "--format", "json"), "run", "steps")
    assert status["quarantined"] == [{"source": "public.attempts", "reason": "video_id is not a uuid", "rows": 1}]
    verified = as_json(program("verify", plan, shop.dsn, "--format", "json"), "verification", "plan")
    assert all(check["passed"] for check in verified["checks"])


def test_rehearse_as_json(program, shop, plan):
    rehearsed = as_json(program("rehearse", plan, shop.dsn, "--format", "json"), "rehearsal", "checks", "plan")
    assert len(rehearsed["steps"]) == 11  # one had nothing to do
    assert json.loads((plan / "rehearsal.json").read_text())["plan"] == rehearsed["plan"]
    assert shop.untouched


def test_bench_as_text_and_json(program, shop):
    (program.cwd / "w.sql").write_text(WORKLOAD)
    program("bench", shop.dsn).refused(2, "workload.sql cannot be read")
    shop("INSERT INTO attempts (score) SELECT n FROM generate_series(1, 20000) AS n")
    said = program("bench", shop.dsn, "--workload", "w.sql", "--calls", 5)
    assert said.status == 0, said.err
    assert re.search(r"^by_video +5 .* ms .* ms .* ms +30 +\d+ +public\.attempts", said.out, re.MULTILINE)
    assert "all of page" in said.out
    assert 'broken: 5 calls failed: column "nothing" does not exist' in said.out
    keys = ("queries", "groups", "server", "database_bytes")
    as_json(replace(said, out=(program.cwd / "bench.json").read_text()), "measurement", *keys)
    program("bench", shop.dsn, "--workload", "w.sql", "--format", "html").refused(2, "has no html form", "text, json")
    program("bench", shop.dsn, "--workload", "w.sql", "--calls", 0).refused(2, "--calls")
    both = ("bench", shop.dsn, "--workload", "w.sql", "--against", shop.dsn, "--format", "json")
    as_json(program(*both), "bench", "before", "after")


def test_audit_as_sarif(program, shop):
    run = json.loads(program("audit", shop.dsn, *ONE, "--format", "sarif").out)["runs"][0]
    rules = {rule["id"]: rule for rule in run["tool"]["driver"]["rules"]}
    (result,) = run["results"]
    assert rules[result["ruleId"]] is run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert all(rule[key]["text"] for rule in rules.values() for key in ("shortDescription", "fullDescription"))
    assert result["level"] == "error"
    assert "3,001" in result["message"]["text"]
    place = result["locations"][0]["logicalLocations"][0]
    assert place["fullyQualifiedName"] == "public.attempts.video_id"
    shop("DELETE FROM attempts WHERE score > 2500")
    again = json.loads(program("audit", shop.dsn, *ONE, "--format", "sarif").out)["runs"][0]["results"][0]
    assert again["message"] != result["message"]
    assert again["partialFingerprints"] == result["partialFingerprints"]


def test_markdown_and_html(program, shop, plan):
    assert program("audit", shop.dsn, "--format", "markdown").out.startswith("# Findings\n")
    page = program("audit", shop.dsn, "--format", "html").out
    assert page.lstrip().lower().startswith("<!doctype html>")
    assert "public.attempts.video_id" in page
    assert "<link" not in page
    assert "src=" not in page
    applied = program("apply", plan, shop.dsn, "--yes", "--format", "html")
    assert "switch public.attempts to the new columns" in applied.out
    assert program("verify", plan, shop.dsn, "--format", "markdown").out.startswith("# Verification of ")


@pytest.mark.parametrize(
    ("verb", "form"), [("apply", "markdown"), ("rehearse", "sarif"), ("status", "html"), ("design", "sarif")]
)
def test_a_form_that_a_verb_does_not_have_is_refused_before_anything_is_done(program, shop, plan, verb, form):
    words = (verb, plan, shop.dsn) if verb in {"apply", "rehearse"} else (verb, shop.dsn)
    program(*words, "--format", form).refused(2, f"{verb} has no {form} form", "--format text, json")
    assert shop.untouched


def test_fail_on(program, shop, empty):
    assert program("audit", shop.dsn, *ONE, "--fail-on", "warning").status == 1
    assert program("audit", shop.dsn, *ONE, "--fail-on", "error", "--format", "json").status == 1
    assert program("audit", shop.dsn, *ONE, "--fail-on", "error", "--ignore", "reference-as-text:*").status == 0
    assert program("audit", empty, *ONE, "--fail-on", "info").status == 0


@pytest.mark.parametrize("words", [("--quiet", "audit"), ("audit", "-q")])
def test_quiet(program, empty, words):
    said = program(*words, empty, *ONE)
    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("No findings.")


def test_a_file_that_cannot_be_written_is_refused_at_once(program, empty):
    program("audit", empty, "--out", "no/such/folder").refused(2, "there is no folder", "no/such")
    program("audit", empty, "--out", ".").refused(2, "is a folder")
    program("audit", empty, "--out", "/dev/full").refused(2, "No space left on device")


def on_a_terminal(program, *words: object, **env: str) -> str:
    """What a person sees."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-m", "pgrefit", *map(str, words)]
    env = program.env | {"TERM": "xterm"} | env
    with subprocess.Popen(argv, cwd=program.cwd, env=env, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        seen = b""
        with suppress(OSError):  # the terminal is gone with the program
            while part := os.read(ours, 4096):
                seen += part
                if b"[y/N]" in part:
                    os.write(ours, b"n\n")
    os.close(ours)
    return seen.decode()


def test_colours_on_a_terminal_alone(program, shop):
    assert COLOUR.search(on_a_terminal(program, "audit", shop.dsn))
    assert not COLOUR.search(on_a_terminal(program, "audit", shop.dsn, NO_COLOR="1"))
    assert "\x1b" not in program("audit", shop.dsn).out


def test_text_in_a_file_has_no_blanks_at_the_ends_of_lines(program, shop, tmp_path):
    program("audit", shop.dsn, "--all", "--out", tmp_path / "found.txt")
    for text in (program("audit", shop.dsn, "--all").out, (tmp_path / "found.txt").read_text()):
        assert "What was examined" in text
        assert not [line for line in text.splitlines() if line.endswith(" ")]


@pytest.mark.parametrize("letters", ["ascii", "latin-1"])
def test_names_are_said_to_whom_knows_few_letters(program, shop, letters):
    shop("CREATE TABLE größen_表 (id int)")
    try:
        for form in ("text", "json"):
            said = program(
                "audit", shop.dsn, "--rule", "table-without-primary-key", "-f", form, PYTHONIOENCODING=letters
            )
            assert (said.status, "größen_表" in said.out) == (0, True)
    finally:
        shop("DROP TABLE größen_表")


def test_a_person_is_asked(program, shop, plan):
    seen = on_a_terminal(program, "apply", plan, shop.dsn)
    assert "apply it? [y/N]" in seen
    assert "not confirmed; nothing was changed" in seen
    assert shop.untouched
