"""Programs that npm delivers, for tests that run them."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

STORE = Path(tempfile.gettempdir()) / "pgrefit-npm"


def program(package: str, version: str, inside: str) -> Path:
    """A file of a package, fetched once for this machine; the test is skipped where npm or its registry is missing."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    home = STORE / f"{package.replace('/', '_')}-{version}"
    if not home.exists():
        _fetch(f"{package}@{version}", home)
    return home / "node_modules" / inside


def _fetch(package: str, home: Path) -> None:
    STORE.mkdir(parents=True, exist_ok=True)
    half = Path(tempfile.mkdtemp(dir=STORE))
    (half / "package.json").write_text("{}")
    argv = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(half), package]
    try:
        subprocess.run(argv, check=True, capture_output=True, timeout=180, cwd=half)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        shutil.rmtree(half)
        pytest.skip(f"npm cannot deliver {package}: {error}")
    try:
        half.rename(home)
    except OSError:  # another process of the tests was there first
        shutil.rmtree(half)
