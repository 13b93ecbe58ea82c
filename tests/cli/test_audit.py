"""The verb audit: which rules run, what is known, what a project says, what nobody is to see."""

import json
import tomllib
from xml.etree import ElementTree as ET

import pytest

ONE = ("--rule", "reference-as-text")


def findings(said) -> list[dict]:
    assert said.status == 0, said.err
    return json.loads(said.out)["findings"]


def test_a_baseline_there_and_back(program, shop):
    audit = ("audit", shop.dsn, *ONE)
    program(*audit, "--write-baseline", "known.toml").refused(2, "needs a reason", "--reason")
    program(*audit, "--reason", "x").refused(2, "--write-baseline")
    program(*audit, "--baseline", "none.toml").refused(2, "none.toml cannot be read")
    written = program(*audit, "--write-baseline", "known.toml", "--reason", "goes in May")
    assert (written.status, "written: known.toml" in written.err) == (0, True)
    (entry,) = tomllib.loads((program.cwd / "known.toml").read_text())["finding"]
    assert (entry["rule"], entry["object"]) == ("reference-as-text", "public.attempts.video_id")
    shop("INSERT INTO attempts (video_id) VALUES ('another that is no uuid')")
    known = (*audit, "--baseline", "known.toml", "--fail-on", "info")
    said = program(*known)
    assert (said.status, said.out.splitlines()[0]) == (0, "No findings.")
    assert "1 known to known.toml: goes in May (public.attempts.video_id)" in " ".join(said.out.split())
    shop("ALTER TABLE attempts DROP COLUMN video_id")
    gone = "in the baseline, and gone: reference-as-text of public.attempts.video_id"
    assert gone in " ".join(program(*known).out.split())
    assert program(*audit, "--write-baseline", "known.toml", "--reason", "x").status == 0
    assert tomllib.loads((program.cwd / "known.toml").read_text())["finding"] == []


def test_what_expired_fails_again(program, shop):
    audit = ("audit", shop.dsn, *ONE)
    assert program(*audit, "--write-baseline", "known.toml", "--reason", "x", "--expires", "2020-01-01").status == 0
    said = program(*audit, "--baseline", "known.toml", "--fail-on", "error")
    assert said.status == 1
    assert "accepted until 2020-01-01, now reported again" in " ".join(said.out.split())


def test_rules_are_chosen_by_glob(program, shop):
    assert findings(program("audit", shop.dsn, "--rule", "unused-*", "--format", "json")) == []
    (found,) = findings(program("audit", shop.dsn, "--rule", "REF001", "--format", "json"))
    assert found["rule"] == "reference-as-text"
    program("audit", shop.dsn, "--rule", "reference-a-text").refused(2, "no rule", "did you mean 'reference-as-text'?")
    program("audit", shop.dsn, "--with", "nothing-such").refused(2, "there is no rule 'nothing-such'")
    program("audit", shop.dsn, "--ignore", "refrence-as-text").refused(2, "did you mean 'reference-as-text'?")


def test_the_list_of_rules_needs_no_database(program):
    said = program("audit", "--list-rules", *ONE)
    assert (said.status, said.err) == (0, "")
    (line,) = (line for line in said.out.splitlines() if " reference-as-text " in line)
    assert "off" not in line.split()
    listed = json.loads(program("audit", "--list-rules", *ONE, "--format", "json").out)
    assert listed["format"] == "pgrefit/rules/1"
    assert [rule["name"] for rule in listed["rules"] if rule["runs"]] == ["reference-as-text"]
    program("audit", "--list-rules", "--format", "html").refused(2, "text, json")


def test_a_project_configures_the_audit(program, shop):
    config = program.cwd / "pgrefit.toml"
    audit = ("audit", shop.dsn, *ONE)
    config.write_text('[audit]\nfail-on = "error"\n')
    assert program(*audit).status == 1
    assert program(*audit, "--fail-on", "none").status == 0
    config.write_text('[audit]\nfail-on = "warning"\nseverity.reference-as-text = "info"\n')
    assert [found["severity"] for found in findings(program(*audit, "--format", "json"))] == ["info"]
    config.write_text('[audit]\ndisable = ["reference-as-text"]\n')
    said = program("audit", shop.dsn, "--format", "json")
    assert "reference-as-text" not in {found["rule"] for found in findings(said)}
    silent = {each["rule"]: each["reason"] for each in json.loads(said.out)["silent"]}
    assert silent["reference-as-text"] == "disabled by pgrefit.toml"


