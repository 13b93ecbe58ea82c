"""Rows for a schema that came without any: keys, references that hold, and numbers that mean nothing."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from typing import Any
from zlib import crc32

import psycopg
from psycopg import sql

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Column, Constraint, Snapshot, Table

MOST_ROWS = 240
FEWEST_ROWS = 12
NULLS = 0.1
OWN = 12  # letters of a key of its own
WHOLE = {"smallint", "integer", "bigint"}
TEXTS = ("text", "character", "citext", "bpchar")
Maker = Callable[[random.Random, int], Any]
MAKERS: dict[str, Maker] = {
    "boolean": lambda r, _: r.random() < 0.5,
    "numeric": lambda r, _: round(r.uniform(0, 500), 2),
    "double precision": lambda r, _: r.uniform(0, 500),
    "real": lambda r, _: r.uniform(0, 500),
    "date": lambda r, _: f"2024-{r.randint(1, 12):02}-{r.randint(1, 28):02}",
    "jsonb": lambda _r, _n: "{}",
    "json": lambda _r, _n: "{}",
    "uuid": lambda r, _: str(uuid.UUID(int=r.getrandbits(128), version=4)),
    "bytea": lambda r, _: r.randbytes(8),
    "xml": lambda _r, _n: "<a/>",
}


class Filler:
    """Fills the tables of a database whose foreign keys and checks were dropped, as the dropped ones would have it."""

    def __init__(self, conn: psycopg.Connection, db: Snapshot, seed: int = 7) -> None:
        self.conn, self.db, self.random = conn, db, random.Random(seed)
        self.tables = [t for t in db.own_tables() if t.partition_of is None and t.kind == "table"]
        self.rows = {t.name: self.random.randint(FEWEST_ROWS, MOST_ROWS) for t in self.tables}
        self.keys: dict[tuple[Relation, str], list[Any]] = {}
        self.done: set[Relation] = set()
        self.refused: dict[Relation, str] = {}  # the last row of a table that the server did not take

    def fill(self) -> None:
        """All tables, those that others refer to first where there is an order."""
        self.conn.execute("SELECT setseed(0.5)")
        for table in self.tables:
            self._table(table, set())

    def _table(self, table: Table, above: set[Relation]) -> None:
        if table.name in self.done or table.name in above:
            return
        for key in table.foreign_keys:
            parent = self.db.find_table(key.parent) if key.parent else None
            if parent and parent.kind == "table":
                self._table(parent, above | {table.name})
        self.done.add(table.name)
        rows = [self._row(table, number) for number in range(1, self.rows[table.name] + 1)]
        columns = [c.name for c in table.columns if not c.generated]
        if not columns:
            return
        insert = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) ON CONFLICT DO NOTHING").format(
            sql.Identifier(table.name.schema, table.name.name),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            sql.SQL(", ").join([sql.Placeholder()] * len(columns)),
        )
        for row in rows:
            try:
                self.conn.execute(insert, [row.get(name) for name in columns])
            except psycopg.Error as error:
                self.refused[table.name] = str(error).splitlines()[0]

    def _row(self, table: Table, number: int) -> dict[str, Any]:
        row: dict[str, Any] = {}
        for key in sorted(table.foreign_keys, key=lambda key: -len(key.columns)):
            row |= self._reference(table, key, row)
        for column in table.columns:
            if column.name not in row and not column.generated:
                row[column.name] = self._value(table, column, number)
        return row

    def _reference(self, table: Table, key: Constraint, row: dict[str, Any]) -> dict[str, Any]:
        """Values of a row of the parent's; none where another key already chose one that does not go with it."""
        optional = all(not table.column(name).not_null for name in key.columns)
        if key.parent is None or set(key.columns) <= set(row):
            return {}
        if optional and self.random.random() < NULLS:
            return {c: None for c in key.columns if c not in row}
        taken = [(c, k) for c, k in zip(key.columns, key.parent_columns, strict=True) if c in row]
        select = sql.SQL("SELECT {} FROM {} WHERE {} ORDER BY random() LIMIT 1").format(
            sql.SQL(", ").join(map(sql.Identifier, key.parent_columns)),
            sql.Identifier(key.parent.schema, key.parent.name),
            sql.SQL(" AND ").join([sql.SQL("true"), *(sql.SQL("{} = %s").format(sql.Identifier(k)) for _, k in taken)]),
        )
        found = self.conn.execute(select, [row[c] for c, _ in taken]).fetchone()
        return dict(zip(key.columns, found, strict=True)) if found else {c: None for c in key.columns if c not in row}

    def _value(self, table: Table, column: Column, number: int) -> object:
        alone = table.primary_key == (column.name,)
        unique = any(i.unique and column.name in i.columns for i in table.indexes)
        if not column.not_null and not unique and self.random.random() < NULLS:
            return None
        kind = column.type.partition("(")[0]
        if kind in WHOLE:
            return number if alone or unique else self.random.randint(0, _most(table, column))
        if kind.startswith(TEXTS) and "[" not in column.type:
            own = alone or any(i.unique and i.columns == (column.name,) for i in table.indexes)
            return self._word(table, column, number if alone or unique else self.random.randint(1, 400), own=own)
        if kind.startswith("timestamp"):
            return f"2024-{self.random.randint(1, 12):02}-{self.random.randint(1, 28):02}"
        if column.type.endswith("[]"):
            return "{}"
        maker = MAKERS.get(kind)
        return maker(self.random, number) if maker else self._of_enum(column)

    def _word(self, table: Table, column: Column, number: int, *, own: bool) -> str:
        """A word for a number, no longer than the column is wide.

        Those of a key of its `own` are like no other table's, those of other columns only like their namesakes'.
        """
        letters = "".join(chr(ord("a") + (number // 26**place) % 26) for place in range(3))
        width = column.type.partition("(")[2].partition(")")[0]
        most = int(width) if width.isdecimal() else None
        if own and not (most and most < OWN):
            return f"{crc32(str(table.name).encode()):08x}{letters}"
        return f"{column.name}{letters}"[-most if most else 0 :]

    def _of_enum(self, column: Column) -> object:
        bare = column.type.rpartition(".")[2].strip('"')
        found = next((t for t in self.db.types if t.name.name == bare), None)
        if found and found.kind == "domain":
            return "w" if found.base.startswith(TEXTS) else "true" if found.base == "boolean" else None
        return self.random.choice(found.values) if found and found.values else None


def _most(table: Table, column: Column) -> int:
    """The greatest number in a column that is no key: ids of elsewhere are large, of others some small, some large."""
    of_elsewhere = column.name.lower().endswith(("id", "by"))
    return 30_000 if of_elsewhere else (5, 60, 3000, 30_000)[crc32(table.name.column(column.name).encode()) % 4]


def emptied_of_rules(conn: psycopg.Connection) -> None:
    """Drop foreign keys, checks, exclusions and NOT NULL of columns in no key; switch triggers off."""
    conn.execute(
        """
        DO $$ DECLARE r record; BEGIN
            FOR r IN SELECT c.conrelid::regclass AS t, c.conname AS n FROM pg_constraint AS c
                     WHERE c.contype IN ('f', 'c', 'x', 't') AND c.conrelid <> 0 AND c.conparentid = 0
                     AND c.connamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                     ORDER BY c.contype = 'f' DESC LOOP
                EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I', r.t, r.n);
                COMMIT;  -- and let go of the locks
            END LOOP;
            FOR r IN SELECT a.attrelid::regclass AS t, a.attname AS n FROM pg_attribute AS a
                     JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind = 'r' AND NOT c.relispartition
                     WHERE a.attnotnull AND a.attnum > 0 AND a.attidentity = '' AND c.relnamespace NOT IN
                     ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
                     AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
                                     AND i.indisprimary) LOOP
                EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', r.t, r.n);
                COMMIT;
            END LOOP;
            FOR r IN SELECT DISTINCT tgrelid::regclass AS t FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid
                     WHERE NOT tgisinternal AND c.relkind = 'r' LOOP
                EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', r.t);
                COMMIT;
            END LOOP;
        END $$
        """
    )
