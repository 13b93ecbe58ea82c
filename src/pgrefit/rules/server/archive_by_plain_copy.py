"""An archive that a crash can leave torn."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules.server._say import NOTHING, about_settings, with_settings

COPIERS = {"cp", "copy", "rsync", "scp", "mv", "cat", "gzip", "pigz", "bzip2", "xz", "zstd", "lz4", "install"}
SWALLOWS = re.compile(r"(\|\||;)\s*(/bin/true|/usr/bin/true|true|:|exit 0|exit)\s*;?\s*$")
SAFE = re.compile(r"\b(sync|fsync|dd)\b|--fsync|conv=fsync")
CHECKED = re.compile(r"!\s+-[ef]\s|\bset -o noclobber\b|--ignore-existing|\bcp\s+-\w*n")
PARTS = re.compile(r"&&|\|\||[;|]")


@rule(
    code="SRV038",
    title="Archive by a plain copy",
    why="The server takes the segment for safe and removes it while the copy is still in memory only; a crash then"
    " leaves a gap, and no restore gets past it.",
    example=NOTHING,
    given=with_settings(archive_mode="on", archive_command="cp %p /mnt/archive/%f", archive_library=""),
    clean=NOTHING,
)
def archive_by_plain_copy(observation: Observation) -> Iterator[Finding]:
    """archive_command that is cp, rsync, gzip …, and does not sync what it copied; or one that hides its failure.

    One that does not look first overwrites what another server archived there. Source:
    https://www.postgresql.org/docs/current/continuous-archiving.html.
    """
    server = observation.server
    command = server.value("archive_command").strip()
    if server.value("archive_mode") not in {"on", "always"} or server.value("archive_library"):
        return
    if SWALLOWS.search(command):
        yield about_settings(
            server, ("archive_command", "archive_mode"),
            "reports success whether it has copied the file or not: the server removes what was never archived",
            Severity.ERROR, advice="let it end with the state of the copy: no || true, nothing after a semicolon",
        )  # fmt: skip
        return
    words = [part.split()[0].strip("\"'").rsplit("/", 1)[-1].lower() for part in PARTS.split(command) if part.split()]
    copier = next((word for word in words if word in COPIERS), None)
    if copier is None or SAFE.search(command):
        return
    said = "" if CHECKED.search(command) else ", and overwrites what is there"
    yield about_settings(
        server, ("archive_command", "archive_mode"), f"{copier} does not write the copy through to the disk{said}",
        Severity.WARNING if said else Severity.INFO,
        advice="archive by a tool for it (pgBackRest, Barman, WAL-G), which checks and syncs what it stores",
    )  # fmt: skip
