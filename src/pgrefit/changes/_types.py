"""Types by the names that format_type() prints."""

from __future__ import annotations

from pgrefit.model.names import Relation
from pgrefit.model.sql_tree import CATALOG, NotAnExpressionError, parse_expression, value_of

WHOLE_DIGITS = {"smallint": 4, "integer": 9, "bigint": 18}  # so many digits always fit
WHOLE_RANGE = {"smallint": (-(2**15), 2**15 - 1), "integer": (-(2**31), 2**31 - 1)}  # what narrower types hold
WIDER = {("smallint", "integer"), ("smallint", "bigint"), ("integer", "bigint")}
STRINGS = frozenset({"text", "character varying", "bpchar"})


def bare(type_name: str) -> str:
    """The type without its modifier, so that a cast to it neither cuts off nor rounds: numeric for numeric(5,2)."""
    head, parenthesis, rest = type_name.partition("(")
    if not parenthesis or '"' in type_name:
        return type_name
    suffix = rest.partition(")")[2]
    return ("bpchar" if head == "character" else head) + suffix


def comparable(one: str, other: str) -> bool:
    """Whether a foreign key between two types compares like with like."""
    one, other = bare(one), bare(other)
    return one == other or {one, other} <= STRINGS


def named_type(type_name: str) -> Relation | None:
    """The type that a text names, its modifier and brackets left out; None where it is no name of a type.

    A bare name is the server's own, as format_type() prints them with an empty search path.
    """
    try:
        value = value_of(parse_expression(f"CAST(NULL AS {type_name})"))
    except NotAnExpressionError:
        return None
    if not value.HasField("type_cast"):
        return None
    path = [part.string.sval for part in value.type_cast.type_name.names]
    return Relation(path[-2] if len(path) > 1 else CATALOG, path[-1])
