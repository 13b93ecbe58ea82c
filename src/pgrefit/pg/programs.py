"""PostgreSQL's client programs: which to run, and running them without a password on the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pgrefit.errors import ServerUnsuitable
from pgrefit.pg.binaries import program_folders
from pgrefit.pg.errors import SECRETS

Version = tuple[int, int]

VERSION = re.compile(r"\(PostgreSQL\) (?P<major>\d+)(?:\.(?P<minor>\d+))?")


@cache
def find_program(name: str, server_major: int) -> Path:
    """Path of a client program that serves a server of that major version.

    The nearest major version that is not older, since a newer one may write what an older server does not read; of
    that the newest minor. Raises ServerUnsuitable when there is none.
    """
    versions = {path: version for path in _candidates(name) if (version := program_version(path))}
    usable = [path for path, (major, _) in versions.items() if major >= server_major]
    if not usable:
        have = ", ".join(sorted({f"{major}.{minor}" for major, minor in versions.values()})) or "none"
        raise ServerUnsuitable(
            f"no {name} of version {server_major} or later is at hand",
            why=f"found versions: {have}",
            next_step=f"install PostgreSQL {server_major}'s client programs, or pip install 'pgrefit[embedded]'",
        )
    return min(usable, key=lambda path: (versions[path][0], -versions[path][1]))


@cache
def program_version(program: Path) -> Version | None:
    """Major and minor version that a program says it has; None where it does not run."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    except OSError:
        return None
    match = VERSION.search(said)
    return (int(match["major"]), int(match["minor"] or 0)) if match else None


def _candidates(name: str) -> list[Path]:
    beside = [folder / name for folder in program_folders() if (folder / name).exists()]
    on_path = shutil.which(name)
    return [*beside, Path(on_path)] if on_path else beside


def connection_arguments(dsn: str) -> tuple[str, Mapping[str, str]]:
    """A connection string that anybody may see in the process list, and the environment that holds the password."""
    parts = conninfo_to_dict(dsn)
    environment = dict(os.environ)
    if password := parts.get("password"):
        environment["PGPASSWORD"] = str(password)
    shown = {key: value for key, value in parts.items() if key not in SECRETS}
    return make_conninfo("", **shown), environment
