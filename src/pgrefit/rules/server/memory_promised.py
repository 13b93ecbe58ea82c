"""More memory for sorting than any machine has."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import GB, KB, MB, NOTHING, about_settings, bytes_of, size, with_settings

LARGE = 256 * MB  # for one sort
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

    How much memory the machine has is not to be seen over a connection: effective_cache_size and shared_buffers stand
    for it. Source: https://www.postgresql.org/docs/current/runtime-config-resource.html (work_mem).
    """
    server = observation.server
    each, most = bytes_of(server, "work_mem"), server.number("max_connections")
    if each is None or most is None or each < LARGE:
        return
    known = max(bytes_of(server, "effective_cache_size") or 0, bytes_of(server, "shared_buffers") or 0)
    if each * most >= max(FLOOR, TIMES * known):
        yield about_settings(
            server, ("work_mem", "max_connections", "effective_cache_size", "shared_buffers"),
            f"is {size(each)} for each sort: {size(each * most)} for a sort in each of {most:.0f} connections",
            Severity.WARNING, statistic("bytes for all connections", round(each * most)),
            advice="set it to some megabytes for all, and higher for the roles or transactions that sort much",
        )  # fmt: skip
