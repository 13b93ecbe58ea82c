"""The table [audit] of the configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from audit.making import finding, rule
from pgrefit import audit
from pgrefit.api.auditing import project_settings
from pgrefit.audit.choice import Choice
from pgrefit.audit.settings import Settings, read_settings
from pgrefit.errors import BadIntent
from pgrefit.model.finding import Severity
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot

RULES = [rule("unused-index", finding("public.a"), finding("public.b")), rule("bloat", finding("public.a"))]
EMPTY = Observation(snapshot=Snapshot(database="d", server_version=180000))


def read(folder: Path, text: str) -> Settings:
    path = folder / "pgrefit.toml"
    path.write_text(text, encoding="utf-8")
    return read_settings(path, tomllib.loads(text)["audit"], RULES)


def test_all_that_can_be_said(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        """
        [audit]
        disable = ["bloat"]
        fail-on = "warning"
        ignore = ["unused-index:public.z", { rule = "UNUSED-*", object = "public.a", reason = "the yearly report" }]
        [audit.severity]
        unused-index = "info"
        """,
    )
    assert settings.fail_on is Severity.WARNING
    choice = Choice(never=settings.disable, because=settings.where)
    assert [(silent.rule, silent.reason) for silent in choice.left(RULES)] == [("bloat", "disabled by pgrefit.toml")]
    found = audit.run(EMPTY, [each for each in RULES if choice.picks(each)], settings=settings)
    assert [(f.rule, f.object, f.severity) for f in found.findings] == [("unused-index", "public.b", Severity.INFO)]
    (left,) = found.left_out
    assert (left.by, left.where, left.reason) == ("configuration", "pgrefit.toml:5", "the yearly report")


@pytest.mark.parametrize(
    ("text", "says", "advice"),
    [
        ('[audit]\ndisable = [\n  "bloat",\n  "unusd-index",\n]', ":4: there is no rule 'unusd-index'",
         "did you mean 'unused-index'?"),
        ('[audit]\n[audit.severity]\nblaot = "info"', ":3: there is no rule 'blaot'", "did you mean 'bloat'?"),
        ('[audit]\nseverity.bloat = "inf"', ":2: 'inf' is no severity", "did you mean 'info'?"),
        ('[audit]\nfail-on = "eror"', ":2: 'eror' is no severity", "did you mean 'error'?"),
        ('[audit]\n\ndisabel = []', ":3: unknown key 'disabel'", "did you mean 'disable'?"),
        ('[audit]\nenable = "bloat"', ":2: enable is not a list", ""),
        ('[audit]\nignore = [{ rule = "bloat", obj = "x" }]', ":2: unknown key 'obj'", "did you mean 'object'?"),
        ('[audit]\nignore = [{ object = "x" }]', ":2: an entry is", ""),
        ('audit = 3', ":1: audit is not a table", ""),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(tmp_path: Path, text: str, says: str, advice: str) -> None:
    with pytest.raises(BadIntent) as caught:
        read(tmp_path, text)
    assert f"pgrefit.toml{says}" in caught.value.what
    assert advice in caught.value.next_step


def test_the_project_is_found_from_below(tmp_path: Path) -> None:
    below = tmp_path / "src" / "deep"
    below.mkdir(parents=True)
    assert project_settings(below) == Settings()
    (tmp_path / "pyproject.toml").write_text('[tool.pgrefit.audit]\ndisable = ["unused-*"]\n')
    assert project_settings(below).disable == ("unused-*",)
    (tmp_path / "pyproject.toml").write_text('[tool.pgrefit.audit]\ndisable = ["nothing-such"]\n')
    with pytest.raises(BadIntent, match=r"pyproject\.toml:2: there is no rule"):
        project_settings(below)


def test_globs_choose_rules() -> None:
    taste = rule("names-in-plural", by_default=False)
    rules = [*RULES, taste]

    def run(choice: Choice) -> list[str]:
        return [each.name for each in rules if choice.picks(each)]

    assert run(Choice()) == ["unused-index", "bloat"]
    assert run(Choice(also=("names-*",), never=("bloat",))) == ["unused-index", "names-in-plural"]
    assert run(Choice(only=("*-in-*", "BLOAT"), never=("bloat",))) == ["bloat", "names-in-plural"]
    assert [silent.reason for silent in Choice().left(rules)] == ["off by default, --with RULE"]
