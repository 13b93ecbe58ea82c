"""What examples are given beside their SQL: sizes and counters of a table that has been in use for long."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from pgrefit.model.observation import Observation
from pgrefit.model.statistics import IndexStatistics, Statistics, TableStatistics

LARGE = 1000


def with_statistics(observation: Observation, **values: Any) -> Observation:  # noqa: ANN401 - of many types
    """With other values of `Statistics`."""
    return replace(observation, statistics=replace(observation.statistics, **values))


def counting_for(observation: Observation, days: float) -> Observation:
    """As if the server had counted for so long."""
    until = observation.statistics.taken_at
    return with_statistics(observation, reset_at=until - timedelta(days=days) if until else None)


def with_counters(observation: Observation, **values: Any) -> Observation:  # noqa: ANN401 - of many types
    """With these counters of every table."""
    tables = tuple(replace(each, **values) for each in observation.statistics.tables)
    return with_statistics(observation, tables=tables)


def with_index_counters(observation: Observation, **values: Any) -> Observation:  # noqa: ANN401 - of many types
    """With these counters of every index."""
    indexes = tuple(replace(each, **values) for each in observation.statistics.indexes)
    return with_statistics(observation, indexes=indexes)


def grown(observation: Observation, times: int = LARGE) -> Observation:
    """As if every table that has rows, and its indexes, had so many times the rows, all of them seen by ANALYZE."""
    statistics: Statistics = observation.statistics
    return with_statistics(
        observation,
        tables=tuple(_table(each, times) for each in statistics.tables),
        indexes=tuple(_index(each, times) for each in statistics.indexes),
    )


def _table(each: TableStatistics, times: int) -> TableStatistics:
    return replace(
        each, rows=each.rows * times if each.rows > 0 else each.rows, pages=each.pages * times,
        heap_bytes=each.heap_bytes * times, toast_bytes=each.toast_bytes * times, index_bytes=each.index_bytes * times,
        modified_since_analyze=0,
    )  # fmt: skip


def _index(each: IndexStatistics, times: int) -> IndexStatistics:
    rows = each.rows * times if each.rows > 0 else each.rows
    return replace(each, bytes=each.bytes * times, pages=each.pages * times, rows=rows)
