"""The page of a rule of the audit."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from pgrefit.api.pages.parts import kebab, origin, page, source, sql
from pgrefit.model.finding import Finding, Rule

OTHER = "staging"  # what the other environment is called in an example


def rule_page(rule: Rule, finding: Finding | None = None) -> str:
    """All that there is to say of it; with what it finds on its example where that is given."""
    return page([
        origin(source(rule.check.__module__)),
        f"# {rule.name}",
        "",
        f"**{rule.code}** · {rule.title}.{'' if rule.by_default else OFF}",
        "",
        inspect.getdoc(rule.check) or "",
        "",
        "## Why",
        "",
        rule.why,
        *_surroundings(rule),
        "",
        "## Fires on",
        "",
        *sql(rule.example),
        *(_found(finding) if finding else ()),
        "",
        "## Stays silent on",
        "",
        *sql(rule.clean),
        "",
        *_leaving_out(rule),
    ])  # fmt: skip


OFF = " Off by default: `--with` it turns it on."


def _surroundings(rule: Rule) -> Iterator[str]:
    """What a rule needs besides the database."""
    if rule.workload:
        yield from ("", "## It reads the workload", "", "`--workload FILE`, here:", "", *sql(rule.workload))
    if rule.environment:
        says = f"`--compare {OTHER}=DSN`, here an environment with:"
        yield from ("", "## It compares environments", "", says, "", *sql(rule.environment))


def _found(finding: Finding) -> Iterator[str]:
    yield from ("", f"> **{finding.severity.value}** `{finding.object}`: {finding.message}", "")
    yield f"Measured: {', '.join(evidence.measure for evidence in finding.evidence)}."
    yield from ("", "## Remedy", "")
    for change in finding.remedy:
        name = kebab(type(change).__module__)
        yield f"- {change.title} ([{name}](../changes/{name}.md))"
    if finding.remedy and finding.advice:
        yield ""
    if finding.advice:
        yield f"{finding.advice[0].upper()}{finding.advice[1:]}."


def _leaving_out(rule: Rule) -> Iterator[str]:
    yield from ("## To leave it out", "")
    yield f"- here and now: `pgrefit audit --ignore {rule.name}`, or `--ignore '{rule.name}:OBJECT'`"
    yield f"- for good, by a comment in the database: `COMMENT ON … IS '… pgrefit:ignore {rule.name} REASON'`"
    yield f'- in the project: `disable = ["{rule.name}"]` or `ignore = ["{rule.name}:OBJECT"]` under `[audit]` of'
    yield f'  pgrefit.toml; `severity.{rule.name} = "info"` has it matter less'
    yield "- what is known today: `pgrefit audit --write-baseline FILE --reason TEXT`, then `--baseline FILE`"
    yield "- out of a plan: the same names under `ignore` of `[refit]` in refit.toml"
