"""How much is measured: enough for a figure, or just enough to see that all of it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Rows, rounds, seconds and attempts."""

    graphs: tuple[int, ...]  # rows of the key graphs that are retyped under load
    load_rows: int  # of the graph whose clients' p99 is taken
    quiet_seconds: float  # before something is done to a database in use
    fills: tuple[int, ...]  # rows of the tables that are filled
    large_fills: tuple[int, ...] = ()  # the same, where all ways and rounds would take an hour
    rounds: int
    small_rounds: int  # of the filling of small tables, in each round
    writes_seconds: int  # of each run of pgbench
    kills: int
    back: int  # every how manieth step is rolled back from
    conversions: int
    converted_rows: int
    downloads: bool  # peers that are not here


LONG = Scale(
    graphs=(100_000, 400_000), load_rows=300_000, quiet_seconds=8, fills=(10_000, 100_000, 1_000_000), rounds=3,
    small_rounds=3, writes_seconds=2, kills=100, back=1, conversions=10, converted_rows=60_000, downloads=True,
)  # fmt: skip
SHORT = Scale(
    graphs=(20_000,), load_rows=10_000, quiet_seconds=1, fills=(2_000, 10_000), rounds=1, small_rounds=1,
    writes_seconds=1, kills=2, back=14, conversions=2, converted_rows=3_000, downloads=False,
)  # fmt: skip
