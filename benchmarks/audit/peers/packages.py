"""Packages of registries in a folder of the user's cache, each by itself; nothing of them comes into the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.audit.peers.auditors import Auditor, Missing, last_line

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pgrefit-bench"
DONE = "installed"
SECONDS = 600
PYENV = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"


def installed(auditor: Auditor, cache: Path | None = None) -> Path:
    """The folder that it is in, where it is fetched at the first time. Raises Missing."""
    folder = (cache or CACHE) / auditor.title.replace(" ", "-")
    if not (folder / DONE).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        auditor.install(folder)
        (folder / DONE).touch()
    return folder


def from_pypi(folder: Path, *requirements: str, python: tuple[int, int] = (3, 11)) -> None:
    """Into an environment of its own, by an interpreter that is at least so new."""
    _done([_python(python), "-m", "venv", str(folder)], "python makes no environment")
    pip = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check"]
    _done([*pip, *requirements], "pip cannot install it")


def from_npm(folder: Path, *packages: str) -> None:
    """Into `node_modules` of the folder."""
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("there is no npm here")
    argv = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts"]
    _done([*argv, *packages], "npm cannot install it")


def from_debian(folder: Path, package: str) -> None:
    """Unpacked into the folder; nothing is installed into the system."""
    _done(["apt-get", "download", "--quiet", package], "apt-get cannot fetch it", folder)
    for archive in folder.glob("*.deb"):
        _done(["dpkg", "-x", str(archive), str(folder)], "dpkg cannot unpack it")


def _python(least: tuple[int, int]) -> str:
    """This one, else one on the path, else one of pyenv's."""
    if sys.version_info[:2] >= least:
        return sys.executable
    for minor in range(least[1], least[1] + 4):
        names = [shutil.which(f"python3.{minor}") or "", *map(str, sorted(PYENV.glob(f"3.{minor}.*/bin/python")))]
        for name in filter(None, names):
            if not subprocess.run([name, "-c", "import venv"], capture_output=True, check=False).returncode:
                return name
    raise Missing(f"there is no Python {least[0]}.{least[1]} or later here")


def _done(argv: list[str], otherwise: str, folder: Path | None = None) -> None:
    try:
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{otherwise}: {error}") from error
    if done.returncode:
        raise Missing(f"{otherwise}: {last_line(done.stderr) or last_line(done.stdout)}")
