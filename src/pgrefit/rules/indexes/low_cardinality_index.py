"""An index on a column of a few values, each of them common."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Index, Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import catalog, known, statistic
from pgrefit.rules._families import users_tables
from pgrefit.rules._given import grown
from pgrefit.rules._indexes import needed_by_constraint
from pgrefit.rules.indexes._usage import serves_key_alone

COMMON = 0.1  # share of rows from which on reading the table whole is as quick
ALL = 0.99
FEWEST_ROWS = 1_000
FEWEST_OF_BOOLEAN = 100  # of which more rows will have no other values


@rule(
    code="IDX014",
    title="Index on a column of a few common values",
    why=(
        "Whichever value is looked for, a tenth of the rows or more have it: reading them by the index takes longer"
        " than reading the table."
    ),
    example="""
        CREATE TABLE member (id int PRIMARY KEY, active boolean NOT NULL);
        CREATE INDEX member_active ON member (active);
        INSERT INTO member SELECT n, n % 3 = 0 FROM generate_series(1, 3000) AS n;
        ANALYZE member;
    """,
    clean="""
        CREATE TABLE grade (id int PRIMARY KEY);
        INSERT INTO grade VALUES (0), (1);
        CREATE TABLE member (id int PRIMARY KEY, active boolean NOT NULL, paid boolean NOT NULL, done boolean NOT NULL,
                             grade_id int REFERENCES grade);
        CREATE INDEX member_grade ON member (grade_id);
        CREATE INDEX member_active ON member (active) WHERE active;
        CREATE INDEX member_paid ON member (paid);
        CREATE INDEX member_done ON member (done);
        CREATE INDEX member_active_paid ON member (active, id);
        INSERT INTO member SELECT n, n % 3 = 0, n % 200 <> 0, true, n % 2 FROM generate_series(1, 3000) AS n;
        ANALYZE member;
    """,
    given=grown,
)
def low_cardinality_index(observation: Observation) -> Iterator[Finding]:
    """Indexes of one column all of whose values are common; one that finds a rare or absent value has its use.

    Where nothing is known of the rows yet, of a column of type boolean.
    """
    for table in users_tables(observation.snapshot):
        for index in table.indexes if table.kind == "table" else ():
            if _alone(index) and not serves_key_alone(table, index):
                yield from _judge(observation, table, index)


def _judge(observation: Observation, table: Table, index: Index) -> Iterator[Finding]:
    seen, name = observation.statistics.table(table.name), index.columns[0]
    if name is None or table.column(name).type.endswith("[]"):  # of arrays, btree-on-array speaks
        return
    boolean, column = table.column(name).type == "boolean", seen.column(name)
    enough = seen.rows >= (FEWEST_OF_BOOLEAN if boolean else FEWEST_ROWS)
    if (enough and column and _all_common(column)) or (boolean and seen.rows <= 0):
        yield _finding(observation, table, index, column)


def _alone(index: Index) -> bool:
    single = len(index.keys) == 1 and not index.include and index.predicate is None
    return single and index.method in {"btree", "hash"} and not needed_by_constraint(index)


def _all_common(column: ColumnStatistics) -> bool:
    shares = [share for share in (column.null_fraction, *column.frequencies) if share]
    several = len(shares) > 1 and column.distinct == len(column.values)
    return several and sum(shares) >= ALL and min(shares) >= COMMON


def _finding(observation: Observation, table: Table, index: Index, column: ColumnStatistics | None) -> Finding:
    own, name = observation.statistics.index(index.name), str(index.columns[0])
    shares = tuple(f"{v}: {f:.0%}" for v, f in zip(column.values, column.frequencies, strict=False)) if column else ()
    said = f"{len(shares)} values, each in a tenth of the rows or more" if column else "two values"
    return Finding(
        object=str(index.name),
        message=f"{name} has {said}",
        severity=Severity.INFO,
        evidence=known((
            catalog("definition", str(index.definition)),
            statistic("values and their share", shares),
            statistic("NULL", round(column.null_fraction, 4) if column else ()),
            statistic("rows", observation.rows(table.name)),
            statistic("bytes", own.bytes if own else None),
            statistic("scans", own.scans if own else None),
        )),
        advice=f"drop it, or put {name} behind a column that tells rows apart, or make an index on such a column WHERE"
        " this one has the value that is looked for",
        cost=Cost(bytes=own.bytes) if own else None,
    )  # fmt: skip
