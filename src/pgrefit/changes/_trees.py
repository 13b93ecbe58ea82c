"""What can be learnt from, and renamed in, expressions by their parse trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Literal, expression, joined, raw
from pgrefit.model.names import Relation


def with_renamed_columns(over: Expression, names: Mapping[str, str]) -> Expression:
    """The same expression over one table after its columns were renamed, all at once (so that names may be swapped)."""
    tree = postgast.parse(f"SELECT ({over})")
    for column in postgast.find_nodes(tree, pb.ColumnRef):
        last = column.fields[-1].string
        if last.sval in names:
            last.sval = names[last.sval]
    return Expression(postgast.deparse(tree).removeprefix("SELECT "))


def same_meaning(one: Expression, other: Expression) -> bool:
    """Whether two expressions differ in blanks and parentheses alone."""
    forms = {postgast.deparse(postgast.parse(f"SELECT ({form})")) for form in (one, other)}
    return len(forms) == 1


def relations(condition: Expression) -> tuple[Relation, ...]:
    """The qualified relations that an expression reads in subqueries."""
    return tuple(dict.fromkeys(_relations(condition)))


def _relations(condition: Expression) -> Iterator[Relation]:
    for found in postgast.find_nodes(postgast.parse(f"SELECT ({condition})"), pb.RangeVar):
        if found.schemaname:
            yield Relation(found.schemaname, found.relname)


def string_constants(condition: Expression) -> tuple[str, ...]:
    """The string literals of an expression, in order."""
    tree = postgast.parse(f"SELECT ({condition})")
    constants = postgast.find_nodes(tree, pb.A_Const)
    return tuple(constant.sval.sval for constant in constants if constant.HasField("sval"))


def as_written(check: Expression, column: str) -> Expression:
    """A form of a printed condition that the server prints in the same way again.

    Of what it prints for `column IN (…)` over varchar it prints something else when it reads that.
    """
    literals = [expression("{v}", v=Literal(value)) for value in string_constants(check)]
    elements = joined([expression("{v}::character varying", v=raw(literal)) for literal in literals])
    printed = expression("{c}::text = ANY ((ARRAY[{e}])::text[])", c=column, e=raw(elements))
    if not same_meaning(printed, check):
        return check
    return expression("{c} IN ({literals})", c=column, literals=raw(joined(literals)))
