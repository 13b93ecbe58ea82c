"""Programs of others that are run beside: whether they are here."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

DEBIAN = 15
EXTENSIONS = Path(f"/usr/share/postgresql/{DEBIAN}/extension")
PG_REPACK = Path(f"/usr/lib/postgresql/{DEBIAN}/bin/pg_repack")
PACKAGES = Path(__file__).parents[2] / "scripts" / "apt-packages"


def extension_there(name: str, package: str) -> bool:
    """Whether Debian's server has the extension; as root its package is installed, where that can be."""
    control = EXTENSIONS / f"{name}.control"
    if not control.exists() and shutil.which("apt-get"):
        subprocess.run([PACKAGES, package], capture_output=True, check=False)
    if not control.exists():
        print(f"{name} is left out: Debian's package {package} is not installed and cannot be")
    return control.exists()
