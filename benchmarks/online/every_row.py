"""The shape of an engine whose triggers fire on every row: rebuilt in SQL, after what pgroll is known to do.

Two triggers without a guard, one each way; each reads the session's search_path and looks up the newest version in a
table of versions; a column says which rows are still to be filled; and the batches write a row onto itself.
"""

from __future__ import annotations

import psycopg

BATCH = 1_000
VERSIONS = [
    "CREATE SCHEMA engine",
    "CREATE TABLE engine.version (name text PRIMARY KEY, parent text, done boolean NOT NULL)",
    "INSERT INTO engine.version VALUES ('01_first', NULL, true), ('02_uuid', '01_first', false)",
    """
    CREATE FUNCTION engine.newest() RETURNS text LANGUAGE sql STABLE AS $$
        SELECT v.name FROM engine.version AS v
        WHERE NOT EXISTS (SELECT FROM engine.version AS later WHERE later.parent = v.name) $$
    """,
]


def install(dsn: str, table: str, column: str) -> None:
    """Second column, column of what is to be done, triggers."""
    statements = [
        *VERSIONS,
        f"ALTER TABLE {table} ADD COLUMN twin uuid, ADD COLUMN to_do boolean DEFAULT true",
        f"CREATE INDEX ON {table} (to_do) WHERE to_do",
        _function("up", "<>", f"NEW.twin := NEW.{column}::uuid"),
        _function("down", "=", f"NEW.{column} := NEW.twin::text"),
        *(
            f"CREATE TRIGGER {way} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION engine.{way}()"
            for way in ("up", "down")
        ),
    ]
    with psycopg.connect(dsn, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def _function(name: str, where: str, assignment: str) -> str:
    return f"""
        CREATE FUNCTION engine.{name}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE path text; newest text;
        BEGIN
            SELECT current_setting('search_path') INTO path;
            SELECT 'public_' || engine.newest() INTO newest;
            IF path {where} newest THEN {assignment}; END IF;
            NEW.to_do := false;
            RETURN NEW;
        END $$
        """


def fill(dsn: str, table: str) -> None:
    """Rows are written onto themselves, so that the triggers fill them."""
    last = 0
    with psycopg.connect(dsn, autocommit=True) as conn:
        while True:
            row = conn.execute(
                f"WITH batch AS (SELECT id FROM {table} WHERE to_do AND id > %s ORDER BY id LIMIT {BATCH}"
                f" FOR NO KEY UPDATE), done AS (UPDATE {table} AS t SET id = t.id FROM batch WHERE t.id = batch.id"
                " RETURNING t.id) SELECT max(id) FROM done",
                (last,),
            ).fetchone()
            if row is None or row[0] is None:
                return
            last = row[0]
