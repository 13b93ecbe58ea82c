"""Numbers that end sharply, at 0 or at 100, but for a few beyond: by what ANALYZE and a sample kept of them."""

from __future__ import annotations

from collections.abc import Callable

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.model.statistics import ColumnStatistics
from pgrefit.rules._ask import statistics_of
from pgrefit.rules._languages import meanings
from pgrefit.rules.data._sample import Values

HALF = 0.5
FEW = 0.02  # share of the rows
TOP = 0.1  # the uppermost part of the range
PERCENT = 100
MARKS = {"rating", "score", "grade", "note", "mark", "star", "satisfaction", "stars", "confidence"}
SCALES = (1, 5, 6, 10, 20, 100)  # of marks

Test = Callable[[float], bool]


def bound(observation: Observation, table: Table, values: Values) -> int | None:
    """A round number that hardly a value is above, and up to which they come often: 1 of fractions, 100."""
    seen = statistics_of(observation, table).column(values.column.name)
    scales = SCALES if meanings(values.column.name) & MARKS else (1, PERCENT)
    return next((limit for limit in scales if _ends_at(limit, seen, values)), None)


def _ends_at(limit: int, seen: ColumnStatistics | None, values: Values) -> bool:
    above = _share(seen, values, lambda v: v > limit)
    if limit == 1 and _share(seen, values, lambda v: v not in (0, 1)) < HALF:  # a count
        return False
    return 0 < above <= FEW and _share(seen, values, lambda v: (1 - TOP) * limit <= v <= limit) > above


def hardly_negative(observation: Observation, table: Table, values: Values) -> bool:
    """Whether there are negative ones, and few."""
    seen = statistics_of(observation, table).column(values.column.name)
    return 0 < _share(seen, values, lambda v: v < 0) <= FEW


def _share(seen: ColumnStatistics | None, values: Values, test: Test) -> float:
    """About the share of the filled rows, by statistics or by the sample, whichever has more of them."""
    told = sum(values.common.values())
    sampled = sum(rows for text, rows in values.common.items() if test(float(text))) / max(1, told)
    if seen is None:
        return sampled
    common = zip(seen.values, seen.frequencies, strict=False)
    often = sum(frequency for text, frequency in common if test(float(text)))
    rest = max(0.0, 1 - seen.null_fraction - sum(seen.frequencies))
    others = rest * sum(test(float(bound)) for bound in seen.bounds) / max(1, len(seen.bounds))
    return max(often + others, sampled if values.complete else 0.0)
