"""Archiving that keeps nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, is_throwaway, with_settings

WHOLE = {"exit 0", "cd ."}
FIRST_WORDS = {"/bin/true", "/usr/bin/true", "true", ":", "echo", "rem"}  # whatever comes after it
MORE = re.compile("[;&|>\n]")  # another command, or a place where the output goes


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
    """An archive_command that does nothing, or none at all; or too little WAL for any.

    Source: https://www.postgresql.org/docs/current/runtime-config-wal.html (archive_command).
    """
    server = observation.server
    if server.value("wal_level") == "minimal" and not (is_throwaway(server) and not server.is_on("fsync")):
        yield about_settings(
            server, ("wal_level", "max_wal_senders"),
            "is minimal: no archive, no base backup and no replica can be made", Severity.WARNING,
            advice="set it to replica and restart; then archive by a tool for it (pgBackRest, Barman, WAL-G)",
        )  # fmt: skip
    command = server.setting("archive_command")
    if server.value("archive_mode") not in {"on", "always"} or command is None or server.value("archive_library"):
        return
    text = command.value.strip()
    if not text or _does_nothing(text):
        said = f"is {text}: what it is given is thrown away" if text else "is empty: WAL piles up on the server"
        yield about_settings(
            server, ("archive_command", "archive_mode", "archive_library"), said,
            Severity.WARNING if text else Severity.ERROR,
            advice="archive by a tool for it (pgBackRest, Barman, WAL-G), or set archive_mode to off",
        )  # fmt: skip


def _does_nothing(command: str) -> bool:
    first, _, _ = command.lower().partition(" ")
    return command.lower() in WHOLE or (first in FIRST_WORDS and not MORE.search(command))
