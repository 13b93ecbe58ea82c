"""Write a page for each rule and change, and one of all lint rules, into docs/: from the objects themselves and what a
scratch server says."""

from __future__ import annotations

import argparse
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import psycopg

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.changes import examples
from pgrefit.lint import Choice, all_lint_rules, lint, source_from_text
from pgrefit.lint.rule import LintRule
from pgrefit.lint.rules import themes
from pgrefit.model.change import Action, Batches, Change, Example, Step, Way
from pgrefit.model.finding import Finding, Rule
from pgrefit.model.plan import statements
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Target
from pgrefit.pg.scratch import scratch
from pgrefit.rules import all_rules

DOCS = Path(__file__).parents[1] / "docs"
VERSION = 18
DATABASE, OTHER = "example", "staging"


def pages(cluster: Cluster) -> dict[str, str]:
    """Every page by its path within docs/; the server is a scratch one."""
    rules = {f"rules/{rule.name}.md": _rule_page(rule, cluster) for rule in all_rules()}
    changes = {
        f"changes/{_kebab(name)}.md": _change_page(name, example, cluster) for name, example in examples().items()
    }
    return {"README.md": _index(), "lint.md": lint_page(), **rules, **changes}


def write(found: Mapping[str, str], folder: Path) -> None:
    """Write them, and remove pages of what is no longer there."""
    for path in folder.rglob("*.md"):
        if path.relative_to(folder).as_posix() not in found:
            path.unlink()
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _index() -> str:
    themes: dict[str, list[Rule]] = {}
    for rule in all_rules():
        themes.setdefault(_theme(rule), []).append(rule)
    lines = [
        _origin("the rules and changes themselves"),
        "# Rules and changes",
        "",
        "A *rule* finds a defect; a *change* mends it, as a list of steps. Each page is written from the object that",
        "runs; findings and statements are what it says on the page's example, on a PostgreSQL 18.",
        "",
        "## Rules",
    ]
    for theme, rules in themes.items():
        lines += ["", f"### {theme.capitalize()}", "", "| code | rule | finds |", "|---|---|---|"]
        lines += [f"| {rule.code} | [{rule.name}](rules/{rule.name}.md) | {rule.title} |" for rule in rules]
    lines += ["", "## Changes", "", "| change | does |", "|---|---|"]
    lines += [
        f"| [{_kebab(name)}](changes/{_kebab(name)}.md) | {_first_sentence(_docstring(example.change))} |"
        for name, example in examples().items()
    ]
    lines += ["", "## Lint of migrations", "", f"[{len(all_lint_rules())} rules](lint.md) of `pgrefit lint`."]
    return _page(lines)


def lint_page() -> str:
    """All lint rules by theme, each with what it says of its example."""
    lines = [
        _origin("the rules in src/pgrefit/lint/rules/"),
        "# Lint of migrations",
        "",
        "What `pgrefit lint FILE|FOLDER… [DSN]` says of migrations, whichever tool runs them. A table that the same",
        "file makes is empty and unknown to all: nothing is said of locks on it. With a database the severity of what",
        "grows with the rows follows the table's size: below 10,000 rows it is info, from a million on an error.",
        "",
        "A finding is left out by `-- pgrefit:ignore RULE reason` on its statement or right before it, in the whole",
        "file by `-- pgrefit:ignore-file RULE reason`, everywhere by `--ignore RULE`. Optional rules run with",
        "`--enable RULE`.",
    ]
    for theme, rules in themes().items():
        lines += ["", f"## {theme.capitalize()}"]
        for rule in rules:
            lines += ["", *_lint_rule(rule)]
    return _page(lines)


def _lint_rule(rule: LintRule) -> Iterator[str]:
    notes = [rule.severity.value]
    notes += ["optional"] if rule.optional else []
    notes += ["needs a database"] if rule.needs_database else []
    yield from (f"### {rule.name}", "", f"**{', '.join(notes)}** · {rule.title}. {rule.why}", "")
    yield from (inspect.getdoc(rule.check) or "", "")
    if rule.before:
        yield from ("After", "", *_sql(_lines(rule.before)), "")
    yield from ("it fires on", "", *_sql(_lines(rule.example)), "")
    if not rule.needs_database:
        yield from _lint_finding(rule)
    yield from ("and stays silent on", "", *_sql(_lines(rule.clean)))


def _lint_finding(rule: LintRule) -> Iterator[str]:
    texts = {"1.sql": rule.before, "2.sql": rule.example}
    sources = [replace(source_from_text(text, name), series="example") for name, text in texts.items()]
    found = lint(sources, choice=Choice(enable=(rule.name,), since="2.sql")).of(rule.name)[0]
    yield from (f"> {found.message}", "")
    if found.rewrite:
        yield from ("for which it offers", "", *_sql(found.rewrite), "")


def _lines(script: str) -> str:
    """One statement a line; comments keep their lines."""
    return script.replace("; ", ";\n").replace(";CREATE", ";\nCREATE").replace(";ALTER", ";\nALTER")


def _rule_page(rule: Rule, cluster: Cluster) -> str:
    finding = _finding(rule, cluster)
    return _page([
        _origin(_source(rule.check.__module__)),
        f"# {rule.name}",
        "",
        f"**{rule.code}** · {rule.title}.",
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
        *_sql(rule.example),
        "",
        f"> **{finding.severity.value}** `{finding.object}`: {finding.message}",
        "",
        f"Measured: {', '.join(evidence.measure for evidence in finding.evidence)}.",
        "",
        "## Remedy",
        "",
        *_remedy(finding),
        "",
        "## Stays silent on",
        "",
        *_sql(rule.clean),
        "",
        f"To leave it out: `pgrefit audit --ignore {rule.name}`, or `--ignore '{rule.name}:OBJECT'`; out of a plan,",
        "the same under `ignore` of `[refit]` in refit.toml.",
    ])  # fmt: skip


