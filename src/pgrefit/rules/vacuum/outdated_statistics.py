"""A table that the planner knows nothing of, or nothing that still holds."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.analyze_table import AnalyzeTable
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import TableStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families, leaves
from pgrefit.rules._given import grown

FEWEST_BYTES = 2**20
FEWEST_ROWS = 10_000
FEW_ROWS = 1000  # where nearly all other tables have been analyzed
KNOWN = 0.8  # of the tables with rows: in a database just loaded none has been
GROWN, FEWEST_OF_GROWN = 5, 2000  # times as many changes as there were rows, so that autovacuum cannot have come


@rule(
    code="VAC005",
    title="Statistics that are missing or out of date",
    why="The planner guesses how many rows a condition leaves, and chooses joins and indexes by that guess.",
    example="""
        CREATE TABLE ticket (id int PRIMARY KEY, kind text);
        INSERT INTO ticket SELECT n, 'kind ' || n FROM generate_series(1, 40) AS n;
    """,
    clean="""
        CREATE TABLE ticket (id int PRIMARY KEY, kind text);
        INSERT INTO ticket SELECT n, 'kind ' || n FROM generate_series(1, 40) AS n;
    """,
    given=grown,
)
def outdated_statistics(observation: Observation) -> Iterator[Finding]:
    """Tables that ANALYZE has never seen, or more of whose rows have changed since than there are.

    Autovacuum analyzes partitions, but never the partitioned table. Source:
    https://www.postgresql.org/docs/current/routine-vacuuming.html.
    """
    fewest = FEW_ROWS if _are_mostly_known(observation) else None
    for family in families(observation):
        blind = [leaf for leaf in leaves(observation.snapshot, family.table) if _unknown(observation, leaf, fewest)]
        whole = family.table.kind == "partitioned table" and observation.rows(family.table.name) < 0
        if blind or (whole and family.rows >= FEWEST_ROWS):
            yield _finding(observation, family, blind)


def _are_mostly_known(observation: Observation) -> bool:
    filled = [seen for seen in observation.statistics.tables if seen.heap_bytes]
    return sum(seen.rows >= 0 for seen in filled) >= KNOWN * len(filled)


def _unknown(observation: Observation, table: Table, fewest: int | None) -> bool:
    seen = observation.statistics.table(table.name)
    changed = _changed(seen)
    grown = seen.rows >= 0 and changed >= max(FEWEST_OF_GROWN, GROWN * seen.rows)
    return _never_seen(seen, fewest) or grown or changed >= max(FEWEST_ROWS, seen.rows)


def _changed(seen: TableStatistics) -> int:
    """Rows changed since ANALYZE, and not before it in its own transaction: the server counts these afterwards.

    Rows that were inserted since make the table larger than it found it, unless vacuum has counted it anew.
    """
    counted = seen.inserted + seen.updated + seen.deleted >= seen.modified_since_analyze
    if not counted or seen.analyzed_at is None or (seen.vacuumed_at and seen.vacuumed_at > seen.analyzed_at):
        return seen.modified_since_analyze
    grown = max(0, seen.inserted - seen.deleted - max(seen.rows, 0))
    return min(seen.modified_since_analyze, grown + seen.updated + 2 * seen.deleted)


def _never_seen(seen: TableStatistics, fewest: int | None = 0) -> bool:
    """An index that is built counts the rows as well, and leaves no statistics of columns."""
    many = seen.heap_bytes >= FEWEST_BYTES or (fewest is not None and seen.inserted - seen.deleted >= fewest)
    unknown = seen.rows < 0 or (seen.rows >= FEW_ROWS and not seen.columns and seen.modified_since_analyze >= seen.rows)
    return unknown and seen.heap_bytes > 0 and many and seen.analyzed_at is None


def _finding(observation: Observation, family: Family, blind: list[Table]) -> Finding:
    seen = [observation.statistics.table(table.name) for table in blind]
    never = all(map(_never_seen, seen))
    return Finding(
        object=str(family.table.name),
        message=_message(family, blind) if never else "more rows have changed since the last ANALYZE than there are",
        severity=Severity.WARNING,
        evidence=(
            statistic("rows", family.rows) if not never or not blind else statistic("bytes", family.heap_bytes),
            statistic("rows changed since", sum(each.modified_since_analyze for each in seen)),
            *((statistic("partitions", tuple(str(table.name) for table in blind)),) if len(blind) > 1 else ()),
        ),
        remedy=(AnalyzeTable(table=family.table.name),),
        advice="" if blind else "autovacuum never analyzes a partitioned table as a whole: do so after it has changed",
    )


def _message(family: Family, blind: list[Table]) -> str:
    if not blind:
        return "ANALYZE has seen its partitions, but never the whole, by which joins and groups are planned"
    part = f"{len(blind)} of its partitions" if blind != [family.table] else "it"
    return f"ANALYZE has never seen {part}"
