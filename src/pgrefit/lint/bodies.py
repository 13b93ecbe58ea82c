"""The statements in the body of a DO."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import postgast
from google.protobuf.message import DecodeError

from pgrefit.model.sql_tree import NotAnExpressionError, parse_expression, value_of

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]
RUNS = {  # kinds of statements that run SQL, and the field that has it
    "PLpgSQL_stmt_execsql": "sqlstmt", "PLpgSQL_stmt_perform": "expr", "PLpgSQL_stmt_dynexecute": "query",
    "PLpgSQL_stmt_dynfors": "query",
}  # fmt: skip
DYNAMIC = {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}
Line = tuple[int, str]  # lines below the DO's own, and SQL or words


def body_statements(do: str, language: str) -> tuple[list[Line], list[Line]]:
    """Statements of the body, in order and whatever decides whether they run; and what could not be read."""
    if language != "plpgsql":
        return [], [(0, f"the body of DO was not linted: it is {language}")]
    try:
        functions = cast("Json", postgast.parse_plpgsql(do))
    except (postgast.PgQueryError, DecodeError, ValueError) as error:
        return [], [(0, f"the body of DO was not linted: {error}")]
    shift = _body_line(do) - 1
    found: list[Line] = []
    unread: list[Line] = []
    for line, sql, dynamic in _walk(functions, 1):
        if not dynamic:
            found.append((line + shift, sql))
        elif (constant := _constant(sql)) is not None:
            found.append((line + shift, constant))
        else:
            unread.append((line + shift, f"SQL put together at run time was not linted: EXECUTE {sql}"))
    return found, unread


def _body_line(do: str) -> int:
    """On which line of the statement, from 0, the quoted body begins; its own lines count from 1 there."""
    quoted = next(
        (token for token in postgast.scan(do).tokens if do.encode()[token.start : token.start + 1] in b"$'"), None
    )
    return do.encode()[: quoted.start].count(b"\n") if quoted else 0


def _walk(part: Json, line: int) -> Iterator[tuple[int, str, bool]]:
    """Statements below a part of the tree: line, SQL, and whether an expression yields it."""
    if isinstance(part, list):
        for item in part:
            yield from _walk(item, line)
    if not isinstance(part, dict):
        return
    for kind, value in part.items():
        if not isinstance(value, dict):
            yield from _walk(value, line)
            continue
        said = value.get("lineno")
        at = said if isinstance(said, int) else line
        field = RUNS.get(kind, "")
        if field:
            yield at, _query(value[field]), kind in DYNAMIC
        yield from _walk({key: inner for key, inner in value.items() if key != field}, at)


def _query(expression: Json) -> str:
    """The text in {"PLpgSQL_expr": {"query": …}}."""
    inner = expression.get("PLpgSQL_expr") if isinstance(expression, dict) else None
    return str(inner.get("query", "")) if isinstance(inner, dict) else ""


def _constant(expression: str) -> str | None:
    """The text that an EXECUTE runs, where it is a constant."""
    try:
        node = value_of(parse_expression(expression))
    except NotAnExpressionError:
        return None
    return node.a_const.sval.sval if node.HasField("a_const") and node.a_const.HasField("sval") else None
