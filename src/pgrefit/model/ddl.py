"""The one place where pgrefit builds SQL that changes, or asks, a database."""

from __future__ import annotations

from functools import cache, lru_cache
from string import Formatter
from typing import LiteralString, NewType

from psycopg import sql

from .names import Relation

Statement = NewType("Statement", str)
"""A whole statement, minted only here (and by the loader of plan folders, from a reviewed file)."""

Expression = NewType("Expression", str)
"""An SQL expression or definition that the server printed (pg_get_expr and friends), or `expression` built here."""

Value = bool | int | float | None
REMEMBERED = 10_000  # names and values, as they are written


class Literal(str):
    """A text that is to be quoted as a string literal, not as an identifier."""

    __slots__ = ()


class Trusted(str):
    """An expression to be inserted as it is; made from `Expression` by `raw`, never from a name or a value."""

    __slots__ = ()


Part = Relation | str | tuple[str, ...] | Literal | Trusted | Value


def raw(expression: Expression | Statement) -> Trusted:
    """Mark an expression, or a whole statement, to be inserted as it is."""
    return Trusted(expression)


def ddl(template: LiteralString, /, **parts: Part) -> Statement:
    """Fill a literal template.

    `Relation` becomes a qualified identifier, `str` an identifier, a tuple a list of identifiers, `Literal` a string
    literal, `raw(...)` is inserted as it is, numbers, booleans and None become literals.
    """
    return Statement(_fill(template, parts))


def expression(template: LiteralString, /, **parts: Part) -> Expression:
    """The same as `ddl`, for a part of a statement."""
    return Expression(_fill(template, parts))


def joined(parts: list[Expression], separator: LiteralString = ", ") -> Expression:
    """Join expressions: a select list, an AND of conditions."""
    return Expression(separator.join(parts))


def _fill(template: LiteralString, parts: dict[str, Part]) -> str:
    return "".join(text if name is None else text + _written(parts[name]) for text, name in _pieces(template))


@cache
def _pieces(template: LiteralString) -> tuple[tuple[str, str | None], ...]:
    """Each text with the name of the part after it; None after the last text."""
    return tuple((text, name) for text, name, _, _ in Formatter().parse(template))


def _written(part: Part) -> str:
    return str(part) if isinstance(part, Trusted) else _quoted(part)


@lru_cache(maxsize=REMEMBERED, typed=True)
def _quoted(part: Part) -> str:
    match part:
        case Relation(schema, name):
            return sql.Identifier(schema, name).as_string()
        case Literal():
            return sql.Literal(str(part)).as_string()
        case str():
            return sql.Identifier(part).as_string()
        case tuple():
            return sql.SQL(", ").join(map(sql.Identifier, part)).as_string()
        case _:
            return sql.Literal(part).as_string()
