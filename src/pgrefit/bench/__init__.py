"""Measures a workload: alone, against another database in interleaved rounds, and as load while something else runs."""

from pgrefit.bench.compare import compare
from pgrefit.bench.load import Load
from pgrefit.bench.measure import measure
from pgrefit.bench.oracle import WriteLog
from pgrefit.bench.parameters import sample

__all__ = ["Load", "WriteLog", "compare", "measure", "sample"]
