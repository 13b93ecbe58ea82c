"""A table whose updates write to every index."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import Family, families
from pgrefit.rules._given import grown, with_counters
from pgrefit.rules._pages import fillfactor
from pgrefit.rules.vacuum._heap import FULL

FEWEST_UPDATES = 1_000_000
HOT = 0.3
TIMES = 1  # the rows of the table
FEW_UPDATES, OFTEN = 10_000, 2  # of a smaller table, each row more often


def _given(observation: Observation) -> Observation:
    return with_counters(grown(observation), updated=9_000_000, hot_updated=900_000)


@rule(
    code="VAC006",
    title="Updates that write to every index",
    why=(
        "An update is HOT where its page has room and no indexed column changes: then indexes stay as they are and the"
        " old row goes without vacuum. Each other one writes an entry to every index, and leaves one behind."
    ),
    example="""
        CREATE TABLE device (id int PRIMARY KEY, seen_at timestamptz, note text);
        CREATE INDEX device_seen_at ON device (seen_at);
        INSERT INTO device SELECT n, now(), 'note' FROM generate_series(1, 500) AS n;
        ANALYZE device;
    """,
    clean="""
        CREATE TABLE device (id int PRIMARY KEY, seen_at timestamptz, note text);
        CREATE INDEX device_seen_at ON device (seen_at);
        INSERT INTO device SELECT n, now(), 'note' FROM generate_series(1, 500) AS n;
        UPDATE device SET seen_at = now() + interval '1 hour';
        ANALYZE device;
    """,
    given=_given,
)
def few_hot_updates(observation: Observation) -> Iterator[Finding]:
    """Tables that are updated a million times, each row more than once, or each row many times, and seldom HOT.

    Source: https://www.postgresql.org/docs/current/storage-hot.html.
    """
    for family in families(observation):
        often = family.updated >= min(max(FEWEST_UPDATES, TIMES * family.rows), max(FEW_UPDATES, OFTEN * family.rows))
        if often and family.table.indexes and family.hot_updated < HOT * family.updated:
            yield _finding(family)


def _finding(family: Family) -> Finding:
    share, indexes = family.hot_updated / family.updated, len(family.table.indexes)
    return Finding(
        object=str(family.table.name),
        message=f"{share:.0%} of its updates are HOT: each of the others writes to {indexes} indexes",
        severity=Severity.INFO,
        evidence=(
            statistic("rows updated", family.updated),
            statistic("of these, HOT", family.hot_updated),
            statistic("rows", family.rows),
            catalog("indexes", tuple(index.name.name for index in family.table.indexes)),
            catalog("fillfactor", fillfactor(family.table.options, FULL)),
        ),
        advice="look which indexed column the updates change (a time of the last change, a counter, a state): without"
        " an index on it they are HOT. Where they change none, leave room on the pages: fillfactor 80 or 90",
    )
