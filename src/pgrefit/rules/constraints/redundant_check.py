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
    """Checks that are the same as another one of the table, or that only say that a NOT NULL column is not null."""
    for table in tables(observation):
        own = [check for check in table.checks if check.enforced and check.validated and not check.inherited]
        first: dict[str, Constraint] = {}
        for check in sorted(own, key=lambda check: check.name):
            other = first.setdefault(str(check.expression), check)
            if other is not check:
                yield _finding(observation, table, check, f"says the same as {other.name}")
            elif _is_not_null(table, check):
                yield _finding(observation, table, check, f"says what NOT NULL says of {check.columns[0]}")


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
