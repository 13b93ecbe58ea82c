"""Types of columns: their names as the server prints them, and which changes of type rewrite the table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from postgast import pg_query_pb2 as pb

from pgrefit.model.sql_tree import NotAnExpressionError, parse_expression, value_of

PRINTED = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "int": "integer", "float4": "real",
    "float8": "double precision", "bool": "boolean", "varchar": "character varying", "bpchar": "character",
    "timestamptz": "timestamp with time zone", "timestamp": "timestamp without time zone",
    "timetz": "time with time zone", "time": "time without time zone", "varbit": "bit varying", "decimal": "numeric",
}  # fmt: skip
SERIALS = {
    "serial": "integer", "serial4": "integer", "bigserial": "bigint", "serial8": "bigint", "smallserial": "smallint",
    "serial2": "smallint",
}  # fmt: skip
TEXTS = {"text", "character varying"}
STAMPS = {"timestamp with time zone", "timestamp without time zone"}
PRECISE = {*STAMPS, "time with time zone", "time without time zone", "interval"}
Effect = Literal["none", "rewrite", "depends on the time zone", "unknown"]


@dataclass(frozen=True, slots=True)
class TypeName:
    """A type: its name as format_type() has it, its modifiers, and whether it is an array. `name` '' is unknown."""

    name: str
    modifiers: tuple[int, ...] = ()
    array: bool = False

    def __str__(self) -> str:
        """As format_type() prints it."""
        base, zone, rest = self.name, "", ""
        for clause in (" with time zone", " without time zone"):
            if base.endswith(clause):
                base, zone = base.removesuffix(clause), clause
        if self.modifiers:
            rest = f"({','.join(map(str, self.modifiers))})"
        return f"{base}{rest}{zone}{'[]' if self.array else ''}"

    @property
    def stored(self) -> TypeName:
        """The type of the values: integer for serial."""
        return TypeName(SERIALS.get(self.name, self.name), self.modifiers, self.array)

    @property
    def whole(self) -> bool:
        """Whether it is a whole number."""
        return self.stored.name in {"smallint", "integer", "bigint"} and not self.array


UNKNOWN = TypeName("")


def type_of(node: pb.TypeName) -> TypeName:
    """The type that a parse tree names."""
    path = [part.string.sval for part in node.names]
    name = PRINTED.get(path[-1], path[-1]) if path and path[0] in {path[-1], "pg_catalog"} else ".".join(path)
    numbers = [mod.a_const.ival.ival for mod in node.typmods if mod.HasField("a_const")]
    if name == "interval":
        numbers = numbers[1:]
    return TypeName(name, tuple(numbers), bool(node.array_bounds))


@cache
def type_from_text(text: str) -> TypeName:
    """The type that format_type() printed."""
    try:
        cast = value_of(parse_expression(f"NULL::{text}"))
    except NotAnExpressionError:
        return TypeName(text)
    return type_of(cast.type_cast.type_name)


def effect_of_change(old: TypeName, new: TypeName) -> Effect:
    """What ALTER COLUMN … TYPE does to the table's file, without a USING that computes something.

    Source: ATColumnChangeRequiresRewrite and the support functions that drop length coercions which cannot fail.
    """
    old, new = old.stored, new.stored
    if old == UNKNOWN:
        return "unknown"
    if old == new:
        return "none"
    if old.array != new.array:
        return "rewrite"
    if {old.name, new.name} == STAMPS and _grows(old, new):
        return "depends on the time zone"
    return "none" if _keeps_bytes(old, new) else "rewrite"


def _keeps_bytes(old: TypeName, new: TypeName) -> bool:
    if old.name in TEXTS and new.name in TEXTS:
        return _grows(old, new)
    if old.name == new.name == "numeric":
        return not new.modifiers or (bool(old.modifiers) and _numeric_grows(old.modifiers, new.modifiers))
    if old.name == new.name and (old.name in PRECISE or old.name == "bit varying"):
        return _grows(old, new)
    return (old.name, new.name) in {("cidr", "inet"), ("citext", "text"), ("xml", "text")}


def _grows(old: TypeName, new: TypeName) -> bool:
    """Whether every value of the old length fits: none is unlimited."""
    most = (6,) if old.name in PRECISE else ()  # what leaving it out means, where that is a number
    before, after = old.modifiers or most, new.modifiers or most
    return not after or (bool(before) and after >= before)


def _numeric_grows(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    return (old[1:] or (0,)) == (new[1:] or (0,)) and new[:1] >= old[:1]
