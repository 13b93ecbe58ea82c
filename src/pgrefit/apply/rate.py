"""How fast a table is walked."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

RECENT_SECONDS = 30.0


class Rate:
    """Rows a second, of late and since the beginning. Rests of the throttle count, pauses of an operator do not."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last = clock()
        self._rows = 0
        self._seconds = 0.0
        self.recent = 0.0

    @property
    def mean(self) -> float:
        """Since the beginning; 0 before anything is known."""
        return self._rows / self._seconds if self._seconds else 0.0

    def note(self, rows: int) -> None:
        """So many rows more have been passed."""
        now = self._clock()
        seconds, self._last = max(now - self._last, 1e-6), now
        self._rows, self._seconds = self._rows + rows, self._seconds + seconds
        # A moving mean in which what was half a minute ago weighs a third, and at first everything the same.
        weight = max(1 - math.exp(-seconds / RECENT_SECONDS), seconds / self._seconds)
        self.recent += weight * (rows / seconds - self.recent)

    def skip(self) -> None:
        """What has gone by since the last rows does not count."""
        self._last = self._clock()
