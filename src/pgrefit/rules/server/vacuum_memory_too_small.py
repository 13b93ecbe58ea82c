"""Vacuum that goes over every index several times."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, statistic
from pgrefit.rules.server._say import GB, KB, MB, about_settings, bytes_of, size, together, with_server, with_settings

BYTES_A_ROW = 6  # of the array in which vacuum keeps dead rows, before version 17
LARGEST_USED = GB  # more it does not take
COMPACT_SINCE = 17


def _large(observation: Observation) -> Observation:
    counted = tuple(replace(t, rows=400_000_000, index_bytes=20 * GB) for t in observation.statistics.tables)
    return replace(observation, statistics=replace(observation.statistics, tables=counted))


@rule(
    code="SRV005",
    title="Memory of vacuum too small for the largest tables",
    why="When the list of dead rows is full, vacuum reads all indexes of the table, and then all of them again.",
    example="CREATE TABLE event (id int PRIMARY KEY)",
    given=together(_large, with_server(version_num=160000), with_settings(maintenance_work_mem=str(64 * MB // KB))),
    clean="CREATE TABLE event (id int PRIMARY KEY)",
)
def vacuum_memory_too_small(observation: Observation) -> Iterator[Finding]:
    """Tables that have more dead rows when autovacuum comes than it can keep in mind.

    Source: https://www.postgresql.org/docs/16/runtime-config-resource.html (autovacuum_work_mem). From 17 on the list
    is compact, and 1 GB no limit: https://www.postgresql.org/docs/17/release-17.html.
    """
    server = observation.server
    memory = bytes_of(server, "autovacuum_work_mem") or bytes_of(server, "maintenance_work_mem")
    share = server.number("autovacuum_vacuum_scale_factor")
    if not memory or share is None or server.major >= COMPACT_SINCE:
        return
    room = min(memory, LARGEST_USED) // BYTES_A_ROW
    counted = ((str(table.name), _dead(observation, table, share)) for table in observation.snapshot.own_tables())
    found = {name: dead for name, dead in counted if dead > room}
    if found:
        most = max(found.values())
        yield about_settings(
            server, ("autovacuum_work_mem", "maintenance_work_mem", "autovacuum_vacuum_scale_factor"),
            f"has room for {room:,} dead rows ({size(memory)}); {len(found)} tables have more when autovacuum comes, so"
            f" that it reads their indexes up to {most // room + 1} times",
            Severity.WARNING,
            catalog("tables", tuple(sorted(found))),
            statistic("dead rows at which the largest is vacuumed", most),
            advice="raise autovacuum_work_mem (up to 1 GB), or lower autovacuum_vacuum_scale_factor of these tables",
        )  # fmt: skip


def _dead(observation: Observation, table: Table, share: float) -> int:
    """Dead rows at which autovacuum comes to a table that has indexes to be read."""
    options = dict(option.split("=", 1) for option in table.options if "=" in option)
    counted = observation.statistics.table(table.name)
    own = float(options.get("autovacuum_vacuum_scale_factor", share))
    return int(own * counted.rows) if table.kind == "table" and counted.index_bytes else 0
