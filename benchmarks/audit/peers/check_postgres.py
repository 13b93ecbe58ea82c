"""check_postgres, those of its checks that are about objects of a schema: full sequences and disabled triggers."""

from __future__ import annotations

import os
import re
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Database, Heard, Said, run
from benchmarks.audit.peers.packages import from_debian

from pgrefit.pg.programs import find_program

VERSION = "2.25.0-5"
FULL = "85%"  # its own bar of a warning, for both: it lists what is critical, or else what deserves a warning
NAME = r'(?:[a-z_][a-z0-9_]*|"(?:[^"]|"")+")'
PATTERNS = {
    "sequence": re.compile(rf"({NAME}\.{NAME})=\d+% \(calls left="),
    "disabled_triggers": re.compile(rf" ({NAME}\.{NAME})=>"),
}
FOUND = (0, 1, 2)  # well, warning, critical


def _install(folder: Path) -> None:
    from_debian(folder, f"check-postgres={VERSION}")


def _audit(folder: Path, database: Database) -> Heard:
    server = database.parameters
    argv: list[str | Path] = [
        "perl",
        folder / "usr" / "bin" / "check_postgres",
        "--host",
        server["host"],
        "--port",
        server["port"],
    ]
    argv += ["--dbuser", server["user"], "--dbname", server["dbname"]]
    path = f"{find_program('psql', 0).parent}{os.pathsep}{os.environ['PATH']}"
    said = list[Said]()
    for action, pattern in PATTERNS.items():
        bars = ["--warning", FULL, "--critical", FULL] if action == "sequence" else []
        done = run([*argv, f"--action={action}", *bars], database.seconds, environment={"PATH": path}, fine=FOUND)
        if " OK: " not in done.stdout:
            said += (Said(action, _decoded(name)) for name in pattern.findall(done.stdout.partition("|")[0]))
    return Heard(tuple(said))


def _decoded(name: str) -> str:
    """It encodes what psql had encoded."""
    try:
        return name.encode("latin-1").decode()
    except UnicodeError:
        return name


AUDITOR = Auditor(
    name="check_postgres", version=VERSION, licence="BSD-2-Clause", registry="Debian", install=_install, audit=_audit,
    rules={"sequence-near-exhaustion": ("sequence",), "disabled-trigger": ("disabled_triggers",)},
)  # fmt: skip
