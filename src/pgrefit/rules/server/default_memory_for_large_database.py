"""A large database behind the small cache that a server begins with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Circumstances, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import (
    GB,
    MB,
    NOTHING,
    about_settings,
    bytes_of,
    size,
    together,
    with_server,
    with_settings,
)

BEGINS_WITH = 128 * MB
LARGE = 10 * GB
MISSES = 0.02
TINY = 64 * MB  # nobody begins with so little
FEWEST_BLOCKS = 10_000_000


def _sized(count: int) -> Circumstances:
    return lambda o: replace(o, statistics=replace(o.statistics, database_bytes=count))


@rule(
    code="SRV004",
    title="Large database with the cache that a server begins with",
    why="Pages that are needed all the time are pushed out of the shared buffers and fetched again.",
    example=NOTHING,
    given=together(
        _sized(50 * GB),
        with_settings(shared_buffers="16384"),
        with_server(counters=Counters(blocks_read=40_000_000, blocks_hit=400_000_000)),
    ),
    clean=NOTHING,
)
def default_memory_for_large_database(observation: Observation) -> Iterator[Finding]:
    """shared_buffers at its default or below, far smaller than the database, and missed by one read in fifty.

    Or set to half of the default or less, and to less than the database has.

    Source of default and advice: https://www.postgresql.org/docs/current/runtime-config-resource.html (shared_buffers);
    the bounds are our judgement.
    """
    server, counters = observation.server, observation.server.counters
    cache = bytes_of(server, "shared_buffers")
    asked = counters.blocks_read + counters.blocks_hit
    total = observation.statistics.database_bytes
    if cache is not None and cache <= TINY and total > cache:
        yield about_settings(
            server, ("shared_buffers", "effective_cache_size"),
            f"is {size(cache)}, less than a server begins with ({size(BEGINS_WITH)}), for {size(total)} of data",
            Severity.WARNING, statistic("database bytes", total),
            advice="give it about a quarter of the machine's memory, set effective_cache_size to match, and restart",
        )  # fmt: skip
        return
    if cache is None or cache > BEGINS_WITH or total < LARGE or asked < FEWEST_BLOCKS:
        return
    missed = counters.blocks_read / asked
    if missed >= MISSES:
        yield about_settings(
            server, ("shared_buffers", "effective_cache_size", "work_mem", "maintenance_work_mem"),
            f"is {size(cache)}, with which a server begins, for {size(total)} of data; {missed:.0%} of reads miss it",
            Severity.WARNING,
            statistic("database bytes", total),
            statistic("blocks read", counters.blocks_read),
            statistic("blocks hit", counters.blocks_hit),
            advice="give it about a quarter of the machine's memory, set effective_cache_size to match, and restart",
        )  # fmt: skip
