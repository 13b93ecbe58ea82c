"""The law for every lint rule: it fires on its example, is silent on the clean twin, and its way out is one."""

import pytest

from lint.linting import report
from pgrefit.lint import all_lint_rules
from pgrefit.lint.rewrites import RELEASE
from pgrefit.lint.rule import LintRule
from pgrefit.model.sql_tree import parse_sql

RULES = [rule for rule in all_lint_rules() if not rule.needs_database]
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def findings(rule: LintRule, sql: str):
    return report(sql, before=rule.before, enable=(rule.name,)).of(rule.name)


@every_rule
def test_fires_on_its_example(rule: LintRule) -> None:
    found = findings(rule, rule.example)
    assert found
    assert all(f.message and f.why == rule.why and f.line >= 1 and f.column >= 1 for f in found)


@every_rule
def test_is_silent_on_the_clean_twin(rule: LintRule) -> None:
    assert [f.message for f in findings(rule, rule.clean)] == []


@every_rule
def test_rewrite_parses_and_silences_it(rule: LintRule) -> None:
    """What is offered is SQL, and up to where it waits for a release, free of what was found.

    An ellipsis is left where a person has to say which rows or bounds are meant.
    """
    for finding in findings(rule, rule.example):
        now = finding.rewrite.partition(RELEASE)[0]
        parse_sql(finding.rewrite)
        if "…" not in now:
            assert [f.message for f in findings(rule, now)] == []


def test_names_and_texts_tell_rules_apart() -> None:
    rules = all_lint_rules()
    assert len({rule.title for rule in rules}) == len(rules) > 80
    assert all(not rule.title.endswith(".") and rule.why.endswith(".") for rule in rules)
    assert all(rule.check.__doc__ for rule in rules)
