"""A fingerprint stands for a structure: equal for equal ones, different after any change."""

import psycopg
import pytest

from pgrefit.errors import UsageError
from pgrefit.model.codec import fingerprint, from_json
from pgrefit.model.snapshot import Snapshot
from pgrefit.observe.snapshot import take_snapshot
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.dump import dump_schema

SHOP = '"Sh""op %s {x}"'
CUSTOMER = f'{SHOP}."Customer Ünïcode"'
ORDERS = f"{SHOP}.a12345678901234567890123456789012345678901234567890123456789012"

CHANGES = [
    f"ALTER TABLE {CUSTOMER} ADD COLUMN extra integer",
    f"ALTER TABLE {ORDERS} ALTER COLUMN customer SET NOT NULL",
    f"ALTER TABLE {SHOP}.measures ALTER COLUMN value TYPE numeric(12, 2)",
    f"ALTER TABLE {ORDERS} ALTER COLUMN note SET DEFAULT 'x'",
    f"ALTER TABLE {ORDERS} ALTER COLUMN note SET STATISTICS 7",
    f"ALTER TABLE {ORDERS} RENAME COLUMN note TO remark",
    f"ALTER TABLE {ORDERS} VALIDATE CONSTRAINT buyer",
    f"ALTER TABLE {ORDERS} ALTER CONSTRAINT buyer NOT DEFERRABLE",
    f"ALTER TABLE {ORDERS} SET (autovacuum_enabled = off)",
    f"ALTER TABLE {ORDERS} CLUSTER ON one_at_a_time",
    f"ALTER TABLE {CUSTOMER} DISABLE ROW LEVEL SECURITY",
    f'ALTER TABLE {CUSTOMER} DISABLE TRIGGER "on Change"',
    f"ALTER TABLE {SHOP}.measures DETACH PARTITION {SHOP}.measures_rest",
    f"CREATE INDEX ON {ORDERS} (customer)",
    f'DROP INDEX {SHOP}."by %"',
    f'ALTER POLICY "own rows" ON {CUSTOMER} USING (false)',
    f"ALTER TYPE {SHOP}.\"Mood\" ADD VALUE 'so-so' BEFORE 'happy'",
    f"ALTER DOMAIN {SHOP}.positive DROP NOT NULL",
    f"ALTER SEQUENCE {SHOP}.tickets MAXVALUE 5",
    f"ALTER FUNCTION {SHOP}.touch() SECURITY INVOKER",
    f"CREATE OR REPLACE PROCEDURE {SHOP}.clean() LANGUAGE sql AS 'SELECT 2'",
    f'CREATE OR REPLACE VIEW {SHOP}."sad people" AS SELECT "select", "E-Mail" FROM {CUSTOMER}',
    f"GRANT INSERT ON {ORDERS} TO reader",
    f"GRANT UPDATE (note) ON {ORDERS} TO reader",
    f"COMMENT ON COLUMN {ORDERS}.note IS 'new'",
    f"ALTER STATISTICS {SHOP}.notes SET STATISTICS 9",
    'ALTER PUBLICATION "some" SET (publish_via_partition_root = false)',
    'DROP EVENT TRIGGER "Watch"',
    "CREATE SCHEMA another",
]


@pytest.fixture
def before(full18: psycopg.Connection) -> str:
    return fingerprint(take_snapshot(full18))


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_structure_changes_it(full18: psycopg.Connection, before: str, change: str) -> None:
    full18.execute(change.encode())
    assert fingerprint(take_snapshot(full18)) != before


def test_undoing_a_change_brings_it_back(full18: psycopg.Connection, before: str) -> None:
    full18.execute(f"ALTER TABLE {CUSTOMER} ADD COLUMN extra integer".encode())
    full18.execute(f"ALTER TABLE {CUSTOMER} DROP COLUMN extra".encode())
    assert fingerprint(take_snapshot(full18)) == before


@pytest.mark.parametrize(
    "change",
    [
        "CREATE ROLE passing_by",
        "ALTER DATABASE {database} SET work_mem = '7MB'",
        f"ALTER TABLE {ORDERS} OWNER TO reader",
        f"INSERT INTO {CUSTOMER} (\"E-Mail\") VALUES ('a@b')",
    ],
)
def test_owners_roles_settings_and_rows_do_not_matter(full18: psycopg.Connection, before: str, change: str) -> None:
    with full18.transaction(force_rollback=True):
        full18.execute(change.replace("{database}", full18.info.dbname).encode())
        assert fingerprint(take_snapshot(full18)) == before


def test_a_dumped_and_restored_database_has_the_same(full: psycopg.Connection, cluster: Cluster) -> None:
    copy = f"{full.info.dbname}_copy"
    cluster.create_database(copy)
    try:
        with psycopg.connect(cluster.dsn(copy), autocommit=True) as restored:
            restored.execute(dump_schema(cluster.dsn(full.info.dbname)).encode())
            assert fingerprint(take_snapshot(restored)) == fingerprint(take_snapshot(full))
    finally:
        cluster.drop_database(copy)


def test_a_file_that_is_no_snapshot_is_refused() -> None:
    with pytest.raises(UsageError, match="not a snapshot"):
        from_json(Snapshot, b'{"database": 1}')
    with pytest.raises(UsageError):
        from_json(Snapshot, b"nonsense")
