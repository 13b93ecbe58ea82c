"""What the readers of all kinds of objects share: rows, names, and what hangs on an object whatever its kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict, TypeVar

import psycopg

from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Grant
from pgrefit.observe.locks import OPEN, Closed
from pgrefit.pg.queries import fetch_dicts

Row = dict[str, Any]
Key = tuple[str, int, int]  # catalog, oid, the server's number of the column or 0
Part = TypeVar("Part")


class Owned(TypedDict):
    """Fields that tables, views, sequences, functions and schemas have in common."""

    comment: str
    grants: tuple[Grant, ...]
    extension: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A connection, with all comments, grants and extension members by catalog and oid, and what is behind locks."""

    conn: psycopg.Connection[Any]
    comments: dict[Key, str]
    grants: dict[Key, tuple[Grant, ...]]
    extensions: dict[tuple[str, int], str]
    closed: Closed = OPEN

    def rows(self, query: str) -> list[Row]:
        """Rows of a named query, without what was dropped while we read, or is locked: its definition is NULL."""
        found = fetch_dicts(self.conn, query, **self.closed.parameters())
        return [row for row in found if row.get("definition", "") is not None]

    def grouped(self, query: str, build: Callable[[Row], Part], by: str = "relation") -> dict[int, tuple[Part, ...]]:
        """What `build` makes of the rows, by the oid in their column `by`, which it takes out."""
        parts: defaultdict[int, list[Part]] = defaultdict(list)
        for row in self.rows(query):
            parts[row.pop(by)].append(build(row))
        return {oid: tuple(together) for oid, together in parts.items()}

    def comment(self, catalog: str, oid: int, number: int = 0) -> str:
        """The comment on an object, or ''."""
        return self.comments.get((catalog, oid, number), "")

    def granted(self, catalog: str, oid: int, number: int = 0) -> tuple[Grant, ...]:
        """The grants on an object; none where it has what its owner gets by default."""
        return self.grants.get((catalog, oid, number), ())

    def extension(self, catalog: str, oid: int) -> str:
        """The extension that an object belongs to, or ''."""
        return self.extensions.get((catalog, oid), "")

    def owned(self, catalog: str, oid: int) -> Owned:
        """All three."""
        return {
            "comment": self.comment(catalog, oid),
            "grants": self.granted(catalog, oid),
            "extension": self.extension(catalog, oid),
        }


def open_reader(conn: psycopg.Connection[Any], closed: Closed = OPEN) -> Reader:
    """Read what hangs on objects; `closed`: what is to be gone round."""
    grants: defaultdict[Key, list[Grant]] = defaultdict(list)
    for row in fetch_dicts(conn, "grants"):
        key = (row.pop("class"), row.pop("oid"), row.pop("number"))
        grants[key].append(Grant(**row))
    comments = fetch_dicts(conn, "comments")
    members = fetch_dicts(conn, "extension_members")
    return Reader(
        conn=conn,
        comments={(row["class"], row["oid"], row["number"]): row["comment"] for row in comments},
        grants={key: tuple(held) for key, held in grants.items()},
        extensions={(row["class"], row["oid"]): row["extension"] for row in members},
        closed=closed,
    )


def take_relation(row: Row, prefix: str = "") -> Relation | None:
    """Take `schema` and `name`, or `prefix_schema` and `prefix_name`, out of a row; None where they are NULL."""
    schema, name = row.pop(f"{prefix}schema"), row.pop(f"{prefix}name")
    return None if name is None else Relation(schema, name)
