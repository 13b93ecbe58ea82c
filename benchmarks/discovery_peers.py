"""How others find foreign keys: by the name of the column, or wherever all values are contained."""

from __future__ import annotations

from functools import partial
from typing import Any

import psycopg
from psycopg import sql

from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._access import is_users

MOST_VALUES = 20_000

Place = tuple[str, str, str]
Pairs = set[tuple[Place, Place]]


def by_name(db: Snapshot) -> Pairs:
    """The name rule: x_id or xId refers to the table x or its plural, to id or to the column of the same name."""
    named: dict[str, list[Table]] = {}
    tables = [table for table in db.own_tables() if table.partition_of is None]
    own = [table for table in tables if is_users(db, table)]
    for table in tables:
        named.setdefault(table.name.name.lower(), []).append(table)
    found: Pairs = set()
    for table in own:
        for column in table.columns:
            base = next(
                (column.name[: -len(end)] for end in ("_id", "Id", "_ID", "ID") if column.name.endswith(end)), ""
            )
            for word in (
                {base.lower(), f"{base}s".lower(), f"{base}es".lower(), f"{base[:-1]}ies".lower()} if base else ()
            ):
                for parent in named.get(word, []):
                    itself = parent.name == table.name and column.name in parent.primary_key
                    key = next((c.name for c in parent.columns if c.name.lower() in {"id", column.name.lower()}), None)
                    if key and not itself:
                        found.add((place(table, column.name), place(parent, key)))
    return found


def contained(conn: psycopg.Connection[Any], db: Snapshot) -> Pairs:
    """Columns all of whose values are in a unique column of the same type."""
    tables = [table for table in db.own_tables() if table.partition_of is None]
    values = {(t.name, c.name): distinct(conn, t, c.name) for t in tables for c in t.columns if "json" not in c.type}
    unique = [(t, i.columns[0]) for t in tables for i in t.indexes if i.unique and len(i.columns) == 1 and i.columns[0]]
    found: Pairs = set()
    for table in filter(partial(is_users, db), tables):
        for column in table.columns:
            mine = values.get((table.name, column.name))
            for parent, key in unique if mine else ():
                other = parent.column(key)
                same = other is not column and other.type == column.type
                if same and mine and mine <= (values.get((parent.name, key)) or set()):
                    found.add((place(table, column.name), place(parent, key)))
    return found


def distinct(conn: psycopg.Connection[Any], table: Table, column: str) -> set[str]:
    query = sql.SQL("SELECT DISTINCT {c}::text FROM {t} WHERE {c} IS NOT NULL LIMIT {n}")
    rows = conn.execute(query.format(c=sql.Identifier(column), t=relation(table.name.schema, table.name.name),
                                     n=sql.Literal(MOST_VALUES)))  # fmt: skip
    return {row[0] for row in rows}


def place(table: Table, column: str) -> Place:
    name = table.partition_of or table.name
    return name.schema, name.name, column


def relation(*names: str) -> sql.Identifier:
    return sql.Identifier(*names)
