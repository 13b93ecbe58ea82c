"""The page of all rules of the lint, and that of one."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace

from pgrefit.api.pages.parts import origin, page, sql
from pgrefit.lint import Choice, lint, source_from_text
from pgrefit.lint.rule import LintRule
from pgrefit.lint.rules import themes

INTRODUCTION = """\
What `pgrefit lint FILE|FOLDER… [DSN]` says of migrations, whichever tool runs them. A table that the same
file makes is empty and unknown to all: nothing is said of locks on it. With a database the severity of what
grows with the rows follows the table's size: below 10,000 rows it is info, from a million on an error.

A finding is left out by `-- pgrefit:ignore RULE reason` on its statement or right before it, in the whole
file by `-- pgrefit:ignore-file RULE reason`, everywhere by `--ignore RULE`. Optional rules run with
`--enable RULE`."""


def lint_page() -> str:
    """All of them by theme, each with what it says of its example."""
    lines = [origin("the rules in src/pgrefit/lint/rules/"), "# Lint of migrations", "", INTRODUCTION]
    for theme, rules in themes().items():
        lines += ["", f"## {theme.capitalize()}"]
        for rule in rules:
            lines += ["", f"### {rule.name}", "", *_body(rule)]
    return page(lines)


def lint_rule_page(rule: LintRule) -> str:
    """One of them."""
    return page([f"# {rule.name}", "", *_body(rule)])


def _body(rule: LintRule) -> Iterator[str]:
    notes = [rule.severity.value]
    notes += ["optional"] if rule.optional else []
    notes += ["needs a database"] if rule.needs_database else []
    yield from (f"**{', '.join(notes)}** · {rule.title}. {rule.why}", "")
    yield from (inspect.getdoc(rule.check) or "", "")
    if rule.before:
        yield from ("After", "", *sql(_lines(rule.before)), "")
    yield from ("it fires on", "", *sql(_lines(rule.example)), "")
    if not rule.needs_database:
        yield from _finding(rule)
    yield from ("and stays silent on", "", *sql(_lines(rule.clean)))


def _finding(rule: LintRule) -> Iterator[str]:
    texts = {"1.sql": rule.before, "2.sql": rule.example}
    sources = [replace(source_from_text(text, name), series="example") for name, text in texts.items()]
    found = lint(sources, choice=Choice(enable=(rule.name,), since="2.sql")).of(rule.name)[0]
    yield from (f"> {found.message}", "")
    if found.rewrite:
        yield from ("for which it offers", "", *sql(found.rewrite), "")


def _lines(script: str) -> str:
    """One statement a line; comments keep their lines."""
    return script.replace("; ", ";\n").replace(";CREATE", ";\nCREATE").replace(";ALTER", ";\nALTER")
