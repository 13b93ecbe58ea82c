"""The same schema as other people would have named it: SQL whose own names are spelt in another style."""

from __future__ import annotations

import random
from collections.abc import Callable

import postgast
from postgast import pg_query_pb2 as pb
from psycopg import sql

Style = Callable[[str], str]


def pascal(name: str) -> str:
    """CustomerOrder."""
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


def camel(name: str) -> str:
    """customerOrder."""
    whole = pascal(name)
    return whole[:1].lower() + whole[1:]


def upper(name: str) -> str:
    """CUSTOMER_ORDER."""
    return name.upper()


def as_it_is(name: str) -> str:
    """customer_order."""
    return name


STYLES: tuple[Style, ...] = (as_it_is, pascal, camel, upper)
SCHEMAS = ("shop", "Магазин", "ventas públicas", 'we"ird', "select", "Lager", "データ", "x" * 50)


def restyled(statements: str, names: frozenset[str], style: Style) -> str:
    """The SQL with each of these names, where it stands as an identifier, spelt in that style and quoted.

    Names that are keywords too are left, since the scanner does not tell which of the two a word is.
    """
    text, parts, end = statements.encode(), list[bytes](), 0
    for token in postgast.scan(statements).tokens:
        word = text[token.start : token.end].decode()
        name = word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        if token.token == pb.Token.IDENT and name in names:
            parts += [text[end : token.start], sql.Identifier(style(name)).as_string().encode()]
            end = token.end
    return (b"".join(parts) + text[end:]).decode()


def schema_name(draw: random.Random, number: int) -> str:
    """A name of another language or kind, different for each number."""
    return f"{draw.choice(SCHEMAS)} {number}"
