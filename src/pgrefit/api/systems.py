"""Reference systems: found by name, and built on a server."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

from pgrefit.errors import UsageError
from pgrefit.model.system import GoalsFile, System
from pgrefit.pg.cluster import Cluster
from pgrefit.pg.programs import connection_arguments, find_program

PACKAGED = Path(__file__).parents[1] / "_systems"
IN_CHECKOUT = Path(__file__).parents[3] / "systems"


def find_system(name: str) -> System:
    """The system of that name; UsageError names those that there are."""
    root = PACKAGED if PACKAGED.is_dir() else IN_CHECKOUT
    folder = root / name
    if not (folder / "goals.toml").is_file():
        there = sorted(path.parent.name for path in root.glob("*/goals.toml"))
        raise UsageError(f"there is no system {name!r}", next_step=f"there are: {', '.join(there) or 'none'}")
    goals = tomllib.loads((folder / "goals.toml").read_text(encoding="utf-8"))
    return System(folder=folder, goals=GoalsFile.model_validate(goals))


def build(system: System, cluster: Cluster, database: str, scale: float, *scripts: str) -> str:
    """Make the legacy database with its data, after further scripts; its DSN."""
    cluster.create_database(database)
    dsn = cluster.dsn(database)
    for script in ("legacy.sql", *scripts, "generate.sql"):
        _run(dsn, cluster.version, system.folder / script, scale)
    return dsn


def _run(dsn: str, version: int, script: Path, scale: float) -> None:
    shown, environment = connection_arguments(dsn)
    psql = [
        str(find_program("psql", version)),
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        f"--set=scale={scale}",
    ]
    done = subprocess.run(
        [*psql, f"--dbname={shown}", "--output=/dev/null", f"--file={script}"],
        env={**environment, "PGCLIENTENCODING": "UTF8"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise UsageError(f"{script} does not run", why=done.stderr.strip())
