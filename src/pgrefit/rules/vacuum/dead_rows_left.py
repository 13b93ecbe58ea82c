"""A table that vacuum has fallen behind on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families, leaves
from pgrefit.rules._given import grown, with_statistics
from pgrefit.rules.server._say import with_settings
from pgrefit.rules.vacuum._autovacuum import dead_rows_allowed, is_off

TIMES = 2  # what autovacuum allows
FEWEST_ROWS = 5000
FEWEST_BYTES = 2**20
FEW_ROWS, FEW_BYTES = 1000, 2**17  # where autovacuum never comes
LATELY = timedelta(days=1)
TOLD = 3


def _given(observation: Observation) -> Observation:
    observation = with_settings(autovacuum="on")(grown(observation))
    tables = tuple(replace(each, dead_rows=each.rows) for each in observation.statistics.tables)
    return with_statistics(observation, tables=tables)


@rule(
    code="VAC002",
    title="Dead rows that vacuum has not removed",
    why="The table and its indexes grow by rows that nobody can see, and every scan reads them; the space is lost.",
    example="""
        CREATE TABLE basket (id int PRIMARY KEY, item text);
        INSERT INTO basket SELECT n, 'item ' || n FROM generate_series(1, 500) AS n;
        ANALYZE basket;
    """,
    clean="""
        CREATE TABLE basket (id int PRIMARY KEY, item text);
        INSERT INTO basket SELECT n, 'item ' || n FROM generate_series(1, 500) AS n;
        UPDATE basket SET item = item || '!';
        ANALYZE basket;
    """,
    given=_given,
)
def dead_rows_left(observation: Observation) -> Iterator[Finding]:
    """Tables with twice the dead rows at which autovacuum ought to come, or as many where it is off for the server.

    Where it is off for the table is another rule's.

    Source: https://www.postgresql.org/docs/current/routine-vacuuming.html for when it ought to.
    """
    for family in families(observation):
        behind = [
            (leaf, seen)
            for leaf in leaves(observation.snapshot, family.table)
            if _is_behind(observation, leaf, seen := observation.statistics.table(leaf.name))
        ]
        if behind:
            yield _finding(observation, family, behind)


def _is_behind(observation: Observation, table: Table, seen: TableStatistics) -> bool:
    never = observation.server.is_off("autovacuum")
    rows, room, times = (FEW_ROWS, FEW_BYTES, 1) if never else (FEWEST_ROWS, FEWEST_BYTES, TIMES)
    large = seen.dead_rows >= rows and seen.heap_bytes >= room
    return large and not is_off(table) and seen.dead_rows > times * dead_rows_allowed(observation, table, seen.rows)


def _finding(observation: Observation, family: Family, behind: list[tuple[Table, TableStatistics]]) -> Finding:
    dead = sum(seen.dead_rows for _, seen in behind)
    rows = sum(max(seen.rows, 0) for _, seen in behind)
    share = dead / max(dead + rows, 1)
    until = observation.statistics.taken_at
    came = [seen.vacuumed_at for _, seen in behind if seen.vacuumed_at]
    lately = until is not None and any(until - each < LATELY for each in came)
    holders = tuple(f"{each.kind} {each.name}, {each.age:,} transactions" for each in observation.server.holders[:TOLD])
    never = observation.server.is_off("autovacuum")
    waits = "and autovacuum is off" if never else f"more than {TIMES} times what autovacuum waits for"
    return Finding(
        object=str(family.table.name),
        message=f"{share:.0%} of its rows are dead, {waits}",
        severity=Severity.WARNING,
        evidence=(
            statistic("dead rows", dead),
            statistic("live rows", rows),
            statistic("last vacuum", max(came).isoformat(timespec="minutes") if came else "none that is known"),
            *((statistic("partitions", tuple(str(leaf.name) for leaf, _ in behind)),) if len(behind) > 1 else ()),
            *((statistic("what may hold vacuum back", holders),) if lately and holders else ()),
        ),
        advice="vacuum came and left them: end what holds an old snapshot (long transactions, abandoned slots)"
        if lately
        else "VACUUM it now; then let autovacuum come earlier (autovacuum_vacuum_scale_factor) and work faster"
        " (autovacuum_vacuum_cost_limit, more workers)",
        cost=Cost(rows=dead, bytes=round(sum(seen.heap_bytes for _, seen in behind) * share)),
    )
