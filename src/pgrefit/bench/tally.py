"""Counts of what clients did, and the report made of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from pgrefit.model.measure import LoadReport
from pgrefit.model.percentiles import percentile


@dataclass(slots=True)
class Tally:
    """What one client did: (when it ended, in seconds; how long it took, in ms) of each statement."""

    statements: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])
    failed: int = 0
    first_error: str = ""
    written: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def add(self, at: float, elapsed: float, error: str) -> None:
        """Count a statement; `error` is empty where it ran."""
        self.statements.append((at, elapsed))
        if error:
            self.failed += 1
            self.first_error = self.first_error or error


def report(tallies: Sequence[Tally], *, begin: float, end: float, waits: Sequence[float]) -> LoadReport:
    """All clients together from `begin` to `end` (seconds); `waits`: one wait for a lock each, in ms."""
    statements = [statement for tally in tallies for statement in tally.statements]
    times = [elapsed for _, elapsed in statements]
    return LoadReport(
        seconds=end - begin,
        statements=len(statements),
        failed=sum(tally.failed for tally in tallies),
        waited=len(waits),
        longest_wait=max(waits, default=0.0),
        longest=max(times, default=0.0),
        p50=percentile(times, 50),
        p99=percentile(times, 99),
        first_error=next((tally.first_error for tally in tallies if tally.first_error), ""),
        per_second=_per_second(statements, begin),
    )


def _per_second(statements: list[tuple[float, float]], begin: float) -> tuple[tuple[float, int, float], ...]:
    seconds: defaultdict[int, list[float]] = defaultdict(list)
    for at, elapsed in statements:
        seconds[int(at - begin)].append(elapsed)
    return tuple((float(second), len(times), max(times)) for second, times in sorted(seconds.items()))
