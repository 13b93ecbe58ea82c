"""A value that no partition takes, between others that some take."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

from pgrefit.changes._bounds import observed
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import catalog, known
from pgrefit.rules._families import partitions, users_tables
from pgrefit.rules._together import told_once
from pgrefit.rules.partitions._ranges import Edge, Range, default_of, ranges_of

FEWEST = 3  # ranges from which on there is an order to be seen
NEARLY = 1.11  # a month is so much longer than another
FEW = 4  # a gap for so many ranges; where there are more, the ranges are not meant to touch

Gap = tuple[Edge, Edge]


@rule(
    code="PAR003",
    title="Gap between partitions",
    why="A row that falls into it is refused: no partition of relation found for row.",
    example="""
        CREATE TABLE visit (at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE visit_01 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE visit_02 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
        CREATE TABLE visit_04 PARTITION OF visit FOR VALUES FROM ('2025-04-01') TO ('2025-05-01');
        CREATE TABLE visit_03 (at date NOT NULL);
    """,
    clean="""
        CREATE TABLE visit (at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE visit_01 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE visit_02 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
        CREATE TABLE visit_04 PARTITION OF visit FOR VALUES FROM ('2025-04-01') TO ('2025-05-01');
        CREATE TABLE visit_rest PARTITION OF visit DEFAULT;
        CREATE TABLE tenant_row (tenant int) PARTITION BY RANGE (tenant);
        CREATE TABLE tenant_7 PARTITION OF tenant_row FOR VALUES FROM (7) TO (8);
        CREATE TABLE tenant_19 PARTITION OF tenant_row FOR VALUES FROM (19) TO (20);
        CREATE TABLE tenant_23 PARTITION OF tenant_row FOR VALUES FROM (23) TO (24);
        CREATE TABLE sale (id int) PARTITION BY HASH (id);
        CREATE TABLE sale_0 PARTITION OF sale FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE sale_1 PARTITION OF sale FOR VALUES WITH (MODULUS 4, REMAINDER 1);
        CREATE TABLE sale_2 PARTITION OF sale FOR VALUES WITH (MODULUS 4, REMAINDER 3);
    """,
)
def gap_between_partitions(observation: Observation) -> Iterator[Finding]:
    """Ranges with a hole among them and no default, and hashes of which a remainder has no partition.

    Source: https://www.postgresql.org/docs/current/ddl-partitioning.html.
    """
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    db = observation.snapshot
    for whole in users_tables(db):
        if whole.kind != "partitioned table" or default_of(db, whole):
            continue
        ranges = ranges_of(db, whole)
        gaps = _gaps(ranges)
        if (len(ranges) >= FEWEST and 0 < len(gaps) <= max(len(ranges) // FEW, 1)) or _lacks_one(ranges):
            yield whole, tuple(gaps), _of_ranges(observation, whole, gaps)
        missing = _missing_share(db, whole)
        if missing:
            yield whole, missing, _of_hash(db, whole, missing)


def _gaps(ranges: tuple[Range, ...]) -> list[Gap]:
    found: list[Gap] = []
    for before, after in pairwise(ranges):
        if before.high is not None and after.low is not None and _lower(before.high, after.low):
            found.append((before.high, after.low))
    return found


def _lacks_one(ranges: tuple[Range, ...]) -> bool:
    """Whether one period is missing between two of its length."""
    if len(ranges) != 2 or not all(isinstance(edge, datetime) for each in ranges for edge in (each.low, each.high)):
        return False
    before, after = ranges
    lengths = [_length(*span) for span in
               ((before.low, before.high), (before.high, after.low), (after.low, after.high))]  # fmt: skip
    return max(lengths) <= NEARLY * min(lengths)


def _length(low: Edge | None, high: Edge | None) -> float:
    """Of a period, in seconds."""
    return (high - low).total_seconds() if isinstance(low, datetime) and isinstance(high, datetime) else 0.0


def _lower(one: Edge, other: Edge) -> bool:
    if isinstance(one, datetime) or isinstance(other, datetime):
        return isinstance(one, datetime) and isinstance(other, datetime) and one < other
    return one < other


def _of_ranges(observation: Observation, whole: Table, gaps: list[Gap]) -> Finding:
    shown = tuple(f"{low} to {high}" for low, high in gaps)
    taken = observation.statistics.taken_at
    now = taken.astimezone(UTC).replace(tzinfo=None) if taken else None
    ahead = any(isinstance(high, datetime) and now is not None and high > now for _, high in gaps)
    return Finding(
        object=str(whole.name),
        message=f"no partition takes rows from {' or '.join(shown)}",
        severity=Severity.ERROR if ahead else Severity.WARNING,
        evidence=known(
            (catalog("gaps", shown), catalog("tables of its shape that are not attached", _loose(observation, whole)))
        ),
        advice="make the partition that is missing, or attach it where it is a table of its own (create_partitions,"
        " attach_partition)",
    )


def _loose(observation: Observation, whole: Table) -> tuple[str, ...]:
    """Tables named after it, with its columns, that are partitions of nothing."""
    shape = {(column.name, column.type) for column in whole.columns}
    return tuple(
        str(table.name)
        for table in users_tables(observation.snapshot)
        if table.name.schema == whole.name.schema and table.name.name.startswith(f"{whole.name.name}_")
        and table.kind == "table" and not table.partition_of and not table.inherits
        and {(column.name, column.type) for column in table.columns} == shape
    )  # fmt: skip


def _missing_share(db: Snapshot, whole: Table) -> Fraction:
    """The share of the hash values that no partition takes; 0 where it is not cut by hash, or has no partition yet."""
    parts = partitions(db).get(whole.name, ())
    if not parts or whole.partition_key is None or not whole.partition_key.startswith("HASH"):
        return Fraction(0)
    return 1 - sum((Fraction(1, observed(part).modulus) for part in parts), Fraction(0))


def _of_hash(db: Snapshot, whole: Table, missing: Fraction) -> Finding:
    parts = partitions(db).get(whole.name, ())
    return Finding(
        object=str(whole.name),
        message=f"{float(missing):.0%} of the values of its key belong to no partition",
        severity=Severity.ERROR,
        evidence=(catalog("partitions", tuple(f"{part.name}: {part.partition_bound}" for part in parts)),),
        advice="make the partitions for the remainders that are missing (create_partitions)",
    )
