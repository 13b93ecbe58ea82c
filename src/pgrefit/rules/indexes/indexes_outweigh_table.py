"""A table whose indexes weigh far more than its rows."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.statistics import IndexStatistics
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families, leaves
from pgrefit.rules._given import grown

TIMES = 2
FEWEST_BYTES = 2**30
FEWEST_INDEXES = 5
VERY_MANY = 12  # secondary indexes, at any size of the table
MANY = 8  # where they outweigh it by far
FAR = 3  # times the bytes of the rows
FEWEST_ROWS = 1000
TOLD = 5


@rule(
    code="IDX017",
    title="Table whose indexes outweigh it",
    why="Each row that is inserted is written once and indexed many times over; the cache holds indexes, not rows.",
    example="""
        CREATE TABLE flag (id int PRIMARY KEY, a text, b text, c text);
        CREATE INDEX flag_a ON flag (a, b, c);
        CREATE INDEX flag_b ON flag (b, c, a);
        CREATE INDEX flag_c ON flag (c, a, b);
        CREATE INDEX flag_ab ON flag (a, c, b);
        INSERT INTO flag SELECT n, md5(n::text), md5('b' || n), md5('c' || n) FROM generate_series(1, 2000) AS n;
        ANALYZE flag;
    """,
    clean="""
        CREATE TABLE flag (id int PRIMARY KEY, a text, b text, c text);
        CREATE INDEX flag_a ON flag (a);
        INSERT INTO flag SELECT n, md5(n::text), md5('b' || n), md5('c' || n) FROM generate_series(1, 2000) AS n;
        ANALYZE flag;
    """,
    given=lambda observation: grown(observation, times=5000),
)
def indexes_outweigh_table(observation: Observation) -> Iterator[Finding]:
    """Tables whose indexes have twice the bytes of the rows, TOAST included, or one of whose B-trees has more."""
    for family in families(observation):
        if family.rows and (family.index_bytes >= FEWEST_BYTES or _very_many(family)):
            rows = family.total_bytes - family.index_bytes
            many = len(family.table.indexes) >= FEWEST_INDEXES and family.index_bytes >= TIMES * rows
            known = _weights(observation, family)
            if many or any(each.bytes > rows for each in known):
                yield _finding(family, rows, known)


def _very_many(family: Family) -> bool:
    """Whether it has so many that each row is written many times over, whatever it weighs.

    One over a foreign key alone is there for the key.
    """
    references = {key.columns for key in family.table.foreign_keys}
    plain = [index for index in family.table.indexes if not index.primary and index.columns not in references]
    times = family.index_bytes / max(family.total_bytes - family.index_bytes, 1)
    least = FAR if len(plain) < VERY_MANY else TIMES
    return len(plain) >= MANY and times >= least and family.rows >= FEWEST_ROWS


def _weights(observation: Observation, family: Family) -> list[IndexStatistics]:
    """B-trees of the table and of its partitions, the heaviest first; others store more than keys by their nature."""
    found = (
        observation.statistics.index(index.name)
        for leaf in leaves(observation.snapshot, family.table)
        for index in leaf.indexes
        if index.method == "btree"
    )
    return sorted(filter(None, found), key=lambda each: each.bytes, reverse=True)


def _finding(family: Family, rows: int, known: list[IndexStatistics]) -> Finding:
    heaviest = next((each for each in known if each.bytes > rows), None)
    times = family.index_bytes / max(rows, 1)
    return Finding(
        object=str(family.table.name),
        message=f"{heaviest.index} alone has more bytes than its rows"
        if heaviest
        else f"its {len(family.table.indexes)} indexes have {times:.1f} times the bytes of its rows",
        severity=Severity.INFO,
        evidence=(
            statistic("bytes of indexes", family.index_bytes),
            statistic("bytes of rows", rows),
            *(statistic(f"{each.index.name}: bytes, scans", (each.bytes, each.scans)) for each in known[:TOLD]),
        ),
        advice="look at the heaviest first: unused-index, redundant-index and bloated-index say which can go or shrink",
        cost=Cost(bytes=max(family.index_bytes - rows, 0)),
    )
