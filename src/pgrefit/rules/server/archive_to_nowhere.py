"""Archiving that keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog
from pgrefit.rules.server._say import NOTHING, settings, with_settings

DOES_NOTHING = {"/bin/true", "/usr/bin/true", "true", ":", "exit 0", "cd .", "echo", "rem"}


@rule(
    code="SRV029",
    title="Archive mode on, and nothing is archived",
    why="Everybody believes in a backup that can be rolled forward; there is none, or the WAL piles up until the disk"
    " is full.",
    example=NOTHING,
    given=with_settings(archive_mode="on", archive_command="/bin/true", archive_library=""),
    clean=NOTHING,
)
def archive_to_nowhere(observation: Observation) -> Iterator[Finding]:
    """An archive_command that does nothing, or none at all."""
    server = observation.server
    command = server.setting("archive_command")
    if server.value("archive_mode") not in {"on", "always"} or command is None or server.value("archive_library"):
        return
    text = command.value.strip()
    if not text or text.lower() in DOES_NOTHING:
        yield Finding(
            object="setting archive_command",
            message=f"is {text}: what it is given is thrown away" if text else "is empty: WAL piles up on the server",
            severity=Severity.WARNING if text else Severity.ERROR,
            evidence=(*settings(server, "archive_mode", "archive_library"), catalog("archive_command", text)),
            advice="archive by a tool for it (pgBackRest, Barman, WAL-G), or set archive_mode to off",
        )
