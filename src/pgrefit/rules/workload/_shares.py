"""What a query costs the workload."""

from __future__ import annotations

from pgrefit.model.observation import Observation
from pgrefit.model.workload import Query


def time_of(observation: Observation, query: Query) -> float:
    """Its weight times its median time in ms; 0 where it was not run."""
    profile = observation.profile(query.name)
    return query.weight * profile.median_ms if profile and not profile.error else 0.0


def total_time(observation: Observation) -> float:
    """That of all queries of the present application."""
    return sum(time_of(observation, query) for query in observation.workload.of("before").queries)
