"""A table whose file is mostly empty."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.repack_table import RepackTable
from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import statistic
from pgrefit.rules._families import Family, families, leaves
from pgrefit.rules._given import grown
from pgrefit.rules.vacuum._heap import HeapEstimate, heap_estimate, most_gain

FEWEST_BYTES = 16 * 2**20
FEW_BYTES, NEARLY_ALL = 4 * 2**20, 0.65  # of a smaller table
MUCH = 2**30
WASTED = 0.4  # share; the estimate is off by a few hundredths
TOLD = 5


@dataclass(frozen=True, slots=True)
class _Part:
    table: Table
    bytes: int
    estimate: HeapEstimate

    @property
    def wasted(self) -> int:
        return round(self.estimate.gain * self.bytes)


@rule(
    code="VAC001",
    title="Table that is mostly empty",
    why=(
        "Every scan and every backup reads the empty space, and the cache holds it; vacuum keeps it for rows to come"
        " and gives only the end of the file back."
    ),
    example="""
        CREATE TABLE parcel (id int PRIMARY KEY, label text NOT NULL, sent date);
        INSERT INTO parcel SELECT n, 'parcel ' || n, CASE WHEN n % 3 = 0 THEN current_date END
        FROM generate_series(1, 9000) AS n;
        DELETE FROM parcel WHERE id % 5 <> 0;
        ANALYZE parcel;
    """,
    clean="""
        CREATE TABLE parcel (id int PRIMARY KEY, label text NOT NULL, sent date) WITH (fillfactor = 50);
        INSERT INTO parcel SELECT n, 'parcel ' || n, CASE WHEN n % 3 = 0 THEN current_date END
        FROM generate_series(1, 9000) AS n;
        ANALYZE parcel;
    """,
    given=grown,
)
def bloated_table(observation: Observation) -> Iterator[Finding]:
    """Tables that would lose two fifths of their bytes if they were written anew, by estimate.

    Source: https://www.postgresql.org/docs/current/storage-page-layout.html; what is worth it is our judgement.
    """
    for family in families(observation):
        if family.heap_bytes < FEW_BYTES or not _may_be_empty(observation, family):
            continue
        parts = list(_parts(observation, family))
        size, wasted = sum(part.bytes for part in parts), sum(part.wasted for part in parts)
        if wasted >= (FEW_BYTES if wasted >= NEARLY_ALL * size else FEWEST_BYTES) and wasted >= WASTED * size:
            yield _finding(observation, family, parts, wasted)


def _may_be_empty(observation: Observation, family: Family) -> bool:
    whole = (leaf for leaf in leaves(observation.snapshot, family.table) if leaf.kind == "table")
    most = sum(observation.statistics.table(leaf.name).heap_bytes * most_gain(observation, leaf) for leaf in whole)
    return most >= WASTED * family.heap_bytes


def _parts(observation: Observation, family: Family) -> Iterator[_Part]:
    for leaf in leaves(observation.snapshot, family.table):
        size = observation.statistics.table(leaf.name).heap_bytes
        estimate = heap_estimate(observation, leaf) if size else None
        if estimate:
            yield _Part(leaf, size, estimate)


def _finding(observation: Observation, family: Family, parts: list[_Part], wasted: int) -> Finding:
    size = sum(part.bytes for part in parts)
    repack = RepackTable(table=family.table.name)
    fits = family.table.kind == "table" and not any(repack.obstacles(observation.snapshot))
    worst = sorted(parts, key=lambda part: part.wasted, reverse=True)[:TOLD]
    return Finding(
        object=str(family.table.name),
        message=f"is {wasted / size:.0%} empty, by estimate: written anew it would take {size - wasted:,} bytes",
        severity=Severity.WARNING if wasted >= MUCH else Severity.INFO,
        evidence=(
            statistic("bytes", size),
            statistic("bytes that writing it anew gives back, estimated", wasted),
            statistic("rows", family.rows),
            *(statistic(f"wasted in {part.table.name}", part.wasted) for part in worst if len(parts) > 1),
            *(statistic("bytes of a row, estimated", round(part.estimate.row)) for part in parts if len(parts) == 1),
        ),
        remedy=(repack,) if fits else (),
        advice="have vacuum come more often, else it grows again; pgstattuple_approx() of the extension pgstattuple"
        " measures it exactly",
        cost=Cost(bytes=wasted),
    )
