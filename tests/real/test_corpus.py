"""Public schemas: read whole, audited, and refitted without a word of intent; every plan goes there and back."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pgrefit.api.auditing import Audit, audit
from pgrefit.api.designing import design
from pgrefit.api.workshop import opener
from pgrefit.apply.executor import apply_plan
from pgrefit.apply.rollback import roll_back
from pgrefit.errors import Refused, UsageError
from pgrefit.model.change import Way
from pgrefit.model.codec import fingerprint, from_json, to_json
from pgrefit.model.intent import Intent
from pgrefit.model.plan import Plan
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import available_versions
from pgrefit.pg.dump import dump_schema
from pgrefit.pg.scratch import load_ddl
from pgrefit.pg.target import Target

VERSION = 15  # the one with contrib modules
CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
VARIANTS = ("schema.novector.sql", "schema.nopostgis.sql", "schema.sql")
SCHEMAS = sorted(path.parent for path in CORPUS.glob("*/schema.sql"))
WORKLOADS = sorted(CORPUS.glob("*/workload.sql"))
# The file uses a name twice, where the same function of the application was found in several places.
NAMED_TWICE = {"sb_chatbot_ui", "sb_insights_lm", "sb_superteam_academy", "synapse"}
MOST_TABLES = None if os.environ.get("PGREFIT_LONG") else 100  # that are planned for and refitted

COUNTS = """
    SELECT
        count(*) FILTER (WHERE relkind IN ('r', 'p', 'f')),
        count(*) FILTER (WHERE relkind IN ('i', 'I')),
        count(*) FILTER (WHERE relkind IN ('v', 'm')),
        count(*) FILTER (WHERE relkind = 'S'),
        (SELECT count(*) FROM pg_attribute AS a JOIN pg_class AS t ON t.oid = a.attrelid
         WHERE a.attnum > 0 AND NOT a.attisdropped AND t.relkind IN ('r', 'p', 'f') AND t.relnamespace = ANY(%(ours)s)),
        (SELECT count(*) FROM pg_constraint WHERE conrelid <> 0 AND connamespace = ANY(%(ours)s)),
        (SELECT count(*) FROM pg_trigger JOIN pg_class AS t ON t.oid = tgrelid
         WHERE NOT tgisinternal AND t.relnamespace = ANY(%(ours)s)),
        (SELECT count(*) FROM pg_policy)
    FROM pg_class WHERE relnamespace = ANY(%(ours)s)
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SCHEMAS, reason=f"no corpus at {CORPUS}: set PGREFIT_CORPUS"),
    pytest.mark.skipif(VERSION not in available_versions(), reason=f"PostgreSQL {VERSION} is not installed here"),
]
every_schema = pytest.mark.parametrize("folder", SCHEMAS, ids=lambda folder: folder.name, scope="module")


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


@pytest.fixture(scope="module")
def snapshot(target: Target) -> Snapshot:
    with psycopg.connect(target.dsn, autocommit=True) as conn:
        return take_snapshot(conn)


@pytest.fixture(scope="module")
def audited(target: Target) -> Audit:
    """Without a workload."""
    return audit(target)


@every_schema
def test_is_read_whole(target: Target, snapshot: Snapshot) -> None:
    """As simple counts of the server's catalog say."""
    assert from_json(Snapshot, to_json(snapshot)) == snapshot
    with psycopg.connect(target.dsn, autocommit=True) as conn:
        assert counts(snapshot) == expected(conn)
        assert fingerprint(snapshot) == fingerprint(take_snapshot(conn))
        assert len(take_statistics(conn).indexes) == counts(snapshot)[1]
    known = {(table.name, column.name) for table in [*snapshot.tables, *snapshot.views] for column in table.columns}
    assert {(use.table, use.column) for use in snapshot.uses} <= known


@every_schema
def test_is_audited_whole(target: Target, audited: Audit, folder: Path) -> None:
    workload = folder / "workload.sql"
    readable = workload.exists() and folder.name not in NAMED_TWICE
    report = (audit(target, workload=workload) if readable else audited).report
    assert report.crashed == ()
    assert [skipped for coverage in report.coverage for skipped in coverage.skipped] == []


@every_schema
def test_what_the_data_cannot_tell_has_no_remedy(audited: Audit) -> None:
    """Nobody has used these databases, and most of them hold no row."""
    report = audited.report
    assert not any(f.remedy for f in report.of("unused-index"))
    assert not any(f.remedy for f in report.of("missing-foreign-key") if "the table is empty" in f.message)


@every_schema
def test_is_refitted_without_intent_and_back(target: Target, snapshot: Snapshot, tmp_path: Path) -> None:
    """Without intent nothing is planned that an obstacle stands in the way of, that loses a row or has no way back."""
    tables = len(snapshot.tables)
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


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda path: path.parent.name)
def test_a_public_workload_is_read_whole(path: Path) -> None:
    if path.parent.name in NAMED_TWICE:
        with pytest.raises(UsageError, match="a second query is named"):
            read_workload(path)
    else:
        assert len(read_workload(path).queries) == path.read_text().count("-- name:")


def counts(snapshot: Snapshot) -> tuple[int, ...]:
    relations = [*snapshot.tables, *snapshot.views]
    return (
        len(snapshot.tables),
        sum(len(relation.indexes) for relation in relations),
        len(snapshot.views),
        len(snapshot.sequences),
        sum(len(table.columns) for table in snapshot.tables),
        sum(len(table.constraints) for table in snapshot.tables),
        sum(len(relation.triggers) for relation in relations),
        sum(len(table.policies) for table in snapshot.tables),
    )


def expected(connection: psycopg.Connection) -> tuple[int, ...]:
    ours = "SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'"
    schemas = [oid for (oid,) in connection.execute(ours)]
    row = connection.execute(COUNTS, {"ours": schemas}).fetchone()
    assert row is not None
    return tuple(row)


def there_and_back(target: Target, plan: Plan) -> None:
    sessions = opener(target.dsn, "apply")
    run = apply_plan(sessions, plan)
    assert run.state == "done", run
    run = roll_back(sessions, plan)
    assert run.state == "rolled back", run
