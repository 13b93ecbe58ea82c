"""The application's queries, from an annotated file of SQL.

A query is one statement. The block of `--` lines before it is its header, `-- key: value` each, in any order: `name` is
required and unique; `weight`, `group`, `version` (before, after, both), `replaces`, `parameters` (a SELECT that yields
rows of values for $1, $2, …) and `same-result` (yes, no) may be there. Other keys and plain comments say nothing to us.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from math import isfinite
from pathlib import Path
from typing import NoReturn, TypeVar

import postgast
from postgast import pg_query_pb2

from pgrefit.errors import UsageError
from pgrefit.model.workload import Query, Version, Workload

VERSIONS: dict[str, Version] = {"before": "before", "after": "after", "both": "both"}
NO_WORDS = {pg_query_pb2.SQL_COMMENT, pg_query_pb2.C_COMMENT, pg_query_pb2.ASCII_59}
YES_OR_NO = {"yes": True, "no": False}
Choice = TypeVar("Choice")


@dataclass(frozen=True, slots=True)
class _Statement:
    """A statement with its header, and the line that each begins on."""

    path: Path
    line: int
    sql: str
    header: dict[str, str]

    def refuse(self, what: str, *, why: str = "", next_step: str = "") -> NoReturn:
        """Raise UsageError that names the place."""
        raise UsageError(f"{self.path}:{self.line}: {what}", why=why, next_step=next_step)

    def choice(self, key: str, among: dict[str, Choice], default: Choice) -> Choice:
        """What the header says under a key that has few values."""
        value = self.header.get(key)
        if value is not None and value not in among:
            self.refuse(f"{key}: {value} is not known", next_step=f"write one of: {', '.join(among)}")
        return default if value is None else among[value]


def read_workload(path: Path) -> Workload:
    """Read a file of annotated statements, in its order.

    Raises UsageError, with file and line, where it cannot be read or parsed, or where a header is wrong.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read", why=str(error)) from error
    queries: dict[str, Query] = {}
    for statement in _statements(path, text):
        query = _query(statement)
        if query.name in queries:
            statement.refuse(f"a second query is named {query.name}", next_step="give each a name of its own")
        queries[query.name] = query
    return Workload(queries=tuple(queries.values()))


def _statements(path: Path, text: str) -> Iterator[_Statement]:
    source = text.encode()  # the parser counts bytes
    parsed = _parsed(path, text)
    words = _words(text)
    end = 0
    for sql in parsed:
        start = words[bisect_left(words, end)]
        between = source[end:start].decode()
        end = start + len(sql.encode())
        yield _Statement(path, source.count(b"\n", 0, start) + 1, sql.strip(), _header(between))


def _parsed(path: Path, text: str) -> list[str]:
    """Statements from their first word on, without what stands before it."""
    try:
        return postgast.split(text, method="parser")
    except postgast.PgQueryError as error:
        line = text.count("\n", 0, max(error.cursorpos - 1, 0)) + 1  # of an error it counts characters
        why = error.message
        raise UsageError(f"{path}:{line}: this is not SQL that PostgreSQL understands", why=why) from error


def _words(text: str) -> list[int]:
    """Where each token begins; comments and semicolons left out."""
    return [token.start for token in postgast.scan(text).tokens if token.token not in NO_WORDS]


def _header(between: str) -> dict[str, str]:
    """Keys and values of the last block of comment lines in what stands between two statements."""
    lines = [line.strip() for line in between.split("\n")[:-1]]
    while lines and not lines[-1]:
        lines.pop()
    header: dict[str, str] = {}
    for line in takewhile(lambda line: line.startswith("--"), reversed(lines)):
        key, colon, value = line.removeprefix("--").partition(":")
        if colon:
            header[key.strip().lower()] = value.strip()
    return header


def _query(statement: _Statement) -> Query:
    header = statement.header
    if not header.get("name"):
        statement.refuse("this query has no name", next_step="write a line '-- name: …' right before it")
    return Query(
        name=header["name"].split()[0],  # what may follow it, such as :many, is for other tools
        sql=statement.sql,
        weight=_weight(statement),
        group=header.get("group", ""),
        version=statement.choice("version", VERSIONS, "both"),
        replaces=header.get("replaces", ""),
        parameters=_parameters(statement),
        same_result=statement.choice("same-result", YES_OR_NO, default=False),
    )


def _weight(statement: _Statement) -> float:
    written = statement.header.get("weight", "1")
    try:
        weight = float(written)
    except ValueError:
        weight = -1.0
    if weight < 0 or not isfinite(weight):
        statement.refuse(f"weight: {written} is not a weight", next_step="write a number that is not negative")
    return weight


def _parameters(statement: _Statement) -> str:
    written = statement.header.get("parameters", "").rstrip("; ")
    try:
        count = len(postgast.split(written))
    except postgast.PgQueryError as error:
        statement.refuse("parameters: this is not SQL that PostgreSQL understands", why=error.message)
    if count > 1:
        statement.refuse("parameters: this is more than one statement")
    return written
