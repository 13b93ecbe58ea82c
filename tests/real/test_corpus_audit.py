"""Public schemas, audited and refitted without a word of intent: nothing crashes, every plan goes there and back."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pgrefit.api.auditing import audit
from pgrefit.api.designing import design
from pgrefit.api.workshop import opener
from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.errors import Refused, UsageError
from pgrefit.model.change import Way
from pgrefit.model.intent import Intent
from pgrefit.model.plan import Plan
from pgrefit.pg.cluster import available_versions
from pgrefit.pg.dump import dump_schema
from pgrefit.pg.scratch import load_ddl
from pgrefit.pg.target import Target

VERSION = 15  # the one with contrib modules
CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
VARIANTS = ("schema.novector.sql", "schema.nopostgis.sql", "schema.sql")
SCHEMAS = sorted(path.parent for path in CORPUS.glob("*/schema.sql"))
# The file uses a name twice, where the same function of the application was found in several places.
NAMED_TWICE = {"sb_chatbot_ui", "sb_insights_lm", "sb_superteam_academy", "synapse"}
MOST_TABLES = None if os.environ.get("PGREFIT_LONG") else 100  # that are planned for and refitted

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SCHEMAS, reason=f"no corpus at {CORPUS}: set PGREFIT_CORPUS"),
    pytest.mark.skipif(VERSION not in available_versions(), reason=f"PostgreSQL {VERSION} is not installed here"),
    pytest.mark.parametrize("folder", SCHEMAS, ids=lambda folder: folder.name, scope="module"),
]


@pytest.fixture(scope="module")
def target(folder: Path) -> Iterator[Target]:
    """A scratch database with a schema of the corpus, and its data where there is some."""
    files = [next(folder / name for name in VARIANTS if (folder / name).exists()), *folder.glob("data.sql")]
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(load_ddl(files, version=VERSION))
        except UsageError as error:
            if "extension" in error.why and "not available" in error.why:
                pytest.skip(error.why)
            raise
        with psycopg.connect(dsn, autocommit=True) as conn:
            conn.execute("ANALYZE")
        yield Target(dsn=dsn, source="the corpus")


def test_is_audited_whole(target: Target, folder: Path) -> None:
    workload = folder / "workload.sql"
    readable = workload.exists() and folder.name not in NAMED_TWICE
    report = audit(target, workload=workload if readable else None).report
    assert report.crashed == ()
    assert [skipped for coverage in report.coverage for skipped in coverage.skipped] == []


def test_what_the_data_cannot_tell_has_no_remedy(target: Target) -> None:
    """Nobody has used these databases, and most of them hold no row."""
    report = audit(target).report
    assert not any(f.remedy for f in report.of("unused-index"))
    assert not any(f.remedy for f in report.of("missing-foreign-key") if "the table is empty" in f.message)


def test_is_refitted_without_intent_and_back(target: Target, folder: Path, tmp_path: Path) -> None:
    """Without intent nothing is planned that an obstacle stands in the way of, that loses a row or has no way back."""
    tables = len(audit(target).observation.snapshot.tables)
    if MOST_TABLES and tables > MOST_TABLES:
        pytest.skip(f"{tables} tables take long: set PGREFIT_LONG=1")
    try:
        plan = design(target, intent=Intent(), folder=tmp_path / "plan").plan
    except Refused as refused:
        if refused.what != "there is nothing to plan":
            raise
        return
    assert all(step.step.undo is not Way.NO_RETURN for step in plan.steps)
    before = dump_schema(target.dsn)
    there_and_back(target, plan)
    assert dump_schema(target.dsn) == before


def there_and_back(target: Target, plan: Plan) -> None:
    sessions = opener(target.dsn, "apply")
    run = apply_plan(sessions, plan)
    assert run.state == "done", run
    run = roll_back(sessions, plan)
    assert run.state == "rolled back", run
