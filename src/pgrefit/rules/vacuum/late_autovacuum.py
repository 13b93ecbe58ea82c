"""A large table for which autovacuum waits for a fifth of the rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_storage_parameters import SetStorageParameters
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families, leaves
from pgrefit.rules._given import grown, with_counters
from pgrefit.rules._pages import option
from pgrefit.rules.vacuum._autovacuum import dead_rows_allowed, is_off

LARGE = 10_000_000  # rows
LATE = 0.1  # share of the rows
CHURN = 0.01  # share of the rows that were changed or deleted
SOONER = {"autovacuum_vacuum_scale_factor": "0.01"}


def _given(observation: Observation) -> Observation:
    return with_counters(grown(observation, times=100_000), updated=30_000_000)


@rule(
    code="VAC004",
    title="Large table for which autovacuum comes late",
    why=(
        "The default waits for a fifth of the rows to be dead: of a large table these are millions, which vacuum then"
        " removes in one long run, and the space of which never shrinks again."
    ),
    example="""
        CREATE TABLE account (id int PRIMARY KEY, balance numeric);
        INSERT INTO account SELECT n, n FROM generate_series(1, 500) AS n;
        ANALYZE account;
    """,
    clean="""
        CREATE TABLE account (id int PRIMARY KEY, balance numeric) WITH (autovacuum_vacuum_scale_factor = 0.02);
        INSERT INTO account SELECT n, n FROM generate_series(1, 500) AS n;
        UPDATE account SET balance = balance + 1;
        ANALYZE account;
    """,
    given=_given,
)
def late_autovacuum(observation: Observation) -> Iterator[Finding]:
    """Tables of ten million rows and more that are updated or deleted from, with the default that suits small ones.

    From version 18 on it waits for a hundred million at most. Source:
    https://www.postgresql.org/docs/current/runtime-config-vacuum.html.
    """
    for family in families(observation):
        late = [leaf for leaf in leaves(observation.snapshot, family.table) if _is_late(observation, leaf)]
        if late:
            yield _finding(observation, family, late)


def _is_late(observation: Observation, table: Table) -> bool:
    seen = observation.statistics.table(table.name)
    if seen.rows < LARGE or seen.updated + seen.deleted < CHURN * seen.rows or is_off(table):
        return False
    own = any(option(table.options, name) for name in ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold"))
    return not own and dead_rows_allowed(observation, table, seen.rows) >= LATE * seen.rows


def _finding(observation: Observation, family: Family, late: list[Table]) -> Finding:
    allowed = {table.name: dead_rows_allowed(observation, table, observation.rows(table.name)) for table in late}
    seen: list[TableStatistics] = [observation.statistics.table(table.name) for table in late]
    return Finding(
        object=str(family.table.name),
        message=f"autovacuum waits for {round(sum(allowed.values())):,} dead rows",
        severity=Severity.INFO,
        evidence=(
            statistic("rows", sum(each.rows for each in seen)),
            statistic("rows updated", sum(each.updated for each in seen)),
            statistic("rows deleted", sum(each.deleted for each in seen)),
            statistic("dead rows", sum(each.dead_rows for each in seen)),
        ),
        remedy=tuple(SetStorageParameters(table=table.name, parameters=SOONER) for table in late),
        cost=Cost(bytes=sum(round(each.heap_bytes * allowed[each.table] / max(each.rows, 1)) for each in seen)),
    )
