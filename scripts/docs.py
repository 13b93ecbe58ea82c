"""Write a page for each rule and change, and one of all lint rules, into docs/: from the objects themselves and what a
scratch server says."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent

import psycopg

from pgrefit import audit
from pgrefit.api.observing import observe_database
from pgrefit.api.pages import change_page, index_page, lint_page, rule_page
from pgrefit.api.pages.parts import kebab
from pgrefit.api.pages.rules import OTHER
from pgrefit.changes import examples
from pgrefit.model.change import Example, Step
from pgrefit.model.finding import Finding, Rule
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.connect import Target
from pgrefit.pg.scratch import scratch
from pgrefit.rules import all_rules

DOCS = Path(__file__).parents[1] / "docs"
VERSION = 18
DATABASE = "example"
WHOLLY_WRITTEN = ("rules", "changes")  # folders; the pages beside them that are not here are written by hand


def pages(cluster: Cluster) -> dict[str, str]:
    """Every page by its path within docs/; the server is a scratch one."""
    rules = {f"rules/{rule.name}.md": rule_page(rule, _finding(rule, cluster)) for rule in all_rules()}
    changes = {
        f"changes/{kebab(name)}.md": change_page(name, example, _steps(example, cluster))
        for name, example in examples().items()
    }
    return {"README.md": index_page(), "lint.md": lint_page(), **rules, **changes}


def write(found: Mapping[str, str], folder: Path) -> None:
    """Write them, and remove pages of what is no longer there."""
    for name in written(folder) - set(found):
        (folder / name).unlink()
    for name, text in found.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def written(folder: Path) -> set[str]:
    """The pages that are there and are wholly the script's."""
    paths = (path for part in WHOLLY_WRITTEN for path in (folder / part).glob("*.md"))
    return {path.relative_to(folder).as_posix() for path in paths}


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
    (finding,) = audit.run(rule.given(observation), (rule,)).findings
    return finding


def _steps(example: Example, cluster: Cluster) -> tuple[Step, ...]:
    """The steps of the change on its example."""
    with psycopg.connect(_loaded(cluster, DATABASE, f"CREATE SCHEMA shop;{example.start}").dsn) as conn:
        return tuple(example.change.steps(take_snapshot(conn)))


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
