"""The one place where pgrefit builds SQL that changes, or asks, a database."""

from __future__ import annotations

from typing import LiteralString, NewType

from psycopg import sql

from .names import Relation

Statement = NewType("Statement", str)
"""A whole statement, minted only here (and by the loader of plan folders, from a reviewed file)."""

Expression = NewType("Expression", str)
"""An SQL expression or definition that the server printed (pg_get_expr and friends), or `expression` built here."""

Value = bool | int | float | None


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
    return sql.SQL(template).format(**{name: _quote(part) for name, part in parts.items()}).as_string()


def _quote(part: Part) -> sql.Composable:
    match part:
        case Relation(schema, name):
            return sql.Identifier(schema, name)
        case Trusted():
            return sql.SQL(str(part))  # pyright: ignore[reportArgumentType]
        case Literal():
            return sql.Literal(str(part))
        case str():
            return sql.Identifier(part)
        case tuple():
            return sql.SQL(", ").join(map(sql.Identifier, part))
        case _:
            return sql.Literal(part)
