"""Sorts and hashes that do not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Counters
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import GB, MOMENT, NOTHING, about_settings, size, together, with_server

LEAST_A_DAY = 5 * GB
LEAST_DAYS = 1.0
RECURRING, BLOCKS_A_CALL, TOLD = 10, 50, 5


def _counted_for_ten_days(observation: Observation) -> Observation:
    since = replace(observation.statistics, taken_at=MOMENT, reset_at=MOMENT - timedelta(days=10))
    return replace(observation, statistics=since)


@rule(
    code="SRV014",
    title="Much of the work spills to disk",
    why="Sorts and hashes that do not fit into work_mem write their rows to disk and read them again.",
    example=NOTHING,
    given=together(
        _counted_for_ten_days, with_server(counters=Counters(temporary_files=90_000, temporary_bytes=900 * GB))
    ),
    clean=NOTHING,
)
def spill_to_disk(observation: Observation) -> Iterator[Finding]:
    """More than 5 GB a day of temporary files, counted over a day or more; before, statements that always spill.

    How much is much is our judgement. Source of the settings:
    https://www.postgresql.org/docs/current/runtime-config-resource.html.
    """
    counted, counters = observation.statistics, observation.server.counters
    if counted.taken_at is None or counted.reset_at is None or not counters.temporary_files:
        return
    days = (counted.taken_at - counted.reset_at) / timedelta(days=1)
    if days < LEAST_DAYS:
        yield from _so_far(observation)
    if days >= LEAST_DAYS and counters.temporary_bytes / days >= LEAST_A_DAY:
        each = counters.temporary_bytes / counters.temporary_files
        yield about_settings(
            observation.server, ("work_mem", "hash_mem_multiplier"),
            f"{size(counters.temporary_bytes / days)} of temporary files a day, {size(each)} each", Severity.WARNING,
            statistic("temporary bytes", counters.temporary_bytes),
            statistic("temporary files", counters.temporary_files),
            statistic("days", round(days, 1)),
            advice="find the statements by temp_blks_written of pg_stat_statements: an index may spare the sort, else"
            " raise work_mem for the role that runs them",
        )  # fmt: skip


def _so_far(observation: Observation) -> Iterator[Finding]:
    """Statements that recur and write files in every call, however long they are counted."""
    spilling = [
        one for one in observation.statements
        if one.query_id is not None and one.calls >= RECURRING and one.temporary_blocks >= BLOCKS_A_CALL * one.calls
    ]  # fmt: skip
    if spilling and observation.server.version_num:
        blocks = sum(one.temporary_blocks for one in spilling)
        work = (
            "1 statement that recurs writes" if len(spilling) == 1 else f"{len(spilling)} statements that recur write"
        )
        yield about_settings(
            observation.server, ("work_mem", "hash_mem_multiplier"),
            f"{work} temporary files in every call", Severity.INFO,
            statistic("temporary blocks written and read", blocks),
            statistic("statements", tuple(f"statement {one.query_id}" for one in spilling[:TOLD])),
            advice="an index may spare the sort; else raise work_mem for the role that runs them",
        )  # fmt: skip
