"""Reading queries live in `sql/`, one a file; this is the only place that vouches for their text.

`name.sql` serves every server; `name.pg16.sql` serves major version 16 and later. Parameters are `%(name)s`, and a
literal percent sign is written `%%`. The first line is a comment that says what the query is for.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from psycopg.rows import class_row, dict_row

from pgrefit.pg.errors import translated

Row = TypeVar("Row")

VARIANT = re.compile(r"(?P<name>\w+)(?:\.pg(?P<major>\d+))?\.sql")


def fetch(conn: psycopg.Connection[Any], name: str, row_type: type[Row], **params: object) -> list[Row]:
    """Rows of a named query, each as `row_type(**columns)`."""
    with translated(), conn.cursor(row_factory=class_row(row_type)) as cursor:
        return cursor.execute(load(name, conn.info.server_version), params).fetchall()


def fetch_dicts(conn: psycopg.Connection[Any], name: str, **params: object) -> list[dict[str, Any]]:
    """Rows of a named query, each as a dictionary by column name."""
    with translated(), conn.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(load(name, conn.info.server_version), params).fetchall()


@cache
def load(name: str, server_version: int) -> LiteralString:
    """Text of a query for a server, given by its `server_version_num` such as 160014."""
    usable = [major for major in _catalogue().get(name, ()) if major <= server_version // 10000]
    if not usable:
        raise LookupError(f"no query {name} for server {server_version}")
    text = _read(name, max(usable))
    if not text.startswith("--"):
        raise ValueError(f"query {name} does not begin with a comment that says what it is for")
    # The files are part of the package, written by us and free of anything a user typed.
    # (mypy holds LiteralString and str to be the same.)
    return cast("LiteralString", text)  # type: ignore[redundant-cast]


@cache
def _catalogue() -> dict[str, list[int]]:
    """The major version that each file begins to serve, by query name; 0 for plain `name.sql`."""
    found: dict[str, list[int]] = {}
    for entry in files("pgrefit.pg").joinpath("sql").iterdir():
        if match := VARIANT.fullmatch(entry.name):
            found.setdefault(match["name"], []).append(int(match["major"] or 0))
    return found


def _read(name: str, major: int) -> str:
    suffix = f".pg{major}.sql" if major else ".sql"
    return files("pgrefit.pg").joinpath("sql", name + suffix).read_text(encoding="utf-8")
