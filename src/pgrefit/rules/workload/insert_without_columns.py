"""INSERT that trusts in the order of the columns."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.workload._texts import recurring_texts, table_named

QUERY = """
    -- name: add
    INSERT INTO visit SELECT 'a page';
"""


@rule(
    code="WRK019",
    title="INSERT without a list of columns",
    why="A column that is added, dropped or put elsewhere by a dump makes it fail, or puts values where they do not"
    " belong.",
    workload=QUERY,
    example="CREATE TABLE visit (id int PRIMARY KEY, page text)",
    clean="CREATE TABLE visit (page text PRIMARY KEY)",
)
def insert_without_columns(observation: Observation) -> Iterator[Finding]:
    """Into tables of several columns; DEFAULT VALUES names none and needs none.

    Source: https://www.postgresql.org/docs/current/sql-insert.html.
    """
    for text in recurring_texts(observation):
        insert = text.statement.insert_stmt if text.statement.HasField("insert_stmt") else None
        if insert is None or insert.cols or not insert.HasField("select_stmt"):
            continue
        table = table_named(observation, insert.relation)
        if table is not None and len(table.columns) > 1:
            yield text.finding(
                f"writes to {table.name} without saying to which columns",
                catalog("columns", tuple(column.name for column in table.columns)),
                severity=Severity.INFO,
                advice="name the columns",
            )
