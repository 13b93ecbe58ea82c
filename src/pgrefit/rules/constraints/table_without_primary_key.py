"""A table whose rows cannot be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, statistic, tables


@rule(
    code="CON001",
    title="Table without primary key",
    why=(
        "The same row can be there twice, and one of the two cannot be changed or deleted alone; logical replication"
        " refuses its updates, and online changes cannot walk it."
    ),
    example="CREATE TABLE log_line (written_at timestamptz, line text);",
    clean="""
        CREATE TABLE log_line (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, line text);
        CREATE TABLE metric (day date, value int, PRIMARY KEY (day)) PARTITION BY RANGE (day);
        CREATE TABLE metric_1 PARTITION OF metric FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
    """,
)
def table_without_primary_key(observation: Observation) -> Iterator[Finding]:
    """Tables, but for foreign ones and partitions, that have no primary key."""
    rows = {t.table: t.rows for t in observation.statistics.tables}
    for table in tables(observation):
        if table.kind != "foreign table" and not table.primary_key:
            estimate = rows.get(table.name, -1)
            other = f"the unique index on ({', '.join(table.row_key)}) can become it" if table.row_key else ""
            yield Finding(
                object=str(table.name),
                message="has no primary key" + (", but a unique key that could be it" if other else ""),
                severity=Severity.INFO if other else Severity.WARNING,
                evidence=(
                    catalog("columns", tuple(c.name for c in table.columns)),
                    *((statistic("rows", estimate),) if estimate >= 0 else ()),
                ),
                advice=other or "give it an identity column, or declare the columns that identify a row",
            )
