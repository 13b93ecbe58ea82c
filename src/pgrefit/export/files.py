"""Where migrations go: projects of a tool, versions that continue theirs, and writing all files or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pgrefit.errors import UsageError

from .script import Bundle, Script

STAMP = "%Y%m%d%H%M%S"
STAMP_DIGITS = 14
HEAD = re.compile(r"^(?:--|#) pgrefit script (?P<name>\S+) of plan (?P<digest>\w+)$", re.MULTILINE)
Files = Mapping[Path, str]
"""Texts by their path within the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that runs migrations: how its projects are known, and how scripts become its files."""

    name: str
    is_project: Callable[[Path], bool]
    scripts: Callable[[Path], Path]  # the folder of its migrations, in its project's folder
    render: Callable[[Bundle, Path], Files]  # the bundle has only the scripts that are not there yet
    how: str  # what a person runs then

    def write(self, bundle: Bundle, out: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """Write what is not there yet; the files, relative to the folder, and the names of scripts passed over.

        Raises UsageError where the folder holds something else, or scripts of another version of the plan.
        """
        if out.exists() and (not out.is_dir() or (any(out.iterdir()) and not self.is_project(out))):
            raise UsageError(
                f"{out} is neither empty nor a project of {self.name}", next_step="name another folder, or --to's own"
            )
        there = written_scripts(self.scripts(out))
        _refuse_other_versions(bundle, there, out)
        new = tuple(script for script in bundle.scripts if script.name not in there)
        rest = Bundle(plan=bundle.plan, digest=bundle.digest, created=bundle.created, scripts=new)
        files: Files = self.render(rest, out) if new else {}
        _write(files, out)
        return tuple(files), tuple(script.name for script in bundle.scripts if script.name in there)


def head(script: Script, bundle: Bundle, comment: str = "--") -> str:
    """The line by which a file is known as ours."""
    return f"{comment} pgrefit script {script.name} of plan {bundle.digest}"


def written_scripts(folder: Path) -> dict[str, str]:
    """The scripts that earlier exports wrote there: the hash of their plan by their name."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.suffix in {".sql", ".py"} and path.is_file():
            found |= {m["name"]: m["digest"] for m in HEAD.finditer(path.read_text(encoding="utf-8", errors="replace"))}
    return found


def next_versions(taken: Iterable[str], created: str, count: int) -> list[str]:
    """Versions that come after those that are taken: time stamps, or numbers where the project counts."""
    last = max(taken, key=int, default="")
    if last and len(last) != STAMP_DIGITS:
        return [f"{int(last) + number:0{len(last)}}" for number in range(1, count + 1)]
    first = datetime.fromisoformat(created)
    if last:
        first = max(first, _stamp(last).replace(tzinfo=first.tzinfo) + timedelta(seconds=1))
    return [(first + timedelta(seconds=number)).strftime(STAMP) for number in range(count)]


def _stamp(version: str) -> datetime:
    try:
        return datetime.strptime(version, STAMP)  # noqa: DTZ007 - versions have no time zone
    except ValueError as error:
        raise UsageError(
            f"the newest migration there has a version that is no time: {version}",
            next_step="export into a folder of its own, and choose the versions yourself",
        ) from error


def _refuse_other_versions(bundle: Bundle, there: Mapping[str, str], out: Path) -> None:
    for script in bundle.scripts:
        if there.get(script.name, bundle.digest) != bundle.digest:
            raise UsageError(
                f"{out} holds {script.name} of another version of the plan",
                why=f"it was made of {there[script.name]}, this plan is {bundle.digest}",
                next_step="remove the files of the old version if they were never run; else design a plan of its own",
            )


def _write(files: Files, out: Path) -> None:
    try:
        for path, text in files.items():
            target = out / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(text.encode())
    except OSError as error:
        raise UsageError(f"{error.filename} cannot be written", why=error.strerror or str(error)) from error
