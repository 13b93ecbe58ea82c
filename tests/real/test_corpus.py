"""Snapshots of public schemas, checked against simple counts of the server's catalog."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from pgrefit.errors import UsageError
from pgrefit.model.codec import fingerprint, from_json, to_json
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.observe.statistics import take_statistics
from pgrefit.observe.workload import read_workload
from pgrefit.pg.cluster import available_versions
from pgrefit.pg.scratch import load_ddl

VERSION = 15  # the one with contrib modules
CORPUS = Path(os.environ.get("PGREFIT_CORPUS") or Path(__file__).parents[3] / "shared" / "corpus")
VARIANTS = ("schema.novector.sql", "schema.nopostgis.sql", "schema.sql")
SCHEMAS = sorted(path.parent for path in CORPUS.glob("*/schema.sql"))
# The file uses a name twice, where the same function of the application was found in several places.
NAMED_TWICE = {"sb_chatbot_ui", "sb_insights_lm", "sb_superteam_academy", "synapse"}

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


@pytest.fixture
def connection(folder: Path) -> Iterator[psycopg.Connection]:
    """A connection to a scratch database with the schema of a folder of the corpus."""
    path = next(folder / name for name in VARIANTS if (folder / name).exists())
    with ExitStack() as stack:
        try:
            dsn = stack.enter_context(load_ddl(path, version=VERSION))
        except UsageError as error:
            if "extension" in error.why and "not available" in error.why:
                pytest.skip(error.why)
            raise
        yield stack.enter_context(psycopg.connect(dsn, autocommit=True))


@pytest.mark.parametrize("folder", SCHEMAS, ids=lambda folder: folder.name)
def test_a_public_schema_is_read_whole(connection: psycopg.Connection) -> None:
    snapshot = take_snapshot(connection)
    assert from_json(Snapshot, to_json(snapshot)) == snapshot
    assert counts(snapshot) == expected(connection)
    assert fingerprint(snapshot) == fingerprint(take_snapshot(connection))
    assert len(take_statistics(connection).indexes) == counts(snapshot)[1]
    known = {(table.name, column.name) for table in [*snapshot.tables, *snapshot.views] for column in table.columns}
    assert {(use.table, use.column) for use in snapshot.uses} <= known


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


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*/workload.sql")), ids=lambda path: path.parent.name)
def test_a_public_workload_is_read_whole(path: Path) -> None:
    if path.parent.name in NAMED_TWICE:
        with pytest.raises(UsageError, match="a second query is named"):
            read_workload(path)
    else:
        assert len(read_workload(path).queries) == path.read_text().count("-- name:")
