"""Types by the names that format_type() prints."""

from __future__ import annotations

WHOLE_DIGITS = {"smallint": 4, "integer": 9, "bigint": 18}  # so many digits always fit
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
