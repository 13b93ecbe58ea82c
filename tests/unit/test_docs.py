"""What is written: the pages in docs/ say what rules and changes say, and links lead somewhere."""

import re
from pathlib import Path
from runpy import run_path

import pytest

from pgrefit.cli.main import app
from pgrefit.design.intent import read_intent
from pgrefit.model.intent import Intent
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import Cluster
from pgrefit.rules import all_rules

ROOT = Path(__file__).parents[2]
SCRIPT = run_path(str(ROOT / "scripts" / "docs.py"))
DOCS = ROOT / "docs"
WRITTEN = sorted([*ROOT.glob("*.md"), *ROOT.glob("systems/*/*.md"), *DOCS.rglob("*.md")])
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")


def test_pages_are_those_that_make_docs_writes(cluster18: Cluster) -> None:
    expected = SCRIPT["pages"](cluster18)
    assert SCRIPT["written"](DOCS) <= set(expected), "run `make docs`"
    for name, text in expected.items():
        assert (DOCS / name).exists(), f"{name} is not there: run `make docs`"
        assert (DOCS / name).read_bytes().decode() == text, f"{name} is not up to date: run `make docs`"


def test_every_rule_stands_for_something_that_is_looked_for() -> None:
    linked = re.findall(r"\]\(rules/([a-z0-9-]+)\.md\)", (DOCS / "checks.md").read_text(encoding="utf-8"))
    assert {rule.name for rule in all_rules()} - set(linked) == set()


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_to_what_is_there(page: Path) -> None:
    links = LINK.findall(CODE.sub("", page.read_text(encoding="utf-8")))
    assert [link for link in links if not (page.parent / link).exists()] == []


def block(language: str, containing: str) -> str:
    """The README's block of code in that language with that text in it."""
    blocks = re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)
    (found,) = (text for text in blocks if containing in text)
    return found


def test_readme_shows_every_section_of_the_intent(tmp_path: Path) -> None:
    path = tmp_path / "refit.toml"
    path.write_text(block("toml", "[refit]"), encoding="utf-8")
    said = read_intent(path)
    assert set(Intent.model_fields) - said.model_fields_set == set()


def test_readme_shows_a_workload_file(tmp_path: Path) -> None:
    path = tmp_path / "workload.sql"
    path.write_text(block("sql", "-- name:"), encoding="utf-8")
    assert [query.replaces for query in read_workload(path).queries] == ["", "orders_of_customer"]


@pytest.mark.parametrize("verb", [command.callback.__name__ for command in app.registered_commands if command.callback])
def test_readme_shows_every_verb(verb: str) -> None:
    assert re.search(rf"pgrefit {verb}\b|make {verb}\b", README)
