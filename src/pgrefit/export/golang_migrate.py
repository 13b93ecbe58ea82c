"""golang-migrate: VERSION_NAME.up.sql and VERSION_NAME.down.sql, each sent to the server as one message.

A message of several statements is one transaction, and what must run outside of one needs a file of its own:
https://github.com/golang-migrate/migrate/blob/master/database/postgres/README.md (multi-statement mode, which splits at
every semicolon and therefore must stay off); names: https://github.com/golang-migrate/migrate/blob/master/MIGRATIONS.md.
"""

from __future__ import annotations

import re
from pathlib import Path

from .files import Files, Tool, head, next_versions
from .script import Bundle, Part, Script, pairs, text_of

VERSION = re.compile(r"^(\d+)_.*\.(?:up|down)\..*$")
HOW = """\
migrate -path FOLDER -database DSN goto VERSION (the last of phase switch), and when no release needs the old shape: up
with neither x-multi-statement nor x-use-transaction. back: migrate -path FOLDER -database DSN down 1
After a failure: mend the cause, migrate … force VERSION (the one before), then again"""


def render(bundle: Bundle, out: Path) -> Files:
    """Two files for each unit of each script."""
    taken = [match[1] for path in out.glob("*") if (match := VERSION.match(path.name))] if out.is_dir() else []
    made = [(script, number, *pair) for script in bundle.scripts for number, pair in enumerate(pairs(script), 1)]
    files: dict[Path, str] = {}
    for version, (script, number, up, down) in zip(next_versions(taken, bundle.created, len(made)), made, strict=True):
        stem = f"{version}_{script.name}" + (f"_{number}" if len(pairs(script)) > 1 else "")
        files[Path(f"{stem}.up.sql")] = _file(script, bundle, script.up_comments, up)
        files[Path(f"{stem}.down.sql")] = _file(script, bundle, script.down_comments, down)
    return files


def _file(script: Script, bundle: Bundle, comments: tuple[str, ...], part: Part | None) -> str:
    return "\n".join([head(script, bundle), *comments, "", text_of(part.statements) if part else ""])


TOOL = Tool(
    name="golang-migrate", is_project=lambda out: any(VERSION.match(path.name) for path in out.glob("*.up.sql")),
    scripts=lambda out: out, render=render, how=HOW,
)  # fmt: skip
