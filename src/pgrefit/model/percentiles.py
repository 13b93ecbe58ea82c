"""Percentiles by nearest rank: always a value that was measured."""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed; 0.0 of no values."""
    ordered = sorted(values)
    if not ordered:
        return 0.0
    return ordered[max(ceil(percent / 100 * len(ordered)), 1) - 1]
