"""Values that only a change of the schema can add to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.model.sql_tree import UnreadableError, parse_expression, value_list, value_of
from pgrefit.rules._ask import catalog, known, named
from pgrefit.rules._columns import stored_tables

MANY = 5  # values, from which on they are no two or three sides of one thing
FEWEST = 3  # of a list that is there more than once
ALTERNATIVES = re.compile(r"\^?\(?([\w -]+(?:\|[\w -]+)+)\)?\$?")  # ^(new|paid|sent)$
TESTS = {"=", "~", "~*"}


@dataclass(frozen=True, slots=True)
class Listed:
    """A check that lists the values of a column."""

    table: Table
    check: Constraint
    values: tuple[str, ...]


@rule(
    code="TYP031",
    title="Values in the definition of a table",
    why="A value that is to be added takes a lock and a release; nothing can be said of it but its name, and each table"
    " that has it too has a list of its own.",
    example="CREATE TABLE bill (id int PRIMARY KEY, state text CHECK (state IN ('a', 'b', 'c', 'd', 'e', 'f')));",
    clean="""
        CREATE TABLE state (code text PRIMARY KEY);
        CREATE TABLE bill (id int PRIMARY KEY, state text REFERENCES state, side text CHECK (side IN ('l', 'r')),
                           wind text CHECK (wind IN ('N', 'E', 'S', 'W')), rank int CHECK (rank IN (1, 2, 3, 4, 5, 6)));
    """,
    by_default=False,
)
def values_in_definition(observation: Observation) -> Iterator[Finding]:
    """Columns of text whose checks list five values and more, or the same as the check of another column."""
    found = [listed for table in stored_tables(observation) for listed in _lists(table)]
    same: defaultdict[frozenset[str], list[Listed]] = defaultdict(list)
    for listed in found:
        same[frozenset(listed.values)].append(listed)
    for listed in found:
        others = [other for other in same[frozenset(listed.values)] if other is not listed]
        if len(listed.values) > MANY or (others and len(listed.values) >= FEWEST):
            yield _finding(listed, others)


def _lists(table: Table) -> Iterator[Listed]:
    for check in table.checks:
        if len(check.columns) == 1 and check.expression and not check.inherited and "'" in check.expression:
            values = _values(check.expression)
            if not all(value.lstrip("-").isdecimal() for value in values):
                yield Listed(table, check, values)


def _values(expression: str) -> tuple[str, ...]:
    """Of IN, of several comparisons joined by OR, and of a pattern that has nothing but alternatives."""
    listed = value_list(expression)
    if listed:
        return listed[1]
    try:
        node = value_of(parse_expression(expression))
    except UnreadableError:
        return ()
    parts = list(node.bool_expr.args) if node.bool_expr.boolop == pb.OR_EXPR else [node]
    texts = [_constant(part.a_expr) for part in parts if part.HasField("a_expr")]
    if len(texts) < len(parts) or not all(texts):
        return ()
    alternatives = ALTERNATIVES.fullmatch(texts[0]) if len(texts) == 1 else None
    return tuple(alternatives[1].split("|")) if alternatives else tuple(texts)


def _constant(test: pb.A_Expr) -> str:
    """What a column is compared with; '' where that is no constant."""
    value = test.rexpr.type_cast.arg if test.rexpr.HasField("type_cast") else test.rexpr
    compared = len(test.name) == 1 and test.name[0].string.sval in TESTS
    return str(value.a_const.sval.sval) if compared else ""


def _finding(listed: Listed, others: list[Listed]) -> Finding:
    again = f", as do the definitions of {len(others)} more" if others else ""
    return Finding(
        object=named(listed.table, listed.check.columns[0]),
        message=f"has its {len(listed.values)} values in the definition of the table{again}",
        severity=Severity.INFO,
        evidence=known((
            catalog("values", listed.values), catalog("check", listed.check.name),
            catalog("the same in", tuple(named(other.table, other.check.columns[0]) for other in others)),
        )),
        advice="keep them in a table that these columns refer to, where values come and go",
    )  # fmt: skip
