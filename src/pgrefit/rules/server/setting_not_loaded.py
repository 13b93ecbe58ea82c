"""Settings that were changed in the files, and nobody told the server."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.server import UnloadedSetting
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, settings, with_server


@rule(
    code="SRV037",
    title="Setting that was not loaded",
    why="Who changed the file believes that it holds; it will, at some reload or restart when nobody expects it.",
    example=NOTHING,
    given=with_server(unloaded_settings=(UnloadedSetting(setting="work_mem", file="postgresql.conf", line=9),)),
    clean=NOTHING,
)
def setting_not_loaded(observation: Observation) -> Iterator[Finding]:
    """Lines of the configuration files that say otherwise than the running server.

    Source: https://www.postgresql.org/docs/current/view-pg-file-settings.html.
    """
    server = observation.server
    if server.unloaded_settings:
        names = tuple(dict.fromkeys(one.setting for one in server.unloaded_settings))
        yield Finding(
            object=f"setting {names[0]}",
            message=f"changed in the files, and not loaded: {', '.join(names)}",
            severity=Severity.INFO,
            evidence=(
                *(catalog(f"{one.file} line {one.line}", one.setting) for one in server.unloaded_settings),
                *settings(server, *names),
            ),
            advice="SELECT pg_reload_conf(), or take the change back",
        )
