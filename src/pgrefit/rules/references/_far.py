"""Keys that numbers tell by themselves."""

from __future__ import annotations

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import statistics_of

FAR = 100  # the least number that such a key may begin with


def begins_far(observation: Observation, table: Table) -> bool:
    """Whether the numbers of its key lie so far from 0 and so close together that no others are there by chance."""
    seen = statistics_of(observation, table).column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    bounds = [int(bound) for bound in seen.bounds if bound.isdecimal()] if seen else []
    return len(bounds) > 1 and bounds[0] >= FAR and bounds[-1] - bounds[0] <= bounds[0]
