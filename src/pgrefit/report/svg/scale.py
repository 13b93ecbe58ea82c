"""Scales: values to a share of the width or height, 0 to 1, and the ticks that explain them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LogScale:
    """Whole decades, from 10**low to 10**high."""

    low: int
    high: int

    def at(self, value: float) -> float:
        """Where a value lies; what is below the scale lies at its start."""
        if value <= 0:
            return 0.0
        return min(max((math.log10(value) - self.low) / (self.high - self.low), 0.0), 1.0)

    @property
    def ticks(self) -> tuple[float, ...]:
        """One for each decade."""
        return tuple(10.0**power for power in range(self.low, self.high + 1))


def log_scale(values: Iterable[float], smallest: float = 0.01) -> LogScale:
    """The decades that hold all of these values; values under `smallest` count as that."""
    usable = [max(value, smallest) for value in values if math.isfinite(value)] or [1.0]
    low = math.floor(math.log10(min(usable)))
    return LogScale(low, max(math.ceil(math.log10(max(usable))), low + 1))


def round_ticks(largest: float, about: int = 4) -> tuple[float, ...]:
    """0 and round values up to, and at least one at or over, the largest."""
    if not (math.isfinite(largest) and largest > 0):
        return (0.0, 1.0)
    raw = largest / about
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * 0.999)
    return tuple(step * index for index in range(math.ceil(largest / step - 0.001) + 1))
