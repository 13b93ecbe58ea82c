"""An index that is written all the time and read hardly ever."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import counting_for, grown, with_counters, with_index_counters
from pgrefit.rules.indexes._usage import counted, needed, window
from pgrefit.rules.indexes._young import is_young, so_far

FEWEST_WRITES = 100_000
WRITES_A_SCAN = 10_000
FEW_WRITES, FEW_A_SCAN = 200, 100  # of updates, while the server has counted for less than a day
FEWEST_BYTES = 10 * 2**20


def _given(observation: Observation) -> Observation:
    used = with_index_counters(with_counters(grown(observation), inserted=900_000, updated=300_000), scans=2)
    return counting_for(used, days=60)


@rule(
    code="IDX010",
    title="Index written often and read hardly ever",
    why="Every insert, and every update that is not HOT, writes to it; a handful of queries in all that time read it.",
    example="""
        CREATE TABLE reading (id int PRIMARY KEY, sensor int NOT NULL, note text);
        CREATE INDEX reading_note ON reading (note);
        INSERT INTO reading SELECT n, n % 7, 'note ' || n FROM generate_series(1, 500) AS n;
        ANALYZE reading;
    """,
    clean="""
        CREATE TABLE sensor (id int PRIMARY KEY);
        CREATE TABLE reading (id int PRIMARY KEY, sensor int NOT NULL REFERENCES sensor, note text UNIQUE);
        CREATE INDEX reading_sensor ON reading (sensor);
    """,
    given=_given,
)
def rarely_read_index(observation: Observation) -> Iterator[Finding]:
    """Indexes with thousands of writes for each scan, over a month of counting; unused ones are another rule's.

    Provisionally, while the server has counted for less than a day, those of tables that are updated all the time.
    """
    young = is_young(observation)
    if not window(observation).long and not young:
        return
    scans = {each.index: each.scans for each in observation.statistics.indexes}
    for table in users_tables(observation.snapshot):
        seen = observation.statistics.table(table.name)
        written = _written(seen)
        written = written - seen.inserted if young else written
        writes, times, least = (FEW_WRITES, FEW_A_SCAN, 0) if young else (FEWEST_WRITES, WRITES_A_SCAN, FEWEST_BYTES)
        for index in table.indexes if written >= writes and table.kind == "table" else ():
            rare = 0 < scans.get(index.name, 0) <= written / times
            if rare and not needed(table, index, scans) and _bytes(observation, index) >= least:
                yield _finding(observation, table, index, seen, scans[index.name])


def _written(seen: TableStatistics) -> int:
    return seen.inserted + max(seen.updated - seen.hot_updated, 0)


def _bytes(observation: Observation, index: Index) -> int:
    own = observation.statistics.index(index.name)
    return own.bytes if own else 0


def _finding(observation: Observation, table: Table, index: Index, seen: TableStatistics, scans: int) -> Finding:
    return Finding(
        object=str(index.name),
        message=f"was scanned {scans} times while {table.name} was written {_written(seen):,} times"
        + so_far(observation),
        severity=Severity.INFO,
        evidence=(
            catalog("definition", str(index.definition)),
            statistic("bytes", _bytes(observation, index)),
            statistic("scans", scans),
            statistic("rows inserted", seen.inserted),
            statistic("rows updated, HOT ones left out", max(seen.updated - seen.hot_updated, 0)),
            *counted(observation),
        ),
        advice="find the queries that read it: if a report of once a month can take longer, it can go; "
        + window(observation).advice,
        cost=Cost(bytes=_bytes(observation, index)),
    )
