"""A check that says what is said already."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.changes.drop_constraint import DropConstraint
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.model.sql_tree import NotAnExpressionError, parse_expression, value_of
from pgrefit.rules._ask import catalog, tables
from pgrefit.rules.security._truth import printed

TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}
NOT_NULL = "IS NOT NULL)"  # how the server's print of such a check ends


@rule(
    code="CON012",
    title="Check that says what is said already",
    why="It is computed for each row that is written and refuses nothing more; who changes one of two is misled.",
    example="""
        CREATE TABLE item (id int PRIMARY KEY, price numeric CONSTRAINT positive CHECK (price > 0),
                           CONSTRAINT price_is_positive CHECK ((price > 0)));
    """,
    clean="""
        CREATE TABLE item (id int PRIMARY KEY, price numeric CHECK (price > 0), cost numeric CHECK (cost > 0),
                           CHECK (price >= 0), note text CHECK (note IS NOT NULL));
    """,
)
def redundant_check(observation: Observation) -> Iterator[Finding]:
    """Checks that refuse the same rows as another of the table, or only say that a NOT NULL column is not null."""
    for table in tables(observation):
        own = [check for check in table.checks if check.enforced and check.validated and not check.inherited]
        first: dict[str, Constraint] = {}
        for check in sorted(own, key=lambda check: check.name):
            other = first.setdefault(_meaning(check) if len(own) > 1 else check.name, check)
            if other is not check:
                yield _finding(observation, table, check, f"says the same as {other.name}")
            elif _is_not_null(table, check):
                yield _finding(observation, table, check, f"says what NOT NULL says of {check.columns[0]}")


def _meaning(check: Constraint) -> str:
    """The same for checks that refuse the same rows: `a > b` as `b < a`, and `a > 0 OR a IS NULL` as `a > 0`."""
    if check.expression is None:
        return check.definition
    try:
        value = value_of(parse_expression(check.expression))
    except NotAnExpressionError:
        return str(check.expression)
    return " AND ".join(sorted(map(_turned, _all_of(value))))


def _all_of(node: pb.Node) -> list[pb.Node]:
    """What AND joins, each without the alternative that its column is NULL: a check lets NULL pass anyway."""
    if node.HasField("bool_expr") and node.bool_expr.boolop == pb.AND_EXPR:
        return [part for arg in node.bool_expr.args for part in _all_of(arg)]
    if node.HasField("bool_expr") and node.bool_expr.boolop == pb.OR_EXPR:
        missing = {printed(arg.null_test.arg) for arg in node.bool_expr.args if _is_null(arg)}
        rest = [arg for arg in node.bool_expr.args if not _is_null(arg)]
        if len(rest) == 1 and _compares(rest[0]) and missing <= {printed(side) for side in _sides(rest[0])}:
            return rest
    return [node]


def _is_null(node: pb.Node) -> bool:
    return bool(node.HasField("null_test") and node.null_test.nulltesttype == pb.IS_NULL)


def _compares(node: pb.Node) -> bool:
    operator = node.a_expr.name[-1].string.sval if node.HasField("a_expr") and node.a_expr.name else ""
    return bool(node.a_expr.kind == pb.AEXPR_OP and operator in TURNED)


def _sides(node: pb.Node) -> tuple[pb.Node, pb.Node]:
    return node.a_expr.lexpr, node.a_expr.rexpr


def _turned(node: pb.Node) -> str:
    """As text, with the side that is lesser as text first."""
    if not _compares(node):
        return printed(node)
    left, right = (printed(side) for side in _sides(node))
    operator = str(node.a_expr.name[-1].string.sval)
    return f"{left} {operator} {right}" if left <= right else f"{right} {TURNED[operator]} {left}"


def _is_not_null(table: Table, check: Constraint) -> bool:
    """Whether it is IS NOT NULL of a column that is NOT NULL."""
    if len(check.columns) != 1 or not check.expression or not check.expression.endswith(NOT_NULL):
        return False
    try:
        value = value_of(parse_expression(check.expression))
    except NotAnExpressionError:
        return False
    test = value.null_test if value.HasField("null_test") else None
    plain = test is not None and test.nulltesttype == pb.IS_NOT_NULL and test.arg.HasField("column_ref")
    return plain and table.column(check.columns[0]).not_null


def _finding(observation: Observation, table: Table, check: Constraint, says: str) -> Finding:
    change = DropConstraint(table=table.name, name=check.name)
    feasible = not any(change.obstacles(observation.snapshot))
    return Finding(
        object=f"{table.name}.{check.name}",
        message=says,
        severity=Severity.INFO,
        evidence=(catalog("definition", str(check.definition)),),
        remedy=(change,) if feasible else (),
        advice="" if feasible else "drop it",
    )
