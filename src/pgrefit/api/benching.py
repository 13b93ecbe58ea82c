"""The verb bench."""

from __future__ import annotations

from pathlib import Path

from pgrefit.api.observing import load_workload
from pgrefit.api.workshop import opener
from pgrefit.bench.compare import compare
from pgrefit.bench.measure import measure
from pgrefit.errors import UsageError
from pgrefit.model.measure import Comparison, Measurement
from pgrefit.model.workload import Version, Workload
from pgrefit.pg.connect import Target


def bench(target: Target, workload: Path, *, version: Version = "both", calls: int = 200) -> Measurement:
    """Replay a workload: latencies, buffers and plans. Writes are rolled back."""
    return measure(opener(target.dsn, "bench"), _queries(workload, version), label=target.masked, calls=calls)


def bench_against(target: Target, against: Target, workload: Path, *, rounds: int = 5) -> Comparison:
    """Compare two databases in interleaved rounds: `against` is the one before, `target` the one after."""
    return compare(
        opener(against.dsn, "bench"), opener(target.dsn, "bench"),
        _queries(workload, "before"), _queries(workload, "after"), rounds=rounds,
    )  # fmt: skip


def _queries(path: Path, version: Version) -> Workload:
    queries = load_workload(path, version)
    if queries is None or not queries.queries:
        raise UsageError(f"{path} holds no query of version {version}")
    return queries
