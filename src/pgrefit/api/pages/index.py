"""The page that leads to all others."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from pgrefit.api.pages.changes import docstring
from pgrefit.api.pages.parts import kebab, origin, page
from pgrefit.changes import examples
from pgrefit.lint import all_lint_rules
from pgrefit.model.finding import Rule
from pgrefit.rules import all_rules

INTRODUCTION = """\
A *rule* finds a defect; a *change* mends it, as a list of steps. Each page is written from the object that
runs; findings and statements are what it says on the page's example, on a PostgreSQL 18. The same pages are
what `pgrefit explain NAME` prints. [What is looked for, and what is not](checks.md), has the rules by what the
field's tools look for."""
OFF = """\
Rules that are marked *off* are a matter of taste: they run with `pgrefit audit --with RULE`, or with
`enable = ["RULE"]` under `[audit]` of pgrefit.toml. `pgrefit audit --list-rules` shows which run here."""


def index_page() -> str:
    """Rules by theme, changes, and the lint."""
    rules = sorted(all_rules(), key=lambda rule: (rule.theme, rule.code))
    themes = {theme: list(group) for theme, group in groupby(rules, key=lambda rule: rule.theme)}
    lines = [origin("the rules and changes themselves"), "# Rules and changes", "", INTRODUCTION]
    lines += ["", "## Rules", "", *_overview(themes)]
    if any(not rule.by_default for rule in rules):
        lines += ["", OFF]
    for theme, group in themes.items():
        lines += ["", f"### {theme.capitalize()}", "", *_theme(group)]
    lines += ["", "## Changes", "", "| change | does |", "|---|---|"]
    lines += [
        f"| [{kebab(name)}](changes/{kebab(name)}.md) | {_first_sentence(docstring(example.change))} |"
        for name, example in examples().items()
    ]
    lines += ["", "## Lint of migrations", "", f"[{len(all_lint_rules())} rules](lint.md) of `pgrefit lint`."]
    return page(lines)


def _overview(themes: Mapping[str, list[Rule]]) -> list[str]:
    """How many there are of each theme."""
    lines = ["| theme | rules | of these off by default |", "|---|--:|--:|"]
    for theme, rules in themes.items():
        off = sum(not rule.by_default for rule in rules)
        lines.append(f"| [{theme.capitalize()}](#{theme}) | {len(rules)} | {off or ''} |")
    return lines


def _theme(rules: list[Rule]) -> list[str]:
    """A table of rules, which says of each whether it is off where one of them is."""
    some_off = any(not rule.by_default for rule in rules)
    head = (
        ["| code | rule | finds | |", "|---|---|---|---|"] if some_off else ["| code | rule | finds |", "|---|---|---|"]
    )
    return [*head, *(_row(rule, some_off=some_off) for rule in rules)]


def _row(rule: Rule, *, some_off: bool) -> str:
    off = "" if rule.by_default else "off"
    row = f"| {rule.code} | [{rule.name}](rules/{rule.name}.md) | {rule.title} |"
    return f"{row} {off} |" if some_off else row


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."
