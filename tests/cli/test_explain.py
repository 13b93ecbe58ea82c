"""The verb explain: pages of rules, changes and the lint, without a server."""

import pytest

from pgrefit.api.explaining import explain
from pgrefit.api.pages import change_page, rule_page
from pgrefit.changes import examples
from pgrefit.lint import all_lint_rules
from pgrefit.rules import all_rules


@pytest.mark.parametrize("name", ["reference-as-text", "REF001", "ref001"])
def test_a_rule_by_name_or_code(program, name):
    said = program("explain", name)
    assert (said.status, said.err) == (0, "")
    for word in ("reference-as-text", "REF001", "Fires on", "Stays silent on", "CREATE TABLE", "--ignore"):
        assert word in said.out
    assert "\x1b" not in said.out


def test_the_page_is_the_one_in_docs(program):
    page = program("explain", "create-index", "--format", "markdown").out
    assert page.startswith("# create-index\n")
    assert "| 1 | " in page  # its steps, which a server made
    assert program("explain", "CreateIndex", "--format", "markdown").out == page


def test_a_rule_of_the_lint(program):
    said = program("explain", "required-column-without-default", "--format", "markdown")
    assert "and stays silent on" in said.out


def test_a_typo_is_answered_with_the_nearest_name(program):
    program("explain", "refrence-as-text").refused(2, "'refrence-as-text'", "did you mean 'reference-as-text'?")
    program("explain", "unused-index", "--format", "json").refused(2, "explain has no json form")


def test_everything_has_a_page():
    for name in (*(rule.name for rule in all_rules()), *(rule.name for rule in all_lint_rules())):
        assert explain(name).startswith(f"# {name}\n")
    for module, example in examples().items():
        assert explain(module.replace("_", "-"))
        assert "## Example" in change_page(module, example)


def test_a_page_can_be_made_without_a_server():
    for rule in all_rules():
        page = rule_page(rule)
        assert rule.why in page
        assert "## Stays silent on" in page
