"""A table partitioned by time, or by the numbers of a sequence, whose last partition is about to end."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from pgrefit.changes._partitioning import ranges
from pgrefit.changes.create_partitions import CreatePartitions
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Snapshot, Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._families import partitions, users_tables
from pgrefit.rules._languages import meanings
from pgrefit.rules._together import told_once
from pgrefit.rules.partitions._numbers import as_times, drawn_up_to, listed_times
from pgrefit.rules.partitions._ranges import Range, custom, day, default_of, key_column, ranges_of, width

AHEAD = timedelta(days=14)  # of a long range; of a short one, half of it
QUARTER = Decimal("0.25")
GONE = 2  # ranges ago: what ended earlier is an archive, unless rows came since the counters began
KEPT = {"archive", "archived", "history", "historic", "historical", "legacy", "old", "past"}  # by its name
LONG_AGO = timedelta(days=90)  # since when somebody would have seen it, were rows still to come
FEWEST_DAYS = 3  # that are told in days, not hours
MADE = 3  # partitions that the remedy makes


def _given(observation: Observation) -> Observation:
    at = datetime(2025, 2, 27, tzinfo=UTC)
    return replace(observation, statistics=replace(observation.statistics, taken_at=at))


@rule(
    code="PAR001",
    title="No partition for what comes next",
    why=(
        "When the last partition ends every INSERT fails; with a default partition the rows pile up there, and stand in"
        " the way of the partition they belong to."
    ),
    example="""
        CREATE TABLE visit (id bigint, at timestamp NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
        CREATE TABLE visit_2025_01 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE visit_2025_02 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
    """,
    clean="""
        CREATE TABLE visit (id bigint, at timestamptz NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
        CREATE TABLE visit_2 PARTITION OF visit FOR VALUES FROM ('2025-02-01') TO (MAXVALUE);
        CREATE TABLE old_visit (at date NOT NULL) PARTITION BY RANGE (at);
        CREATE TABLE old_visit_1 PARTITION OF old_visit FOR VALUES FROM ('2011-01-01') TO ('2012-01-01');
        CREATE TABLE sale (id bigint) PARTITION BY RANGE (id);
        CREATE TABLE sale_1 PARTITION OF sale FOR VALUES FROM (0) TO (1000000);
        CREATE TABLE bill (nr bigserial, total numeric) PARTITION BY RANGE (nr);
        CREATE TABLE bill_1 PARTITION OF bill FOR VALUES FROM (1) TO (1001);
        INSERT INTO bill (total) SELECT n FROM generate_series(1, 600) AS n;
    """,
    given=_given,
)
def range_without_next_partition(observation: Observation) -> Iterator[Finding]:
    """Ranges of time that end soon, or ended not long ago, with nothing after them; so of numbers from a sequence.

    Source: https://www.postgresql.org/docs/current/ddl-partitioning.html.
    """
    return told_once(_found(observation))


def _found(observation: Observation) -> Iterator[tuple[Table, Hashable, Finding]]:
    taken = observation.statistics.taken_at
    now = taken.astimezone(UTC).replace(tzinfo=None) if taken else None
    for whole in users_tables(observation.snapshot) if now else ():
        known = _known(observation.snapshot, whole) if whole.kind == "partitioned table" else ()
        length, ends = (width(known), known[-1].high) if known else (None, None)
        if known and isinstance(ends, Decimal):
            yield from _of_numbers(observation, whole, known[-1], ends)
        if now is None or length is None or not isinstance(ends, datetime):
            continue
        left = ends - now
        passed_by = left <= timedelta() and default_of(observation.snapshot, whole) is not None  # what is in it is told
        due = left <= min(length / 2, AHEAD) and not passed_by
        if due and (-GONE * length <= left or _is_written(observation, whole)):
            yield whole, ends, _finding(observation, whole, known, left)


def _known(db: Snapshot, whole: Table) -> tuple[Range, ...]:
    """Its ranges; a list of months or years is cut so as well."""
    return as_times(ranges_of(db, whole)) or listed_times(db, whole)


def _of_numbers(
    observation: Observation, whole: Table, last: Range, ends: Decimal
) -> Iterator[tuple[Table, Hashable, Finding]]:
    """Where the sequence of the column has less than a quarter of the last range before it."""
    given = drawn_up_to(observation, whole)
    if given is None or not isinstance(last.low, Decimal) or ends - given > (ends - last.low) * QUARTER:
        return
    default, left = default_of(observation.snapshot, whole), int(ends) - 1 - given
    if default and left <= 0:
        return
    then = f"rows then go to {default.name}" if default else "every INSERT of a later row fails"
    when = f"has room for {left} more numbers" if left > 0 else "is full"
    finding = Finding(
        object=str(whole.name),
        message=f"its last partition {when}, and {then}",
        severity=Severity.WARNING if default else Severity.ERROR,
        evidence=(
            catalog("last partition", str(last.table.name)), catalog("its bound", str(last.table.partition_bound)),
            catalog("partitioned by", key_column(whole)), statistic("last number given out", given),
        ),
        advice="make the next partitions, and have a job do so ahead of time",
    )  # fmt: skip
    yield whole, ends, finding


def _is_written(observation: Observation, whole: Table) -> bool:
    """Whether rows came, nothing takes those after the last range, and no name says that none will come."""
    parts = partitions(observation.snapshot).get(whole.name, ())
    kept = KEPT & {*meanings(whole.name.name), *meanings(whole.name.schema)}
    came = any(statistics_of(observation, part).inserted for part in parts)
    return came and not kept and default_of(observation.snapshot, whole) is None


def _finding(observation: Observation, whole: Table, known: tuple[Range, ...], left: timedelta) -> Finding:
    default = default_of(observation.snapshot, whole)
    hours = round(abs(left) / timedelta(hours=1))
    far = f"{hours} hours" if hours < FEWEST_DAYS * 24 else f"{hours // 24} days"
    when = f"ends in {far}" if left > timedelta() else f"ended {far} ago"
    then = f"rows then go to {default.name}" if default else "every INSERT of a later row fails"
    return Finding(
        object=str(whole.name),
        message=f"its last partition {when}, and {then}",
        severity=Severity.WARNING if default or left < -LONG_AGO or left > _length(known) / 4 else Severity.ERROR,
        evidence=(
            catalog("last partition", str(known[-1].table.name)),
            catalog("its bound", str(known[-1].table.partition_bound)),
            catalog("partitioned by", key_column(whole) or str(whole.partition_key)),
            statistic("looked at", f"{observation.statistics.taken_at:%Y-%m-%d %H:%M}"),
        ),
        remedy=_remedy(observation, whole, known),
        advice="make the next partitions, and have a job do so ahead of time",
    )


def _length(known: tuple[Range, ...]) -> timedelta:
    return width(known) or timedelta()


def _remedy(observation: Observation, whole: Table, known: tuple[Range, ...]) -> tuple[CreatePartitions, ...]:
    """The next partitions, where those that there are tell what these should be."""
    every, ends, column = custom(whole, known), known[-1].high, key_column(whole)
    if not every or not isinstance(ends, datetime) or column is None:
        return ()
    # Wide enough for so many of the longest periods; what is too much is cut off.
    far = ends + MADE * timedelta(days=366)
    parts = ranges(whole.name.name, whole.column(column).type, day(ends), day(far), every)[:MADE]
    change = CreatePartitions(table=whole.name, partitions=parts)
    return () if any(change.obstacles(observation.snapshot)) else (change,)
