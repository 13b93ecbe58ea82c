"""Supabase CLI: supabase/migrations/TIMESTAMP_NAME.sql, sent in order, each file as one transaction.

https://supabase.com/docs/guides/deployment/database-migrations. A file's statements go to the server in one pipeline,
which commits as a whole (pkg/migration/file.go of https://github.com/supabase/cli): a statement that must run outside
of a transaction gets a file of its own. The CLI has no way back of its own, `migration down` makes the database anew;
so that is in supabase/rollbacks, for psql: https://supabase.com/docs/reference/cli/supabase-migration-repair.
"""

from __future__ import annotations

import re
from pathlib import Path

from .files import Files, Tool, head, next_versions
from .psql import down
from .script import Bundle, Script, text_of, units

VERSION = re.compile(r"^(\d+)_.*\.sql$")
HOW = """\
supabase db push runs all that is there: export --until switch first, and the rest when no release needs the old shape
back: psql -X -d DSN -f supabase/rollbacks/NAME.sql, the newest first, then for each of its versions
supabase migration repair --status reverted VERSION. Never `supabase migration down`: it makes the database anew"""


def home(out: Path) -> Path:
    """The folder supabase: the one that is given, or the one in it."""
    return out if (out / "config.toml").exists() else out / "supabase"


def render(bundle: Bundle, out: Path) -> Files:
    """A file for each unit of each script, and one a script for the way back."""
    folder = home(out)
    within = folder.relative_to(out)
    files: dict[Path, str] = {}
    if not (folder / "config.toml").exists():
        files[within / "config.toml"] = f'project_id = "{bundle.plan}"\n'
    taken = [m[1] for path in (folder / "migrations").glob("*.sql") if (m := VERSION.match(path.name))]
    made = [(name, text) for script in bundle.scripts for name, text in _files(script, bundle)]
    for version, (name, text) in zip(next_versions(taken, bundle.created, len(made)), made, strict=True):
        files[within / "migrations" / f"{version}_{name}.sql"] = text
    for script in bundle.scripts:
        files[within / "rollbacks" / f"{script.name}.sql"] = down(script, bundle)
    return files


def _files(script: Script, bundle: Bundle) -> list[tuple[str, str]]:
    parts = units(script.up)
    names = [script.name] if len(parts) == 1 else [f"{script.name}_{number}" for number, _ in enumerate(parts, 1)]
    lines = "\n".join([head(script, bundle), *script.up_comments, "", ""])
    return [(name, lines + text_of(part.statements)) for name, part in zip(names, parts, strict=True)]


TOOL = Tool(
    name="supabase", is_project=lambda out: (home(out) / "config.toml").exists(),
    scripts=lambda out: home(out) / "migrations", render=render, how=HOW,
)  # fmt: skip
