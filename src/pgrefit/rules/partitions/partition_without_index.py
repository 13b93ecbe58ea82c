"""A partition that lacks an index which the partitioned table has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.rules._ask import catalog, known
from pgrefit.rules._families import partitions, users_tables
from pgrefit.rules._indexes import prefix_of
from pgrefit.rules._together import shape

TOLD = 20
DEFAULT = "DEFAULT"
FEWEST = 2  # partitions with an index, so that it is none of one month alone


@rule(
    code="PAR004",
    title="Partition without an index of the whole",
    why=(
        "The index of the partitioned table stays invalid until each partition has its part of it: queries read the"
        " others whole, and a unique one guarantees nothing. An index that was made for each partition by itself is"
        " forgotten with the next one."
    ),
    example="""
        CREATE TABLE parcel (id int, weight int) PARTITION BY RANGE (id);
        CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (1) TO (10);
        CREATE TABLE parcel_2 PARTITION OF parcel FOR VALUES FROM (10) TO (20);
        CREATE INDEX parcel_1_weight ON parcel_1 (weight);
        CREATE INDEX parcel_weight ON ONLY parcel (weight);
        ALTER INDEX parcel_weight ATTACH PARTITION parcel_1_weight;
    """,
    clean="""
        CREATE TABLE parcel (id int, weight int) PARTITION BY RANGE (id);
        CREATE TABLE parcel_1 PARTITION OF parcel FOR VALUES FROM (1) TO (10);
        CREATE INDEX parcel_1_weight ON parcel_1 (weight);
        CREATE INDEX parcel_weight ON ONLY parcel (weight);
        ALTER INDEX parcel_weight ATTACH PARTITION parcel_1_weight;
        CREATE INDEX parcel_1_both ON parcel_1 (weight, id);
        CREATE TABLE sack (id int) PARTITION BY RANGE (id);
        CREATE INDEX sack_id ON ONLY sack (id);
    """,
)
def partition_without_index(observation: Observation) -> Iterator[Finding]:
    """Indexes of partitioned tables that are invalid, with the partitions that have no part of them.

    And indexes that the whole does not have, but most partitions do.

    Source: https://www.postgresql.org/docs/current/sql-createindex.html (ON ONLY).
    """
    for whole in users_tables(observation.snapshot):
        parts = partitions(observation.snapshot).get(whole.name, ())
        for index in whole.indexes if parts else ():
            without = [part for part in parts if part.kind != "foreign table" and not _has_part(part, index)]
            if not index.valid and without:
                yield _finding(whole, index, without, len(parts))
        yield from _of_most(whole, [part for part in parts if part.kind == "table" and part.partition_bound != DEFAULT])


def _of_most(whole: Table, parts: list[Table]) -> Iterator[Finding]:
    """Indexes of their own that more than half of the partitions have in the same form."""
    owners: defaultdict[Hashable, dict[str, Index]] = defaultdict(dict)
    for part in parts:
        for index in part.indexes:
            if index.valid and index.partition_of is None:
                owners[shape(index)].setdefault(str(part.name), index)
    for having in owners.values():
        without = tuple(str(part.name) for part in parts if str(part.name) not in having)
        if without and len(having) >= FEWEST and len(having) * 2 > len(parts):
            index = next(iter(having.values()))
            on = ", ".join(column or "an expression" for column in index.columns)
            yield Finding(
                object=str(whole.name),
                message=f"{len(without)} of {len(parts)} partitions lack the index on {on} that the others have, each"
                " for itself",
                severity=Severity.INFO,
                evidence=(
                    catalog("definition", str(index.definition)),
                    catalog("partitions without it", without[:TOLD]),
                ),
                advice="make it on the whole, ON ONLY, and attach those of the partitions: new ones then get it too",
            )


def _has_part(part: Table, index: Index) -> bool:
    return any(own.partition_of == index.name for own in part.indexes)


def _finding(whole: Table, index: Index, without: list[Table], parts: int) -> Finding:
    alike = tuple(str(own.name) for part in without for own in part.indexes if _is_like(own, index))
    return Finding(
        object=str(index.name),
        message=f"is invalid: {len(without)} of {parts} partitions of {whole.name} have no part of it",
        severity=Severity.ERROR if index.unique else Severity.WARNING,
        evidence=known((
            catalog("definition", str(index.definition)),
            catalog("partitions without it", tuple(str(part.name) for part in without[:TOLD])),
            catalog("indexes that could be attached", alike[:TOLD]),
        )),
        advice="build it concurrently on each of these partitions, then ALTER INDEX … ATTACH PARTITION",
    )  # fmt: skip


def _is_like(own: Index, index: Index) -> bool:
    alike = own.method == index.method and own.predicate == index.predicate and own.unique == index.unique
    return alike and own.valid and not own.partition_of and len(own.keys) == len(index.keys) and prefix_of(own, index)
