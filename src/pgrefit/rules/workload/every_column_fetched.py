"""SELECT * in the application's queries."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.workload._texts import recurring_texts, sources, takes_all


@rule(
    code="WRK022",
    title="Every column fetched",
    why="No index alone can answer it, a column that is added is sent to everybody, and one that is dropped or moved"
    " breaks who reads by position.",
    workload="""
        -- name: one
        SELECT * FROM visit WHERE id = 7;
    """,
    example="CREATE TABLE visit (id int PRIMARY KEY, page text)",
    clean="CREATE VIEW visit AS SELECT 7 AS id",
    by_default=False,
)
def every_column_fetched(observation: Observation) -> Iterator[Finding]:
    """Queries that return `*` of a table; not EXISTS (SELECT *), nor of a sub-select that names its columns.

    Source: https://www.postgresql.org/docs/current/indexes-index-only-scans.html.
    """
    for text in recurring_texts(observation):
        select = text.statement.select_stmt if text.statement.HasField("select_stmt") else None
        among = sources(observation, text, select) if select is not None else ()
        taken = next((source for source in among if select is not None and takes_all(select, source)), None)
        if taken is not None:
            yield text.finding(
                f"fetches every column of {taken.table.name}", severity=Severity.INFO,
                advice="name the columns that are needed",
            )  # fmt: skip
