"""A yes or no that can be neither."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Evidence, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import columns_of_type, required


@rule(
    code="TYP018",
    title="Boolean with a default that may be NULL",
    why=(
        "Its default says that there are two answers, yet a row may hold a third one: neither `WHERE flag` nor"
        " `WHERE NOT flag` finds it."
    ),
    example="CREATE TABLE member (id int PRIMARY KEY, active boolean DEFAULT true);",
    clean="""
        CREATE TABLE member (id int PRIMARY KEY, active boolean NOT NULL DEFAULT true, agreed boolean,
                             public boolean DEFAULT false CHECK (public IS NOT NULL), answer boolean DEFAULT NULL);
    """,
)
def three_valued_boolean(observation: Observation) -> Iterator[Finding]:
    """For each table, boolean columns with true or false as default that are not required."""
    db = observation.snapshot

    def vague(table: Table, column: Column) -> bool:
        decided = column.default in {"true", "false"} and not column.generated
        optional = decided and not column.not_null and not column.type.endswith("[]")
        return optional and column.name not in required(db, table)

    for table, columns in columns_of_type(observation, lambda type_: type_ == "boolean", vague):
        nulls = sum(_nulls(observation, table, column) for column in columns)
        yield Finding(
            object=str(table.name),
            message=f"may hold NULL where a yes or no is meant: {', '.join(column.name for column in columns)}",
            severity=Severity.WARNING if nulls else Severity.INFO,
            evidence=tuple(_evidence(observation, table, column) for column in columns),
            advice="fill what is NULL with the answer that is meant, then SET NOT NULL",
            cost=Cost(rows=nulls) if nulls else None,
        )


def _nulls(observation: Observation, table: Table, column: Column) -> int:
    """Rows without an answer, as estimated."""
    seen = statistics_of(observation, table)
    statistics = seen.column(column.name)
    return round(max(seen.rows, 0) * statistics.null_fraction) if statistics else 0


def _evidence(observation: Observation, table: Table, column: Column) -> Evidence:
    nulls = _nulls(observation, table, column)
    return statistic(f"NULL in {column.name}", nulls) if nulls else catalog(f"default of {column.name}", column.default)
