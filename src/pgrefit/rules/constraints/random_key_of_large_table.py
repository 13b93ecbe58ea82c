"""A large table whose keys come in random order."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.set_default import SetDefault
from pgrefit.model.ddl import Expression
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Snapshot
from pgrefit.rules._ask import catalog, named, statistic, statistics_of, tables
from pgrefit.rules._given import with_counters

LARGE = 1_000_000  # rows
RANDOM = ("gen_random_uuid()", "uuid_generate_v4()")
ORDERED = Expression("pg_catalog.uuidv7()")
FIRST_WITH_ORDERED = 180000


def _grown(observation: Observation) -> Observation:
    """As if each table had ten million rows."""
    return with_counters(observation, rows=10 * LARGE, heap_bytes=1_500_000_000, index_bytes=600_000_000)


@rule(
    code="CON017",
    title="Random key of a large table",
    why=(
        "Each new row goes to another page of each index on the key: pages that lie cold are read, and written to the"
        " log whole; keys that begin with the time go to the same page, one after the other."
    ),
    example="CREATE TABLE event (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text);",
    clean="""
        CREATE TABLE event (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text);
        CREATE TABLE visit (id int PRIMARY KEY, token uuid DEFAULT gen_random_uuid());
    """,
    given=_grown,
)
def random_key_of_large_table(observation: Observation) -> Iterator[Finding]:
    """Primary keys by a random uuid, of tables that have more rows than memory forgives."""
    for table in tables(observation):
        column = table.column(table.primary_key[0]) if table.primary_key else None
        statistics = statistics_of(observation, table)
        if column and statistics.rows >= LARGE and _is_random(column):
            yield Finding(
                object=named(table, column.name),
                message=f"is random, and the table has some {statistics.rows:,} rows",
                severity=Severity.INFO,
                evidence=(
                    catalog("default", str(column.default)),
                    statistic("rows", statistics.rows),
                    statistic("bytes of its indexes", statistics.index_bytes),
                ),
                remedy=_remedy(observation.snapshot, SetDefault(table=table.name, column=column.name, default=ORDERED)),
                advice="let new keys begin with the time (uuidv7), unless nobody may learn from a key when it was made",
            )


def _is_random(column: Column) -> bool:
    """Whether its default is a call of one of the functions, in whatever schema."""
    return column.type == "uuid" and column.default is not None and column.default.rpartition(".")[2] in RANDOM


def _remedy(db: Snapshot, change: SetDefault) -> tuple[SetDefault, ...]:
    return (change,) if db.server_version >= FIRST_WITH_ORDERED else ()
