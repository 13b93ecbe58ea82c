"""A table without a row."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import is_empty, statistic, statistics_of
from pgrefit.rules._columns import stored_tables


@rule(
    code="RED019",
    title="Empty table",
    why="It may be a feature that never came: newcomers read about it, and queries on it answer nothing.",
    example="CREATE TABLE voucher (id int PRIMARY KEY); CREATE TABLE item (id int); INSERT INTO item VALUES (1);",
    clean="""
        CREATE TABLE voucher (id int PRIMARY KEY); INSERT INTO voucher VALUES (1);
        CREATE TABLE thing (id int PRIMARY KEY); CREATE TABLE item (name text) INHERITS (thing);
        INSERT INTO item VALUES (1, 'one');
    """,
    by_default=False,
)
def empty_table(observation: Observation) -> Iterator[Finding]:
    """Tables without a row, in a database that has some."""
    filled = any(table.heap_bytes for table in observation.statistics.tables)
    heirs = {parent for table in observation.snapshot.tables for parent in table.inherits}
    for table in stored_tables(observation) if filled else ():
        seen = statistics_of(observation, table)
        needed = table.name in heirs or observation.snapshot.references_to(table.name)
        if is_empty(observation, table) and not needed:
            yield Finding(
                object=str(table.name),
                message="holds no row",
                severity=Severity.INFO,
                evidence=(statistic("bytes of rows", seen.heap_bytes), statistic("rows ever inserted", seen.inserted)),
                advice="if no release is about to fill it, drop it",
            )
