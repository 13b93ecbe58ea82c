"""Flyway: V…__name.sql, U…__name.sql for the way back, and beside each a script configuration, V…__name.sql.conf.

Names: https://documentation.red-gate.com/fd/versioned-migrations-273973333.html; executeInTransaction and
placeholderReplacement for one script:
https://documentation.red-gate.com/flyway/flyway-cli-and-api/configuration/script-configuration. Undo is not in the free
edition; the U files are plain SQL and run with psql too. Flyway's own lock must not be a transaction's where a
statement waits for all transactions, as CONCURRENTLY does: flyway.postgresql.transactional.lock=false,
https://github.com/flyway/flyway/issues/3854.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from .files import Files, Tool, head, next_versions
from .psql import sql
from .script import Bundle, Script, text_of

VERSION = re.compile(r"^[VU](\d+)(?:[._]\d+)*__.*\.sql$")
TOML = '[flyway]\nlocations = ["filesystem:sql"]\n\n[flyway.postgresql.transactional]\nlock = false\n'
HOW = """\
flyway -postgresql.transactional.lock=false -target=VERSION (the last of phase switch) migrate, and when no release
needs the old shape, without -target. With that lock's default CREATE INDEX CONCURRENTLY waits for Flyway itself
back: flyway undo (not in the free edition), or psql -X -v ON_ERROR_STOP=1 -d DSN -f U….sql, the newest first"""


def home(out: Path) -> Path:
    """Where the migrations are: the folder itself, or the first location of the project."""
    return out if _is_home(out) else out / _location(out)


def render(bundle: Bundle, out: Path) -> Files:
    """Two files a script, and their configurations."""
    files: dict[Path, str] = {}
    if not _is_project(out):
        files[Path("flyway.toml")] = TOML
    folder = home(out)
    taken = [match[1] for path in folder.rglob("*.sql") if (match := VERSION.match(path.name))]
    within = folder.relative_to(out)
    for version, script in zip(next_versions(taken, bundle.created, len(bundle.scripts)), bundle.scripts, strict=True):
        for letter in "VU":
            name = f"{letter}{version}__{script.name}.sql"
            files[within / name] = _file(script, bundle, down=letter == "U")
            files[within / f"{name}.conf"] = _configuration(script, down=letter == "U")
    return files


def _file(script: Script, bundle: Bundle, *, down: bool) -> str:
    parts = script.down if down else script.up
    comments = script.down_comments if down else script.up_comments
    if _in_transaction(script, down=down):
        body = "".join(text_of(part.statements) for part in parts)
    else:
        body = sql(parts, () if down else script.cleaning)
    return "\n".join([head(script, bundle), *comments, "", body])


def _configuration(script: Script, *, down: bool) -> str:
    within = str(_in_transaction(script, down=down)).lower()
    return f"executeInTransaction={within}\nplaceholderReplacement=false\n"


def _in_transaction(script: Script, *, down: bool) -> bool:
    return all(part.in_transaction for part in (script.down if down else script.up))


def _is_home(out: Path) -> bool:
    return any(VERSION.match(path.name) for path in out.glob("*.sql"))


def _is_project(out: Path) -> bool:
    return _is_home(out) or (out / "flyway.toml").exists() or (out / "flyway.conf").exists()


def _location(out: Path) -> str:
    """The first location on the file system that the project names; sql otherwise, as Flyway's own default."""
    for place in _locations(out):
        if place.startswith("filesystem:") and not Path(place.removeprefix("filesystem:")).is_absolute():
            return place.removeprefix("filesystem:")
    return "sql"


def _locations(out: Path) -> list[str]:
    if (out / "flyway.toml").exists():
        document = tomllib.loads((out / "flyway.toml").read_text(encoding="utf-8"))
        return list(document.get("flyway", {}).get("locations", []))
    if (out / "flyway.conf").exists():
        lines = (out / "flyway.conf").read_text(encoding="utf-8").splitlines()
        found = [line.partition("=")[2] for line in lines if line.strip().startswith("flyway.locations")]
        return [place.strip() for text in found for place in text.split(",")]
    return []


TOOL = Tool(name="flyway", is_project=_is_project, scripts=home, render=render, how=HOW)
