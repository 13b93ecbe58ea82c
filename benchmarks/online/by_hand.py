"""The same retyping as people do it by hand."""

from __future__ import annotations

from collections.abc import Collection

import psycopg
from benchmarks.online.graph import CHILDREN

TABLES = {"video": "id", **dict.fromkeys(CHILDREN, "video_id")}


def alter_type(dsn: str) -> None:
    """Foreign keys dropped, ALTER TABLE … TYPE on each table, foreign keys added again: one transaction."""
    with psycopg.connect(dsn) as conn:
        for child in CHILDREN:
            conn.execute(f"ALTER TABLE shop.{child} DROP CONSTRAINT {child}_video_id_fkey")
        conn.execute(
            "ALTER TABLE shop.video ALTER id DROP DEFAULT, ALTER id TYPE uuid USING id::uuid,"
            " ALTER id SET DEFAULT gen_random_uuid()"
        )
        for child in CHILDREN:
            conn.execute(f"ALTER TABLE shop.{child} ALTER video_id TYPE uuid USING video_id::uuid")
            conn.execute(f"ALTER TABLE shop.{child} ADD FOREIGN KEY (video_id) REFERENCES shop.video")


def add_columns(dsn: str, tables: Collection[str] = tuple(TABLES)) -> None:
    """Second columns, and triggers that fill them for new rows: the beginning of every way without ALTER … TYPE."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table in tables:
            column = TABLES[table]
            conn.execute(f"ALTER TABLE shop.{table} ADD COLUMN twin uuid")
            conn.execute(
                f"CREATE FUNCTION shop.{table}_twin() RETURNS trigger LANGUAGE plpgsql AS"
                f" 'BEGIN NEW.twin := NEW.{column}::uuid; RETURN NEW; END'"
            )
            conn.execute(
                f"CREATE TRIGGER twin BEFORE INSERT OR UPDATE OF {column} ON shop.{table}"
                f" FOR EACH ROW EXECUTE FUNCTION shop.{table}_twin()"
            )


def update_at_once(dsn: str) -> None:
    """One UPDATE over each table."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table, column in TABLES.items():
            conn.execute(f"UPDATE shop.{table} SET twin = {column}::uuid")


def update_in_batches(dsn: str, tables: Collection[str] = tuple(TABLES), size: int = 100_000) -> None:
    """The same in batches of a fixed number of rows, each a transaction."""
    with psycopg.connect(dsn, autocommit=True) as conn:
        for table in tables:
            column = TABLES[table]
            last = "" if table == "video" else "0"
            while True:
                row = conn.execute(
                    f"WITH batch AS (SELECT id FROM shop.{table} WHERE id > %s ORDER BY id LIMIT {size}), done AS"
                    f" (UPDATE shop.{table} AS t SET twin = t.{column}::uuid FROM batch WHERE t.id = batch.id)"
                    " SELECT max(id) FROM batch",
                    (last,),
                ).fetchone()
                if row is None or row[0] is None:
                    break
                last = row[0]
