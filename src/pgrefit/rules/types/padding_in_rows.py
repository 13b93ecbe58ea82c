"""Space that rows lose between their columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Snapshot, Table
from pgrefit.rules._ask import catalog, statistic, statistics_of
from pgrefit.rules._columns import stored_tables
from pgrefit.rules._layout import alignment_of, row_length

WORTH_IT = 64 * 2**20  # bytes, for the table must be written anew
NOTICEABLE = 0.05  # of the table
HEAVY, FEWEST_ROWS = 0.15, 1000  # of each row: worth it before the table is large
TUPLE_HEADER = 23
WORD = 8


def _given(observation: Observation) -> Observation:
    """With tables of fifty million rows."""
    large = (replace(t, rows=50_000_000, heap_bytes=4 * 2**30) for t in observation.statistics.tables)
    return replace(observation, statistics=replace(observation.statistics, tables=tuple(large)))


@rule(
    code="TYP025",
    title="Padding in every row",
    why=(
        "A value of eight bytes begins at a multiple of eight: after a boolean seven bytes are lost, in every row, on"
        " disk, in memory and in backups."
    ),
    example="""
        CREATE TABLE reading (valid boolean NOT NULL, id bigint PRIMARY KEY, kind smallint NOT NULL,
                              value double precision NOT NULL, checked boolean NOT NULL, taken_at timestamptz NOT NULL);
        INSERT INTO reading SELECT true, n, 1, n, false, now() FROM generate_series(1, 100) AS n;
        ANALYZE reading;
    """,
    clean="""
        CREATE TABLE reading (id bigint PRIMARY KEY, value double precision NOT NULL, taken_at timestamptz NOT NULL,
                              kind smallint NOT NULL, valid boolean NOT NULL, checked boolean NOT NULL);
        INSERT INTO reading SELECT n, n, now(), 1, true, false FROM generate_series(1, 100) AS n;
        ANALYZE reading;
    """,
    given=_given,
)
def padding_in_rows(observation: Observation) -> Iterator[Finding]:
    """Tables of which much would go in another order of columns: a twentieth of large ones, a sixth of others."""
    for table in stored_tables(observation):
        seen = statistics_of(observation, table)
        if table.kind != "table" or seen.rows < FEWEST_ROWS:
            continue
        order = _best_order(observation.snapshot, table.columns)
        now, then = (_row_bytes(observation, table, columns) for columns in (table.columns, order))
        saved = int(seen.rows * (now - then)) if now and then else 0
        if saved >= max(WORTH_IT, NOTICEABLE * seen.heap_bytes) or (saved and now - then >= HEAVY * now):
            yield _finding(table, order, (now, then), seen.rows, saved)


def _row_bytes(observation: Observation, table: Table, columns: Sequence[Column]) -> float:
    """The mean length of a row with its columns in this order; 0 where it is not known."""
    length = row_length(
        observation.snapshot, columns, statistics_of(observation, table).columns, header=_words(TUPLE_HEADER),
        header_with_nulls=_words(TUPLE_HEADER + -(-len(columns) // 8)),
    )  # fmt: skip
    return length.mean if length else 0.0


def _best_order(db: Snapshot, columns: Sequence[Column]) -> list[Column]:
    """The widest alignment first, values of varying length last: nothing is lost but at the end of the row."""

    def narrowness(column: Column) -> int:
        size = alignment_of(db, column)
        return -size[1] if size else 0

    return sorted(columns, key=narrowness)


def _words(length: int) -> int:
    return -(-length // WORD) * WORD


def _finding(table: Table, order: list[Column], lengths: tuple[float, float], rows: int, saved: int) -> Finding:
    now, then = lengths
    return Finding(
        object=str(table.name),
        message=f"loses {now - then:.0f} bytes of padding a row",
        severity=Severity.INFO,
        evidence=(
            statistic("rows", rows), statistic("bytes of padding", saved),
            statistic("bytes of a row", round(now, 1)), statistic("bytes of a row, reordered", round(then, 1)),
            catalog("order without padding", tuple(column.name for column in order)),
        ),
        advice="declare the columns in that order when the table is next made anew",
        cost=Cost(bytes=saved),
    )  # fmt: skip
