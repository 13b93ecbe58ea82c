"""When autovacuum comes to a table, by its own parameters and the server's.

Source: https://www.postgresql.org/docs/current/routine-vacuuming.html and
https://www.postgresql.org/docs/current/runtime-config-vacuum.html.
"""

from __future__ import annotations

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._pages import option

DEFAULTS = {
    "autovacuum_vacuum_threshold": 50.0,
    "autovacuum_vacuum_scale_factor": 0.2,
    "autovacuum_vacuum_max_threshold": 100_000_000.0,  # from PostgreSQL 18 on
}
CAPPED_FROM = 180000
OFF = {"false", "off", "no", "0"}
AS_GOOD_AS_OFF = {"autovacuum_vacuum_threshold": 100_000_000.0, "autovacuum_vacuum_scale_factor": 1.0}  # and above


def setting(observation: Observation, table: Table, name: str) -> float:
    """A number as it holds for the table."""
    said = option(table.options, name) or dict(observation.statistics.settings).get(name, "")
    try:
        return float(said)
    except ValueError:
        return DEFAULTS[name]


def dead_rows_allowed(observation: Observation, table: Table, rows: int) -> float:
    """So many dead rows there may be before autovacuum comes."""
    factor = setting(observation, table, "autovacuum_vacuum_scale_factor")
    allowed = setting(observation, table, "autovacuum_vacuum_threshold") + factor * max(rows, 0)
    cap = setting(observation, table, "autovacuum_vacuum_max_threshold")
    return min(allowed, cap) if observation.snapshot.server_version >= CAPPED_FROM and cap >= 0 else allowed


def is_off(table: Table) -> tuple[str, ...]:
    """The parameters by which autovacuum is off for the table, or for its TOAST table."""
    names = ("autovacuum_enabled", "toast.autovacuum_enabled")
    return tuple(name for name in names if option(table.options, name).lower() in OFF)


def is_as_good_as_off(table: Table) -> tuple[str, ...]:
    """The table's own parameters by which vacuum waits for as many dead rows as there are rows, or for ever."""
    return tuple(name for name, least in AS_GOOD_AS_OFF.items() if _number(option(table.options, name)) >= least)


def _number(said: str) -> float:
    try:
        return float(said)
    except ValueError:
        return 0.0
