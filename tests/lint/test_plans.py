"""Plans of our own come out clean, and an edit that is not safe does not."""

from pathlib import Path

import psycopg
import pytest

from pgrefit.changes import examples
from pgrefit.lint import lint, read_sources
from pgrefit.model.finding import Severity
from pgrefit.model.plan import Plan, PlanStep
from pgrefit.model.plan_folder import write_plan
from pgrefit.observe.snapshot import take_snapshot

EXAMPLES = examples()


def plan_of(name: str, db: psycopg.Connection, folder: Path) -> Path:
    example = EXAMPLES[name]
    db.execute(f"CREATE SCHEMA shop; {example.start}".encode())
    steps = example.change.steps(take_snapshot(db))
    plan = Plan(
        name="p", created="2025-01-01T00:00:00Z", database="d", server_version=180000, fingerprint="f",
        steps=tuple(PlanStep(id=f"{10 * n:03}", change=name, step=step) for n, step in enumerate(steps, 1)),
    )  # fmt: skip
    write_plan(plan, folder / "plan")
    return folder / "plan"


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_every_change_on_the_shelf_yields_steps_that_lint_has_nothing_against(
    db18: psycopg.Connection, tmp_path: Path, name: str
) -> None:
    found = lint(read_sources([plan_of(name, db18, tmp_path)]))
    assert found.crashed == ()
    assert [(f.rule, f.statement) for f in found.at_least(Severity.WARNING)] == []


def test_an_edit_that_locks_is_found(db18: psycopg.Connection, tmp_path: Path) -> None:
    folder = plan_of("create_index", db18, tmp_path)
    (step,) = (
        path for path in folder.glob("*.sql") if "CONCURRENTLY" in path.read_text() and ".down." not in path.name
    )
    step.write_text(step.read_text().replace(" CONCURRENTLY", ""))
    assert lint(read_sources([folder])).of("index-without-concurrently")
