"""What queries look for: the columns that they compare with constants, and which of these."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression, Literal, expression
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules.workload._texts import Source, Text, column_of, selects, sources, table_named

EQUAL = {"="}
BEYOND: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
LISTS = {pb.AEXPR_IN, pb.AEXPR_OP_ANY}
TRUE, FALSE = "t", "f"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A value that a query looks for: a constant as the server prints it, None for NULL."""

    table: Table
    column: str
    value: str | None
    present: bool = False  # any value but NULL

    @property
    def condition(self) -> Expression:
        """What it says of a row."""
        if self.present:
            return expression("{c} IS NOT NULL", c=self.column)
        if self.value is None:
            return expression("{c} IS NULL", c=self.column)
        if self.table.column(self.column).type == "boolean":
            return expression("{c}" if self.value == TRUE else "NOT {c}", c=self.column)
        return expression("{c} = {v}", c=self.column, v=Literal(self.value))


def conditions(
    observation: Observation, text: Text
) -> Iterator[tuple[pb.Node, tuple[Source, ...], list[tuple[Relation, str]]]]:
    """The WHERE of each SELECT, UPDATE and DELETE, the tables it speaks of, and what the rows are sorted by."""
    for select in selects(text):
        among = sources(observation, text, select)
        order = [column_of(item.sort_by.node, among) for item in select.sort_clause]
        yield select.where_clause, among, [(found[0].name, found[1]) for found in order if found]
    for node in text.nodes:
        for kind in ("update_stmt", "delete_stmt"):
            if node.HasField(kind):
                statement = getattr(node, kind)
                table = table_named(observation, statement.relation)
                alias = statement.relation.alias.aliasname or statement.relation.relname
                yield statement.where_clause, (Source(alias, table),) if table else (), []


def and_ed(condition: pb.Node) -> Iterator[pb.Node]:
    """The parts of a condition that must all hold."""
    if condition.HasField("bool_expr") and condition.bool_expr.boolop == pb.AND_EXPR:
        for part in condition.bool_expr.args:
            yield from and_ed(part)
    else:
        yield condition


def compared_in(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[tuple[Relation, str]]:
    """Columns that are compared with something by =."""
    for part in and_ed(condition):
        for side in (part.a_expr.lexpr, part.a_expr.rexpr) if _is_equality(part) else ():
            found = column_of(side, among)
            if found:
                yield found[0].name, found[1]


def constants(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[Wanted]:
    """Values that rows must have to be found."""
    for part in and_ed(condition):
        value: str | None = None
        if _is_equality(part):
            place, value = part.a_expr.lexpr, _constant(part.a_expr.rexpr)
            if value is None:
                continue
        elif part.HasField("null_test") and part.null_test.nulltesttype == pb.IS_NULL:
            place = part.null_test.arg
        else:
            place, value = _truth(part)
        found = column_of(place, among) if place is not None else None
        if found and any(column.name == found[1] for column in found[0].columns):
            yield Wanted(found[0], found[1], value)


def listed(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[Wanted]:
    """Values of which rows must have one: `state IN ('open', 'running')`, as it is written and as a view shows it."""
    for part in and_ed(condition):
        comparison = part.a_expr if part.HasField("a_expr") and part.a_expr.kind in LISTS else None
        if comparison is None or {name.string.sval for name in comparison.name} != EQUAL:
            continue
        found, items = column_of(comparison.lexpr, among), _bare(comparison.rexpr)
        values = map(_constant, items.list.items if items.HasField("list") else items.a_array_expr.elements)
        for value in values if found else ():
            if found and value is not None:
                yield Wanted(found[0], found[1], value)


def beyond(condition: pb.Node, among: tuple[Source, ...]) -> Iterator[tuple[Wanted, str]]:
    """Numbers that a column must be above or below, each with the operator: `priority > 0`."""
    for part in and_ed(condition):
        compared = part.a_expr if part.HasField("a_expr") and part.a_expr.kind == pb.AEXPR_OP else None
        sign = str(compared.name[-1].string.sval) if compared else ""
        if compared and sign in BEYOND:
            found, value = column_of(compared.lexpr, among), _constant(compared.rexpr)
            if found and value is not None and value.lstrip("-").isdigit():
                yield Wanted(found[0], found[1], value), sign


def _bare(node: pb.Node) -> pb.Node:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node


def _truth(part: pb.Node) -> tuple[pb.Node | None, str]:
    """`flag`, `NOT flag`, `flag IS TRUE` and `flag IS FALSE`."""
    if part.HasField("bool_expr") and part.bool_expr.boolop == pb.NOT_EXPR:
        return part.bool_expr.args[0], FALSE
    if part.HasField("boolean_test") and part.boolean_test.booltesttype in {pb.IS_TRUE, pb.IS_FALSE}:
        return part.boolean_test.arg, TRUE if part.boolean_test.booltesttype == pb.IS_TRUE else FALSE
    return (part, TRUE) if part.HasField("column_ref") else (None, "")


def _is_equality(part: pb.Node) -> bool:
    plain = part.HasField("a_expr") and part.a_expr.kind == pb.AEXPR_OP
    return plain and {name.string.sval for name in part.a_expr.name} == EQUAL


def _constant(node: pb.Node) -> str | None:
    """A constant as pg_stats prints it; None for a parameter, or anything else."""
    node = _bare(node)
    if not node.HasField("a_const") or node.a_const.isnull:
        return None
    if node.a_const.HasField("boolval"):
        return TRUE if node.a_const.boolval.boolval else FALSE
    if node.a_const.HasField("sval"):
        return str(node.a_const.sval.sval)
    return str(node.a_const.ival.ival) if node.a_const.HasField("ival") else None


def commonest(seen: ColumnStatistics) -> tuple[str | None, float]:
    """The value that most rows have, and their share."""
    shares = [(None, seen.null_fraction), *zip(seen.values, seen.frequencies, strict=False)]
    return max(shares, key=lambda pair: pair[1])
