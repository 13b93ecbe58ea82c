"""The statements in the body of a DO, or of a function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import cast

import postgast
from google.protobuf.message import DecodeError
from postgast import pg_query_pb2 as pb

from pgrefit.lint.mask import STAND_IN
from pgrefit.model.sql_tree import NotAnExpressionError, function_name, parse_expression, value_of

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]
RUNS = {  # kinds of statements that run SQL, and the field that has it
    "PLpgSQL_stmt_execsql": "sqlstmt", "PLpgSQL_stmt_perform": "expr", "PLpgSQL_stmt_dynexecute": "query",
    "PLpgSQL_stmt_dynfors": "query",
}  # fmt: skip
PLACE = re.compile(r"%(?:\d+\$)?-?\d*([IsL%])")
DYNAMIC = {"PLpgSQL_stmt_dynexecute", "PLpgSQL_stmt_dynfors"}
Line = tuple[int, str]  # lines below the DO's own, and SQL or words


def body_statements(do: str, language: str, what: str = "DO") -> tuple[list[Line], list[Line]]:
    """Statements of the body, in order and whatever decides whether they run; and what could not be read."""
    if language != "plpgsql":
        return [], [(0, f"the body of {what} was not linted: it is {language}")]
    try:
        functions = cast("Json", postgast.parse_plpgsql(do))
    except (postgast.PgQueryError, DecodeError, ValueError) as error:
        return [], [(0, f"the body of {what} was not linted: {error}")]
    shift = _body_line(do) - 1
    found: list[Line] = []
    unread: list[Line] = []
    for line, sql, dynamic in _walk(functions, 1):
        written = _written(sql) if dynamic else sql
        if written is None or (STAND_IN in written and not _parses(written)):
            unread.append((line + shift, f"SQL put together at run time was not linted: EXECUTE {sql}"))
            continue
        if dynamic and STAND_IN in written:
            unread.append((line + shift, f"{STAND_IN} stands for what is known at run time only: EXECUTE {sql}"))
        found.append((line + shift, written))
    return found, unread


def sql_statements(stmt: pb.CreateFunctionStmt, text: str) -> tuple[list[Line], list[Line]]:
    """The same of a function in SQL; `text` is its CREATE FUNCTION."""
    bodies = [o.def_elem.arg.list.items for o in stmt.options if o.def_elem.defname == "as"]
    body = bodies[0][0].string.sval.encode() if bodies and bodies[0] else b""
    first = _body_line(text)
    try:
        parts = [(raw.stmt_location, raw.stmt_len) for raw in postgast.parse(body.decode()).stmts]
    except (postgast.PgQueryError, DecodeError) as error:
        return [], [(first, f"the body of a function was not linted: {error}")]
    pieces = ((start, body[start : start + length] if length else body[start:]) for start, length in parts)
    return [(first + body[:start].count(b"\n") + _blank(sql), sql.decode().lstrip()) for start, sql in pieces], []


def _blank(sql: bytes) -> int:
    return sql[: len(sql) - len(sql.lstrip())].count(b"\n")


def _parses(sql: str) -> bool:
    try:
        return bool(postgast.parse(sql).stmts)
    except (postgast.PgQueryError, DecodeError):
        return False


def _body_line(do: str) -> int:
    """On which line of the statement, from 0, the quoted body begins; its own lines count from 1 there."""
    data, tokens = do.encode(), list(postgast.scan(do).tokens)
    quoted = [token for token in tokens if data[token.start : token.start + 1] in {b"$", b"'"}]
    after = {token.end for token in tokens if token.token == pb.AS}  # a function's defaults may be quoted as well
    body = [token for token in quoted if any(not data[end : token.start].strip() for end in after)] or quoted
    return data[: body[0].start].count(b"\n") if body else 0


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
        if kind == "PLpgSQL_stmt_commit":
            yield at, "COMMIT", False
        field = RUNS.get(kind, "")
        if field:
            yield at, _query(value[field]), kind in DYNAMIC
        yield from _walk({key: inner for key, inner in value.items() if key != field}, at)


def _query(expression: Json) -> str:
    """The text in {"PLpgSQL_expr": {"query": …}}."""
    inner = expression.get("PLpgSQL_expr") if isinstance(expression, dict) else None
    return str(inner.get("query", "")) if isinstance(inner, dict) else ""


def _written(expression: str) -> str | None:
    """The text that an EXECUTE runs, with a stand-in for what is not constant; None where too little of it is."""
    try:
        node = value_of(parse_expression(expression))
    except NotAnExpressionError:
        return None
    text = _text(node)
    return text if text.strip() not in {STAND_IN, f"'{STAND_IN}'", ""} else None


def _text(node: pb.Node) -> str:
    if node.HasField("type_cast"):
        return _text(node.type_cast.arg)
    if node.HasField("a_const") and node.a_const.HasField("sval"):
        return str(node.a_const.sval.sval)
    if node.HasField("a_expr") and node.a_expr.name[-1].string.sval == "||":
        return _text(node.a_expr.lexpr) + _text(node.a_expr.rexpr)
    if node.HasField("func_call"):
        name = function_name(node.func_call).name
        if name == "format" and node.func_call.args:
            return PLACE.sub(_placed, _text(node.func_call.args[0]))
        return f"'{STAND_IN}'" if name in {"quote_literal", "quote_nullable"} else STAND_IN
    return STAND_IN


def _placed(found: re.Match[str]) -> str:
    """What format() would put in a place."""
    return {"%": "%", "L": f"'{STAND_IN}'"}.get(found[1], STAND_IN)
