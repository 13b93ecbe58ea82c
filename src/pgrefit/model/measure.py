"""What was measured of a workload: latencies, plans, and how clients fared under load. All times in ms."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryTiming:
    """One query, run many times over its sampled parameters."""

    name: str
    group: str
    calls: int
    errors: int
    p50: float
    p95: float
    p99: float
    mean: float
    rows: float  # mean rows returned
    buffers: int = 0  # shared blocks touched by one typical call
    buffers_hit: int = 0
    plan: str = ""  # EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) of one typical call
    sequential_scans: tuple[str, ...] = ()  # relations that the plan reads whole
    error: str = ""  # the first error


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTiming:
    """All queries of a group in sequence, as one page load issues them."""

    group: str
    calls: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One run of a workload against one database."""

    label: str
    server: str
    database_bytes: int
    queries: tuple[QueryTiming, ...] = ()
    groups: tuple[GroupTiming, ...] = ()
    format: str = field(default="pgrefit/measurement/1")

    def query(self, name: str) -> QueryTiming | None:
        """The timing of a query, or None."""
        return next((q for q in self.queries if q.name == name), None)

    def group(self, name: str) -> GroupTiming | None:
        """The timing of a group, or None."""
        return next((g for g in self.groups if g.group == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadReport:
    """How concurrent clients fared meanwhile. `waited`: statements that waited on a lock of the migration."""

    seconds: float
    statements: int
    failed: int
    waited: int = 0
    longest_wait: float = 0.0
    longest: float = 0.0  # the slowest statement
    p50: float = 0.0
    p99: float = 0.0
    first_error: str = ""
    per_second: tuple[tuple[float, int, float], ...] = ()  # (second, statements, slowest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two measurements side by side."""

    before: Measurement
    after: Measurement
    format: str = field(default="pgrefit/bench/1")
