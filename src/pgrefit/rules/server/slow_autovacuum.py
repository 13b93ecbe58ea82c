"""Autovacuum that was made slower than it is, and does not keep up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Cost, Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server
from pgrefit.rules._ask import statistic
from pgrefit.rules.server._say import about_settings, settings, together, with_settings

MORE_IS_SLOWER = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_threshold", "autovacuum_vacuum_cost_delay",
                  "autovacuum_naptime", "autovacuum_analyze_scale_factor", "autovacuum_analyze_threshold",
                  "autovacuum_vacuum_insert_scale_factor", "autovacuum_vacuum_insert_threshold")  # fmt: skip
SHARES = {name for name in MORE_IS_SLOWER if name.endswith("scale_factor")}
MUCH_OF_IT = 0.5  # of the rows: a share that no table should wait for
LESS_IS_SLOWER = ("autovacuum_max_workers", "autovacuum_vacuum_cost_limit", "vacuum_cost_limit")
FREEZES = {"autovacuum_freeze_max_age": 1.5e9, "autovacuum_multixact_freeze_max_age": 1.5e9}  # near the wraparound
INSERTS = "autovacuum_vacuum_insert_threshold"  # -1 switches it off: what is only appended to, nothing freezes
UNSET = -1.0  # it stands for that of vacuum itself
FEWEST_ROWS = 10_000
FAR_TOO_SLOW = 20  # times the default: on any server
MANY_DEAD = 0.4  # of the rows: twice as many as autovacuum lets be by default


def _many_dead(observation: Observation) -> Observation:
    counted = tuple(replace(t, rows=1_000_000, dead_rows=900_000) for t in observation.statistics.tables)
    return replace(observation, statistics=replace(observation.statistics, tables=counted))


@rule(
    code="SRV035",
    title="Autovacuum slowed down, and late",
    why="Tables that it does not get to grow with dead rows, and so does everything that reads them.",
    example="CREATE TABLE event (id int PRIMARY KEY)",
    given=together(_many_dead, with_settings(autovacuum="on", autovacuum_vacuum_cost_delay="20")),
    clean="CREATE TABLE event (id int PRIMARY KEY)",
)
def slow_autovacuum(observation: Observation) -> Iterator[Finding]:
    """Settings that make it slower than by default, on a server with tables full of dead rows; far slower, on any.

    Source: https://www.postgresql.org/docs/current/runtime-config-vacuum.html.
    """
    server = observation.server
    slower = tuple(name for name in MORE_IS_SLOWER if _differs(server, name, 1))
    slower += tuple(name for name in LESS_IS_SLOWER if _differs(server, name, -1))
    late = _late(observation)
    far = tuple(name for name in slower if _is_far(server, name))
    far += tuple(name for name, least in FREEZES.items() if (server.number(name) or 0) >= least)
    if far and not (late and slower) and not server.is_off("autovacuum"):
        yield about_settings(
            server, far, f"autovacuum comes far later than by default, or never: {', '.join(far)}",
            Severity.WARNING, advice="set them back to their defaults and reload",
        )  # fmt: skip
    if slower and late and not server.is_off("autovacuum"):
        yield Finding(
            object=f"setting {slower[0]}",
            message=f"autovacuum is slower than by default ({', '.join(slower)}), and {len(late)} tables are full of"
            " dead rows",
            severity=Severity.WARNING,
            evidence=(
                *settings(server, *slower),
                statistic("tables", tuple(sorted(late))),
                statistic("dead rows", sum(late.values())),
            ),
            advice="set them back to their defaults and reload; to spare the disk, let it come sooner and do less"
            " each time",
            cost=Cost(rows=sum(late.values())),
        )


def _late(observation: Observation) -> dict[str, int]:
    """Dead rows of the tables, partitions among them, that have many."""
    counted = {str(t.name): observation.statistics.table(t.name) for t in observation.snapshot.own_tables()}
    return {name: c.dead_rows for name, c in counted.items() if c.dead_rows > MANY_DEAD * max(c.rows, FEWEST_ROWS)}


def _differs(server: Server, name: str, direction: int) -> bool:
    """Whether a setting is above (1) or below (-1) its default."""
    found = server.setting(name)
    if found is None or float(found.value) == UNSET:
        return found is not None and name == INSERTS
    if float(found.default) == UNSET:
        return _is_far(server, name)
    return direction * (float(found.value) - float(found.default)) > 0


def _is_far(server: Server, name: str) -> bool:
    """Whether a setting is twenty times its default, or a twentieth; the share of rows reaches that at half the table.

    The limit of autovacuum's own cost is -1 by default, and stands for that of vacuum.
    """
    found, vacuums = server.setting(name), server.setting("vacuum_cost_limit")
    if found is None:
        return False
    value, usual = float(found.value), float(found.default)
    if name == INSERTS and value == UNSET:
        return True
    if name in SHARES:
        return value >= MUCH_OF_IT
    if name == "autovacuum_max_workers":
        return value <= 1
    if usual == UNSET:
        usual = float(vacuums.default) if vacuums else UNSET
    return value >= FAR_TOO_SLOW * usual > 0 if name in MORE_IS_SLOWER else 0 < value <= usual / FAR_TOO_SLOW