def _surroundings(rule: Rule) -> Iterator[str]:
    """What a rule needs besides the database."""
    if rule.workload:
        yield from ("", "## It reads the workload", "", "`--workload FILE`, here:", "", *_sql(rule.workload))
    if rule.environment:
        says = f"`--compare {OTHER}=DSN`, here an environment with:"
        yield from ("", "## It compares environments", "", says, "", *_sql(rule.environment))


def _remedy(finding: Finding) -> Iterator[str]:
    for change in finding.remedy:
        name = _kebab(type(change).__module__.rpartition(".")[2])
        yield f"- {change.title} ([{name}](../changes/{name}.md))"
    if finding.remedy and finding.advice:
        yield ""
    if finding.advice:
        yield f"{finding.advice[0].upper()}{finding.advice[1:]}."


def _finding(rule: Rule, cluster: Cluster) -> Finding:
    """What the rule says of its example."""
    there = [(OTHER, _loaded(cluster, OTHER, rule.environment))] if rule.environment else []
    with TemporaryDirectory() as folder:
        workload = Path(folder) / "workload.sql"
        workload.write_text(dedent(rule.workload), encoding="utf-8")
        queries = read_workload(workload) if rule.workload else None
    observation = observe_database(
        _loaded(cluster, DATABASE, rule.example), (rule,), workload=queries, environments=there
    )
    (finding,) = audit.run(observation, (rule,)).findings
    return finding


def _change_page(name: str, example: Example, cluster: Cluster) -> str:
    with psycopg.connect(_loaded(cluster, DATABASE, f"CREATE SCHEMA shop;{example.start}").dsn) as conn:
        steps = tuple(example.change.steps(take_snapshot(conn)))
    obstacles = inspect.getdoc(type(example.change).obstacles) if _has_obstacles(example.change) else ""
    return _page([
        _origin(_source(type(example.change).__module__)),
        f"# {_kebab(name)}",
        "",
        inspect.getdoc(sys.modules[type(example.change).__module__]) or "",
        "",
        f"`{type(example.change).__name__}`: {_docstring(example.change)}",
        *(("", f"Obstacles, for which a plan is refused: {obstacles}") if obstacles else ()),
        "",
        "## Example",
        "",
        *_sql(example.start),
        "",
        f"To {example.change.title}:",
        "",
        "| | phase | step | strongest lock | work |",
        "|---|---|---|---|---|",
        *(_row(number, step) for number, step in enumerate(steps, 1)),
        *(line for number, step in enumerate(steps, 1) for line in _step(number, step)),
    ])  # fmt: skip


def _row(number: int, step: Step) -> str:
    strongest = max(step.locks, key=lambda lock: lock.mode.strength, default=None)
    lock = f"{strongest.mode.sql} on {strongest.on}" if strongest else "none"
    return f"| {number} | {step.phase.value} | {step.title} | {lock} | {step.work.value} |"


def _step(number: int, step: Step) -> Iterator[str]:
    yield from ("", f"## {number}. {step.title}", "")
    if step.why:
        yield from (f"Why: {step.why}.", "")
    if step.hazard:
        yield from (f"Take care: {step.hazard}.", "")
    if len(step.locks) > 1:
        yield from ("Locks: " + ", ".join(f"{lock.mode.sql} on {lock.on}" for lock in step.locks) + ".", "")
    yield from _sql(_listing(_heading(step), step.do))
    yield ""
    if isinstance(step.undo, Way):
        yield from (f"The way back: the step {step.undo.value}.", "")
    else:
        yield from ("The way back:", "", *_sql(_listing("", step.undo)), "")
    yield from ("<details><summary>Proof</summary>", "", *_sql(f"{step.proof};"), "", "</details>")


def _heading(step: Step) -> str:
    if isinstance(step.do, Batches):
        return f"-- over ranges of {', '.join(step.do.key)}, one transaction each; the parameters are a range's ends\n"
    return "" if step.in_transaction else "-- outside of a transaction\n"


def _listing(heading: str, action: Action) -> str:
    return heading + "\n".join(f"{statement};" for statement in statements(action))


def _has_obstacles(change: Change) -> bool:
    return type(change).obstacles is not Change.obstacles


def _docstring(change: Change) -> str:
    return " ".join((inspect.getdoc(type(change)) or "").split())


def _first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".") + "."


def _kebab(module: str) -> str:
    return module.replace("_", "-")


def _theme(rule: Rule) -> str:
    return rule.check.__module__.split(".")[-2]


def _source(module: str) -> str:
    return f"src/{module.replace('.', '/')}.py"


def _origin(what: str) -> str:
    return f"<!-- Written by `make docs` from {what}: change it there. -->\n"


def _sql(text: str) -> Iterable[str]:
    return ("```sql", dedent(text).strip("\n").rstrip(), "```")


def _page(lines: Iterable[str]) -> str:
    return "\n".join(lines) + "\n"


def _loaded(cluster: Cluster, database: str, script: str) -> Target:
    """The database with what the script makes, and nothing of what was in it before."""
    cluster.drop_database(database)
    cluster.create_database(database)
    with psycopg.connect(cluster.dsn(database), autocommit=True) as conn:
        conn.execute(script.encode())
    return Target(dsn=cluster.dsn(database), source="the documentation")


def main() -> None:
    """Write all pages."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("folder", nargs="?", type=Path, default=DOCS, help="default: docs/")
    folder = arguments.parse_args().folder
    with scratch(VERSION) as cluster:
        write(pages(cluster), folder)


if __name__ == "__main__":
    main()
