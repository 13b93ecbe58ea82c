"""How much of a table's file holds nothing, by estimate: from its rows a page and how long a row is.

A page keeps 24 bytes for itself and 4 for each row's pointer. A table that is written anew leaves free on each page
what its fillfactor says, and what is left where the next row no longer fits.

Source: https://www.postgresql.org/docs/current/storage-page-layout.html.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._layout import Length, least_length, row_length
from pgrefit.rules._pages import PAGE_HEADER, POINTER, fillfactor, is_stale, page_size

MOST_ROWS = 291  # that the server puts on a page
TUPLE_HEADER = 23
WORD = 8
FULL = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class HeapEstimate:
    """`unused`: the share of the file that holds no live row; `gain`: what would go if the table were written anew.

    What free space the fillfactor asks for, and what pages cannot be filled with, is unused but no gain.
    """

    row: float  # bytes
    unused: float
    gain: float


def heap_estimate(observation: Observation, table: Table) -> HeapEstimate | None:
    """The estimate as of the last ANALYZE; None where nothing is known, or too much has changed since."""
    seen = observation.statistics.table(table.name)
    if table.kind != "table" or seen.rows < 0 or not seen.pages or is_stale(seen):
        return None
    if seen.rows == 0:
        return HeapEstimate(row=0.0, unused=1.0, gain=1.0)
    length = row_length(
        observation.snapshot, table.columns, seen.columns, header=_words(TUPLE_HEADER),
        header_with_nulls=_words(TUPLE_HEADER + -(-len(table.columns) // 8)),
    )  # fmt: skip
    if length is None:
        return None
    page = page_size(observation)
    unused = 1 - (seen.rows / seen.pages * (length.mean + POINTER) + PAGE_HEADER) / page
    needed = max(seen.rows / _rows_a_page(length, page, fillfactor(table.options, FULL)), 1)
    return HeapEstimate(row=length.mean, unused=max(unused, 0.0), gain=max(1 - needed / seen.pages, 0.0))


def most_gain(observation: Observation, table: Table) -> float:
    """What `HeapEstimate.gain` can be at most; quickly told."""
    seen = observation.statistics.table(table.name)
    least = _words(TUPLE_HEADER) + least_length(seen.columns) + POINTER
    return 1 - max(seen.rows, 0) * least / max(seen.pages * page_size(observation), 1)


def _rows_a_page(length: Length, page: int, fill: int) -> float:
    """How many rows a page takes where rows are only added."""
    room, row = page - PAGE_HEADER - page * (100 - fill) // 100, length.mean + POINTER
    rows = floor(room / row) if length.fixed else (room - length.mean / 2) / row
    return min(max(rows, 1), MOST_ROWS)


def _words(length: int) -> int:
    return -(-length // WORD) * WORD
