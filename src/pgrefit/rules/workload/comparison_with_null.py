"""A comparison that is never true."""

from __future__ import annotations

from collections.abc import Iterator

from postgast import pg_query_pb2 as pb

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.workload._texts import table_named, texts

COMPARES = {"=", "<>", "!=", "<", ">", "<=", ">="}


@rule(
    code="WRK023",
    title="Comparison with NULL",
    why="It is neither true nor false, whatever the row holds: the query finds nothing, and no error says so.",
    workload="""
        -- name: unpaid
        SELECT id FROM invoice WHERE paid_at = NULL;
        -- name: unpaid_well
        SELECT id FROM invoice WHERE paid_at IS NULL;
    """,
    example="CREATE TABLE invoice (id int PRIMARY KEY, paid_at date)",
    clean="CREATE VIEW invoice AS SELECT 1 AS id, current_date AS paid_at",
)
def comparison_with_null(observation: Observation) -> Iterator[Finding]:
    """= NULL, <> NULL and the like in queries of known tables; IS NULL and IS DISTINCT FROM NULL are well.

    Source: https://www.postgresql.org/docs/current/functions-comparison.html.
    """
    for text in texts(observation):
        tables = (table_named(observation, node.range_var) for node in text.nodes if node.HasField("range_var"))
        if any(tables) and any(node.HasField("a_expr") and _is_with_null(node.a_expr) for node in text.nodes):
            yield text.finding(
                "compares with NULL by an operator: the condition is never true", severity=Severity.ERROR,
                advice="write IS NULL or IS NOT NULL, or IS [NOT] DISTINCT FROM for a parameter that may be NULL",
            )  # fmt: skip


def _is_with_null(one: pb.A_Expr) -> bool:
    if one.kind != pb.AEXPR_OP or one.name[-1].string.sval not in COMPARES:
        return False
    return any(side.HasField("a_const") and side.a_const.isnull for side in (one.lexpr, one.rexpr))
