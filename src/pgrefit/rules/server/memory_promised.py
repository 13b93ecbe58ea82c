"""More memory for sorting than any machine has."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import GB, KB, MB, NOTHING, about_settings, bytes_of, size, with_settings

LARGE = 256 * MB  # for one sort
USUAL = 8  # times work_mem that a hash may take
OF_WORKERS = 16 * GB
TIMES = 8  # the memory that the planner is told of
FLOOR = 64 * GB


@rule(
    code="SRV039",
    title="More memory promised than there is",
    why="Each sort and each hash of each session may take so much: a few at once, and the machine swaps, or its kernel"
    " kills the server.",
    example=NOTHING,
    given=with_settings(work_mem=str(2 * GB // KB), max_connections="400"),
    clean=NOTHING,
)
def memory_promised(observation: Observation) -> Iterator[Finding]:
    """work_mem of 256 MB and more, which for all connections is many times what the planner is told of.

    And the memory of vacuum, which each worker of autovacuum may take.

    How much memory the machine has is not to be seen over a connection: effective_cache_size and shared_buffers stand
    for it. Source: https://www.postgresql.org/docs/current/runtime-config-resource.html (work_mem).
    """
    server = observation.server
    each, most = bytes_of(server, "work_mem"), server.number("max_connections")
    known = max(bytes_of(server, "effective_cache_size") or 0, bytes_of(server, "shared_buffers") or 0)
    yield from _of_workers(server, known)
    times = server.number("hash_mem_multiplier") or 1
    if each is not None and most is not None and times > USUAL and each < LARGE <= each * times:
        yield about_settings(
            server, ("hash_mem_multiplier", "work_mem", "max_connections"),
            f"lets each hash take {size(each * times)}, {times:.0f} times work_mem", Severity.WARNING,
            statistic("bytes for a hash in each connection", round(each * times * most)),
            advice="set it to 2, its default; raise work_mem for the roles that need it",
        )  # fmt: skip
    if each is None or most is None or each < LARGE:
        return
    if each * most >= max(FLOOR, TIMES * known):
        yield about_settings(
            server, ("work_mem", "max_connections", "effective_cache_size", "shared_buffers"),
            f"is {size(each)} for each sort: {size(each * most)} for a sort in each of {most:.0f} connections",
            Severity.WARNING, statistic("bytes for all connections", round(each * most)),
            advice="set it to some megabytes for all, and higher for the roles or transactions that sort much",
        )  # fmt: skip


def _of_workers(server: Server, known: int) -> Iterator[Finding]:
    name = "autovacuum_work_mem" if bytes_of(server, "autovacuum_work_mem") is not None else "maintenance_work_mem"
    each, workers = bytes_of(server, name), server.number("autovacuum_max_workers")
    if each is not None and workers is not None and each * workers >= max(OF_WORKERS, known):
        yield about_settings(
            server, (name, "autovacuum_max_workers", "effective_cache_size", "shared_buffers"),
            f"is {size(each)} for each of {workers:.0f} workers of autovacuum: {size(each * workers)}",
            Severity.WARNING, statistic("bytes for all workers", round(each * workers)),
            advice="set autovacuum_work_mem to some hundred megabytes: before version 17 vacuum uses no more than 1 GB",
        )  # fmt: skip
