"""An index that is read from disk, or at least not from the server's own cache."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import IndexStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import counting_for, grown, with_statistics
from pgrefit.rules.indexes._usage import counted, window

FEWEST_BYTES = 100 * 2**20
FEWEST_PAGES = 1_000_000
MISSED = 0.1


def _given(observation: Observation) -> Observation:
    observation = grown(observation, times=20_000)
    indexes = tuple(
        replace(each, blocks_fetched=8_000_000, blocks_hit=5_000_000) for each in observation.statistics.indexes
    )
    return counting_for(with_statistics(observation, indexes=indexes), days=10)


@rule(
    code="IDX018",
    title="Index that does not stay in the cache",
    why="A look-up reads a few pages of an index; one that is not in shared_buffers is asked of the system or of disk.",
    example="""
        CREATE TABLE event (id uuid PRIMARY KEY, at timestamptz);
        INSERT INTO event SELECT md5(n::text)::uuid, now() FROM generate_series(1, 1000) AS n;
        ANALYZE event;
    """,
    clean="""
        CREATE TABLE event (id uuid PRIMARY KEY, at timestamptz);
        INSERT INTO event SELECT md5(n::text)::uuid, now() FROM generate_series(1, 1000) AS n;
        ANALYZE event;
    """,
    given=_given,
)
def index_out_of_cache(observation: Observation) -> Iterator[Finding]:
    """Large indexes of which every tenth page that was wanted, of a million, was not in shared_buffers."""
    for table in users_tables(observation.snapshot):
        for index in table.indexes:
            own = observation.statistics.index(index.name)
            if own and own.bytes >= FEWEST_BYTES and own.blocks_fetched >= FEWEST_PAGES and _missed(own) >= MISSED:
                yield _finding(observation, table, own)


def _missed(own: IndexStatistics) -> float:
    return 1 - own.blocks_hit / own.blocks_fetched


def _finding(observation: Observation, table: Table, own: IndexStatistics) -> Finding:
    length = window(observation).length
    return Finding(
        object=str(own.index),
        message=f"{_missed(own):.0%} of the pages that were wanted of it were not in shared_buffers",
        severity=Severity.INFO,
        evidence=(
            statistic("pages wanted", own.blocks_fetched),
            statistic("of these, found in shared_buffers", own.blocks_hit),
            statistic("bytes", own.bytes),
            statistic("days", round(length.total_seconds() / 86_400, 1) if length else None),
            *counted(observation),
        ),
        advice=f"the system's own cache may have had them. Else: an index WHERE only the rows of {table.name} are in it"
        " that are looked for, a rebuild where it is bloated, keys that grow in order instead of random ones, more"
        " shared_buffers",
    )
