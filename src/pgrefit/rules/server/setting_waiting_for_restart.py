"""Settings that were changed and are not in force."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, settings, with_server


def _one_waits(observation: Observation) -> Observation:
    changed = (
        replace(setting, pending_restart=setting.name == "max_connections") for setting in observation.server.settings
    )
    return with_server(settings=tuple(changed))(observation)


@rule(
    code="SRV010",
    title="Setting that waits for a restart",
    why="The server runs by other settings than its files say; what changes at the next restart, nobody expects then.",
    example=NOTHING,
    given=_one_waits,
    clean=NOTHING,
)
def setting_waiting_for_restart(observation: Observation) -> Iterator[Finding]:
    """Settings whose new value takes effect only when the server is restarted.

    Source: https://www.postgresql.org/docs/current/view-pg-settings.html (pending_restart).
    """
    server = observation.server
    waiting = tuple(setting.name for setting in server.settings if setting.pending_restart)
    if waiting:
        yield Finding(
            object=f"setting {waiting[0]}",
            message=f"changed in the files, in force only after a restart: {', '.join(waiting)}",
            severity=Severity.WARNING,
            evidence=(catalog("settings", waiting), *settings(server, *waiting)),
            advice="restart at a time of your choosing, or take the change back",
        )
