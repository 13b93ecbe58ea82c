"""What rules about the server share: amounts and settings in words, and what is common to their examples."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pgrefit.model.finding import Circumstances, Evidence, Finding, Severity
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server, Setting
from pgrefit.rules._ask import catalog

KB, MB, GB = 2**10, 2**20, 2**30
UNITS = {"B": 1, "kB": KB, "8kB": 8 * KB, "16kB": 16 * KB, "32kB": 32 * KB, "64kB": 64 * KB, "MB": MB}
SCALE = (("TB", 2**40), ("GB", GB), ("MB", MB), ("kB", KB))
NOTHING = "CREATE TABLE thing (id int PRIMARY KEY)"
MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)
LOOPBACK = ("localhost", "127.", "::1")
TEMPORARY = re.compile("/(private/)?(tmp|var/tmp|dev/shm|var/folders)/")  # what is not to last is put there


def size(count: float) -> str:
    """Bytes as people read them."""
    unit, factor = next((entry for entry in SCALE if count >= entry[1]), ("bytes", 1))
    return f"{count / factor:.3g} {unit}" if count / factor < 1000 else f"{count / factor:.0f} {unit}"


def duration(seconds: float) -> str:
    """Seconds as people read them."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


def bytes_of(server: Server, name: str) -> int | None:
    """A setting of memory or space in bytes; None where it is not known, or has no size (-1)."""
    setting = server.setting(name)
    factor = UNITS.get(setting.unit) if setting else None
    return int(setting.value) * factor if setting and factor and int(setting.value) >= 0 else None


def settings(server: Server, *names: str) -> tuple[Evidence, ...]:
    """Evidence from settings; one that is not known is left out."""
    return tuple(catalog(name, _worded(setting)) for name in names if (setting := server.setting(name)))


def _worded(setting: Setting) -> str:
    if setting.unit in UNITS and setting.value.isdigit():
        return size(int(setting.value) * UNITS[setting.unit])
    return f"{setting.value} {setting.unit}".strip()


def about_settings(
    server: Server, names: tuple[str, ...], message: str, severity: Severity, *evidence: Evidence, advice: str
) -> Finding:
    """What is wrong with the first of the settings; the values of all are evidence, and what else was measured."""
    return Finding(object=f"setting {names[0]}", message=message, severity=severity,
                   evidence=(*settings(server, *names), *evidence), advice=advice)  # fmt: skip


def own_settings(observation: Observation) -> list[tuple[str, tuple[str, ...]]]:
    """What the database and each role are given by ALTER … SET, as name=value; none where no server was looked at."""
    db = observation.snapshot
    owners = [(f"database {db.database}", db.database_settings)]
    owners += [(f"role {role.name}", role.settings) for role in db.roles]
    return owners if observation.server.version_num else []


def listens(server: Server) -> bool:
    """Whether other machines can reach it: it listens at an address that is not the own machine's.

    Source: https://www.postgresql.org/docs/current/runtime-config-connection.html (listen_addresses).
    """
    return any(not address.startswith(LOOPBACK) for address in _entries(server.value("listen_addresses")))


def is_throwaway(server: Server) -> bool:
    """Whether nothing on it is meant to last: it has no port, and its socket is in a folder of temporary files.

    A server without a port is else as good as any other: a pooler on its machine may stand before it. /tmp itself is
    where the source code puts the socket. Who may not see where the socket is takes the server for one that lasts.
    """
    sockets = _entries(server.value("unix_socket_directories"))
    return not server.value("listen_addresses") and bool(sockets) and all(map(TEMPORARY.match, sockets))


def _entries(listed: str) -> list[str]:
    """The entries of a setting that is a list."""
    return [entry.strip().strip('"') for entry in listed.split(",") if entry.strip()]


def with_server(**changes: Any) -> Circumstances:  # noqa: ANN401 - fields of several types
    """Circumstances in which these fields of the server are so."""
    return lambda observation: replace(observation, server=replace(observation.server, **changes))


def with_settings(**values: str) -> Circumstances:
    """Circumstances in which these settings have such values, in their units."""

    def given(observation: Observation) -> Observation:
        known = {setting.name: setting for setting in observation.server.settings}
        for name, value in values.items():
            known[name] = replace(known.get(name, Setting(name=name, value="", default="")), value=value)
        return with_server(settings=tuple(known.values()))(observation)

    return given


def together(*circumstances: Circumstances) -> Circumstances:
    """All of these circumstances."""

    def given(observation: Observation) -> Observation:
        for one in circumstances:
            observation = one(observation)
        return observation

    return given
