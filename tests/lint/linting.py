"""Lints SQL that stands in a test."""

from dataclasses import replace

from pgrefit.lint import Choice, Facts, lint, source_from_text
from pgrefit.model.lint import LintReport

BEFORE, HERE = "001_before.sql", "002_here.sql"


def report(sql: str, *, before: str = "", facts: Facts | None = None, enable: tuple[str, ...] = ()) -> LintReport:
    """What is said of a migration that comes after another."""
    texts = {BEFORE: before, HERE: sql}
    sources = [replace(source_from_text(text, name), series="a folder") for name, text in texts.items()]
    found = lint(sources, facts=facts, choice=Choice(enable=enable, since=HERE))
    assert found.crashed == ()
    return found


def said(sql: str, *, before: str = "") -> dict[str, str]:
    """Rules that find something that is worse than a hint, and how bad."""
    return {f.rule: f.severity.value for f in report(sql, before=before).findings if f.severity.rank}
