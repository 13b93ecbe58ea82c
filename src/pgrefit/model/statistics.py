"""What the server counts and estimates: sizes, row estimates, column statistics, usage counters."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from . import lookup
from .names import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnStatistics:
    """A row of pg_stats; `values` and `bounds` are text. `distinct` < 0 is minus the share of rows, as in pg_stats."""

    column: str
    null_fraction: float
    average_width: int
    distinct: float
    correlation: float | None = None
    values: tuple[str, ...] = ()  # most common
    frequencies: tuple[float, ...] = ()
    bounds: tuple[str, ...] = ()  # of the histogram


@dataclass(frozen=True, slots=True, kw_only=True)
class TableStatistics:
    """Sizes in bytes, rows estimated (-1: never analysed), counters since `Statistics.reset_at`."""

    table: Relation
    rows: int
    pages: int = 0
    heap_bytes: int = 0
    toast_bytes: int = 0
    index_bytes: int = 0
    dead_rows: int = 0
    sequential_scans: int = 0
    index_scans: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    hot_updated: int = 0
    modified_since_analyze: int = 0
    vacuumed_at: datetime | None = None  # by hand or by autovacuum
    analyzed_at: datetime | None = None
    xid_age: int = 0  # in transactions, of the oldest row that is not frozen
    mxid_age: int = 0
    blocks_fetched: int = 0
    blocks_hit: int = 0
    columns: tuple[ColumnStatistics, ...] = ()

    @property
    def total_bytes(self) -> int:
        """Heap, TOAST and indexes together."""
        return self.heap_bytes + self.toast_bytes + self.index_bytes

    def column(self, name: str) -> ColumnStatistics | None:
        """Statistics of a column, or None where ANALYZE has not seen it or the role may not."""
        return next((c for c in self.columns if c.column == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexStatistics:
    """Size in bytes and scans since the last reset."""

    index: Relation
    table: Relation
    bytes: int
    scans: int
    pages: int = 0
    rows: int = -1  # entries, estimated; -1: unknown
    blocks_fetched: int = 0
    blocks_hit: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceStatistics:
    """Where a sequence stands; None where no value was taken, or the role may not see it."""

    sequence: Relation
    last_value: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """All statistics of one database."""

    database_bytes: int = 0
    taken_at: datetime | None = None
    reset_at: datetime | None = None  # since when the counters count
    was_reset: bool = False  # by somebody, not when the server was made
    tables: tuple[TableStatistics, ...] = ()
    indexes: tuple[IndexStatistics, ...] = ()
    sequences: tuple[SequenceStatistics, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()  # pg_settings that were changed from their default
    format: str = field(default="pgrefit/statistics/1")

    def table(self, name: Relation) -> TableStatistics:
        """Statistics of a table; rows = -1 where nothing is known."""
        return lookup.table_statistics(self).get(name) or TableStatistics(table=name, rows=-1)

    def index(self, name: Relation) -> IndexStatistics | None:
        """Statistics of an index, or None."""
        return lookup.index_statistics(self).get(name)

    def last_value(self, sequence: Relation) -> int | None:
        """The last value of a sequence, or None."""
        return lookup.last_values(self).get(sequence)