@pytest.mark.parametrize(
    ("text", "says", "advice"),
    [
        ('[audit]\n\ndisable = ["refrence-as-text"]\n', ":3: there is no rule", "did you mean 'reference-as-text'?"),
        ("[adit]\n", ":1: unknown key 'adit'", "did you mean 'audit'?"),
    ],
)
def test_a_mistake_in_the_configuration(program, text, says, advice):
    (program.cwd / "pgrefit.toml").write_text(text)
    program("audit", "dbname=x").refused(2, f"pgrefit.toml{says}", advice)


def test_a_comment_in_the_database(program, shop):
    shop("COMMENT ON COLUMN attempts.video_id IS 'Which video. pgrefit:ignore reference-as-text the app casts it'")
    said = program("audit", shop.dsn, *ONE, "--fail-on", "info")
    assert said.status == 0
    told = " ".join(said.out.split())
    assert "1 by the comment on public.attempts.video_id: the app casts it (public.attempts.video_id)" in told


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif", "junit", "github", "html"])
def test_redact(program, shop, form):
    plain = program("audit", shop.dsn, *ONE, "--format", form)
    masked = program("audit", shop.dsn, *ONE, "--format", form, "--redact")
    assert (plain.status, masked.status) == (0, 0)
    assert "not a uuid" in plain.out or form == "text"
    assert "not a uuid" not in masked.out
    assert "(10 characters)" in masked.out.replace("\\", "") or form == "text"


def test_forms_for_machines(program, shop):
    (suite,) = ET.fromstring(program("audit", shop.dsn, *ONE, "--format", "junit").out)
    assert suite.get("failures") == "1"
    said = program("audit", shop.dsn, *ONE, "--format", "github")
    assert said.out.startswith("::error title=reference-as-text::public.")


def test_roles_shows_what_each_role_reaches(program, shop):
    shop("CREATE ROLE cli_reader; GRANT SELECT ON attempts TO cli_reader")
    try:
        said = program("audit", shop.dsn, "--rule", "json-instead-of-jsonb", "--roles", "--as", "cli_reader")
        assert said.status == 0
        assert "As cli_reader" in said.out
        assert "public.attempts all 3," in " ".join(said.out.split())
        found = json.loads(
            program("audit", shop.dsn, "--rule", "json-instead-of-jsonb", "--as", "cli_reader", "--format", "json").out
        )
        reads = [cell for cell in found["access"] if cell["command"] == "select" and cell["rows"]]
        assert [cell["rows"] == cell["of"] for cell in reads] == [True]
        program("audit", shop.dsn, "--as", "cli_readers").refused(2, "there is no role 'cli_readers'", "cli_reader")
    finally:
        shop("REVOKE ALL ON attempts FROM cli_reader; DROP ROLE cli_reader")


def test_roles_are_tried_on_a_copy(program, shop):
    shop("CREATE ROLE cli_deleter; GRANT DELETE ON attempts TO cli_deleter")
    try:
        one = ("audit", shop.dsn, "--rule", "json-instead-of-jsonb", "--roles", "--as", "cli_deleter", "--on-clone")
        said = " ".join(program(*one).out.split())
        assert "As cli_deleter, tried on a copy" in said
        assert "public.attempts: without a condition it deletes 3," in said
        found = json.loads(program(*one, "--format", "json").out)
        (cell,) = (cell for cell in found["access"] if cell["command"] == "delete" and cell["executed"])
        assert cell["blind"] == cell["of"] > 0
        program("audit", shop.dsn, "--roles", "--on", shop.dsn).refused(2, "--on names the server", "--on-clone")
    finally:
        shop("REVOKE ALL ON attempts FROM cli_deleter; DROP ROLE cli_deleter")
