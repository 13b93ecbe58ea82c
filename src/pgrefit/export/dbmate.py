"""dbmate: files with an up and a down block, each of which may say transaction:false.

https://github.com/amacneil/dbmate#migration-options. A block is sent as one message, which the server runs as one
transaction if it holds several statements (https://github.com/amacneil/dbmate/issues/126): a statement that must run
outside of one gets a file of its own.
"""

from __future__ import annotations

import re
from pathlib import Path

from .files import Files, Tool, head, next_versions
from .script import Bundle, Part, Script, pairs, refuse_marks, text_of

VERSION = re.compile(r"^(\d+).*\.sql$")
HOME = Path("db", "migrations")
HOW = """\
dbmate --url DSN up runs all that is there: export --until switch first, the rest when no release needs the old shape
back: dbmate --url DSN rollback, once for each file"""


def home(out: Path) -> Path:
    """Where the migrations are: the folder itself, or what dbmate looks into."""
    return out if _is_home(out) else out / HOME


def render(bundle: Bundle, out: Path) -> Files:
    """A file for each unit of each script."""
    folder = home(out)
    taken = [match[1] for path in folder.glob("*.sql") if (match := VERSION.match(path.name))]
    made = [(name, text) for script in bundle.scripts for name, text in _files(script, bundle)]
    versions = next_versions(taken, bundle.created, len(made))
    within = folder.relative_to(out)
    return {within / f"{v}_{name}.sql": text for v, (name, text) in zip(versions, made, strict=True)}


def _files(script: Script, bundle: Bundle) -> list[tuple[str, str]]:
    refuse_marks(script, "migrate:")
    units = pairs(script)
    names = [script.name] if len(units) == 1 else [f"{script.name}_{number}" for number, _ in enumerate(units, 1)]
    return [(name, _file(script, bundle, *unit)) for name, unit in zip(names, units, strict=True)]


def _file(script: Script, bundle: Bundle, up: Part | None, down: Part | None) -> str:
    top = [head(script, bundle), *script.up_comments, _block("up", up)]
    return "\n".join([*top, _block("down", down, script.down_comments)])


def _block(way: str, part: Part | None, comments: tuple[str, ...] = ()) -> str:
    option = "" if part is None or part.in_transaction else " transaction:false"
    return "\n".join([f"-- migrate:{way}{option}", *comments, text_of(part.statements) if part else ""])


def _is_home(out: Path) -> bool:
    return any(
        "migrate:up" in path.read_text(encoding="utf-8", errors="replace")
        for path in out.glob("*.sql") if VERSION.match(path.name)
    )  # fmt: skip


TOOL = Tool(
    name="dbmate", is_project=lambda out: _is_home(out) or (out / HOME).is_dir(), scripts=home, render=render, how=HOW
)
