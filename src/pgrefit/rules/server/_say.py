"""What rules about the server share: amounts and settings in words, and what is common to their examples."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pgrefit.model.finding import Circumstances, Evidence
from pgrefit.model.observation import Observation
from pgrefit.model.server import Server, Setting
from pgrefit.rules._ask import catalog

KB, MB, GB = 2**10, 2**20, 2**30
UNITS = {"B": 1, "kB": KB, "8kB": 8 * KB, "16kB": 16 * KB, "32kB": 32 * KB, "64kB": 64 * KB, "MB": MB}
SCALE = (("TB", 2**40), ("GB", GB), ("MB", MB), ("kB", KB))
NOTHING = "CREATE TABLE thing (id int PRIMARY KEY)"
MOMENT = datetime(2026, 1, 15, 12, tzinfo=UTC)


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


def listens(server: Server) -> bool:
    """Whether others than programs on the server's own machine can reach it; one for tests mostly has no port."""
    return server.value("listen_addresses") != ""


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
