"""A check that compares with NULL, and so refuses nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint
from pgrefit.model.sql_tree import NotAnExpressionError, nodes, parse_expression, value_of
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules.security._truth import is_always_true

COMPARISONS = {"=", "<>", "<", ">", "<=", ">="}
NULL_AS_PRINTED = "NULL::"
OF_CONSTANTS = re.compile(r"\(\d+ (?:=|<>|<|>|<=|>=) \d+\)")


@rule(
    code="CON011",
    title="Check that accepts everything",
    why=(
        "A comparison with NULL is neither true nor false, and a check lets pass what is not false: with a NULL in the"
        " list of values, any other value gets in too. One that holds for every row refuses nothing either."
    ),
    example="""
        CREATE TABLE purchase (id int PRIMARY KEY, state text, CHECK (state IN ('new', 'paid', NULL)));
    """,
    clean="""
        CREATE TABLE purchase (id int PRIMARY KEY, state text, note text, paid numeric,
                               CHECK (state IN ('new', 'paid') OR state IS NULL), CHECK (note <> 'NULL'),
                               CHECK (note IS DISTINCT FROM NULL), CHECK (state NOT IN ('old', NULL)),
                               CHECK (coalesce(paid, NULL, 1) > 0));
    """,
)
def check_that_accepts_all(observation: Observation) -> Iterator[Finding]:
    """Checks of tables and domains in which something is compared with NULL, or that hold whatever the row."""
    for owner, check in _checks(observation):
        says = _says(check.expression) if check.expression else ""
        if says:
            yield Finding(
                object=f"{owner}.{check.name}",
                message=says,
                severity=Severity.ERROR,
                evidence=(catalog("definition", str(check.definition)),),
                advice="write what is meant (a check lets empty values pass anyway), look for values that got in, and"
                " add the check anew",
            )


def _says(condition: Expression) -> str:
    """What is wrong with it; parsed only where its text may be so."""
    if NULL_AS_PRINTED in condition and _compares_with_null(condition):
        return "compares with NULL, which refuses nothing"
    either = "IS NULL" in condition and "IS NOT NULL" in condition
    if (either or "true" in condition or OF_CONSTANTS.search(condition)) and is_always_true(condition, ()):
        return "holds for every row, and refuses nothing"
    return ""


def _checks(observation: Observation) -> Iterator[tuple[object, Constraint]]:
    for table in tables(observation):
        yield from ((table.name, check) for check in table.checks if check.enforced and not check.inherited)
    for domain in observation.snapshot.types:
        yield from ((domain.name, check) for check in domain.checks if not domain.extension)


def _compares_with_null(condition: Expression) -> bool:
    try:
        found = nodes(value_of(parse_expression(condition)))
    except NotAnExpressionError:
        return False
    return any(_is_null_comparison(node.a_expr) for node in found if node.HasField("a_expr"))


def _is_null_comparison(comparison: pb.A_Expr) -> bool:
    operator = comparison.name[-1].string.sval
    if comparison.kind == pb.AEXPR_OP:
        return operator in COMPARISONS and (_is_null(comparison.lexpr) or _is_null(comparison.rexpr))
    array = _bare(comparison.rexpr)
    listed = array.a_array_expr.elements if array.HasField("a_array_expr") else ()
    return comparison.kind == pb.AEXPR_OP_ANY and operator == "=" and any(map(_is_null, listed))


def _is_null(node: pb.Node) -> bool:
    bare = _bare(node)
    return bool(bare.HasField("a_const") and bare.a_const.isnull)


def _bare(node: pb.Node) -> pb.Node:
    while node.HasField("type_cast"):
        node = node.type_cast.arg
    return node
