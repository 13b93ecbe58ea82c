"""How much of a B-tree's file holds nothing, by estimate: from its entries, their length, and how many are alike.

A leaf page keeps 24 bytes for itself, 16 for its neighbours, one entry as its upper limit, and a pointer of 4 bytes for
each entry. Since PostgreSQL 13 entries that are alike are stored once, with 6 bytes for each row.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column, Index, Table
from pgrefit.model.statistics import ColumnStatistics, TableStatistics
from pgrefit.rules._layout import alignment_of, least_length, row_length
from pgrefit.rules._pages import PAGE_HEADER, POINTER, fillfactor, is_stale, option, page_size

ENTRY_HEADER = 8
ENTRY_HEADER_WITH_NULLS = 16
NEIGHBOURS = 16
BTREE_DEFAULT = 90
ROW_POINTER = 6
INNER = 0.7  # how far pages above the leaves are filled
LONGEST_LIST = 0.1  # of a page, for an entry with its list of rows


def rebuilt_share(observation: Observation, table: Table, index: Index) -> float | None:
    """What the index would come to if it were built anew, as a share of what it is; None where that is not known."""
    seen, columns = observation.statistics.table(table.name), _columns(table, index)
    if index.method != "btree" or columns is None or is_stale(seen):
        return None
    if index.predicate is not None and any(alignment_of(observation.snapshot, c) is None for c in columns):
        return None  # the values in a part of the rows may be of other lengths
    length = row_length(observation.snapshot, columns, seen.columns, header=ENTRY_HEADER,
                        header_with_nulls=ENTRY_HEADER_WITH_NULLS)  # fmt: skip
    return _share(observation, seen, index, length.mean) if length else None


def least_share(observation: Observation, table: Table, index: Index) -> float:
    """What `rebuilt_share` is at least; quickly told."""
    seen = observation.statistics.table(table.name)
    known = [column for name in (*index.columns, *index.include) if name and (column := seen.column(name))]
    return _share(observation, seen, index, ENTRY_HEADER + least_length(known)) or 0.0


def _share(observation: Observation, seen: TableStatistics, index: Index, entry: float) -> float | None:
    """With entries of so many bytes."""
    own, page = observation.statistics.index(index.name), page_size(observation)
    if own is None or own.rows < 0 or not own.pages:
        return None
    room = (page - PAGE_HEADER - NEIGHBOURS) - page * (100 - fillfactor(index.options, BTREE_DEFAULT)) / 100
    needed = sum(rows * _bytes_a_row(rows / values, entry, page) for values, rows in _alike(index, seen, own.rows))
    entry += POINTER
    leaves = ceil(max(needed / max(room - entry, entry), 1.0))
    above = 0 if leaves == 1 else ceil(leaves * entry / (INNER * room))
    return (leaves + above + 1) / own.pages


def _columns(table: Table, index: Index) -> list[Column] | None:
    """Columns of the keys and those that are carried along; None where a key is an expression."""
    by_name = {column.name: column for column in table.columns}
    names = [*(key.column for key in index.keys), *index.include]
    return None if None in names else [by_name[name] for name in names if name is not None]


def _alike(index: Index, seen: TableStatistics, rows: int) -> Iterator[tuple[float, float]]:
    """How many different values there are, and rows that have them, for those that are frequent one by one."""
    known = [seen.column(name) if name is not None else None for name in index.columns]
    if not _merges(index) or not all(known):
        yield max(rows, 1), rows
    elif len(index.keys) == 1 and index.predicate is None and known[0] is not None:
        yield from _groups(known[0], rows)
    else:
        different = 1.0
        for column in known:
            different *= _different(column, rows) if column else 1.0
        yield min(max(different, 1.0), max(rows, 1)), rows


def _groups(column: ColumnStatistics, rows: int) -> Iterator[tuple[float, float]]:
    frequent = [column.null_fraction, *column.frequencies]
    yield from ((1.0, share * rows) for share in frequent if share * rows >= 1)
    rest = max(1 - sum(frequent), 0.0) * rows
    if rest >= 1:
        yield min(max(_different(column, rows) - len(column.frequencies), 1.0), rest), rest


def _different(column: ColumnStatistics, rows: int) -> float:
    return -column.distinct * rows if column.distinct < 0 else column.distinct


def _merges(index: Index) -> bool:
    classes = {key.opclass.rpartition(".")[2].split(" ")[0] for key in index.keys}
    unfit = {"numeric_ops", "jsonb_ops", "float4_ops", "float8_ops", "array_ops", "record_ops", "range_ops",
             "interval_ops"}  # fmt: skip
    off = option(index.options, "deduplicate_items") in {"off", "false"}
    return not (index.unique or index.include or off or classes & unfit)


def _bytes_a_row(alike: float, entry: float, page: int) -> float:
    """Bytes that each of so many equal entries takes."""
    if alike < 2:  # between single entries and pairs
        return (entry + POINTER) * (2 - alike) + _merged(2, entry, page) * (alike - 1)
    return _merged(alike, entry, page)


def _merged(alike: float, entry: float, page: int) -> float:
    listed = max((LONGEST_LIST * page - POINTER - entry) // ROW_POINTER, 1)
    return ROW_POINTER + (entry + POINTER) / min(alike, listed)
