"""Alembic: a revision file a step, each after the one before.

What must run outside of a transaction does so in an autocommit block, which commits what went before it:
https://alembic.sqlalchemy.org/en/latest/api/runtime.html#alembic.runtime.migration.MigrationContext.autocommit_block.
Without transaction_per_migration all revisions share a transaction and its locks (same page, configure()); so revisions
refuse to run without it. Statements go to the driver as they are: neither colons nor percent signs mean anything.
"""

from __future__ import annotations

import ast
import configparser
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import cast

from pgrefit.errors import UsageError
from pgrefit.model.ddl import Statement

from .files import Files, Tool, head
from .script import Bundle, Part, Script

INDENT = "    "
INI = "[alembic]\nscript_location = %(here)s/alembic\n"
ENV = '''\
"""Runs the revisions on the database that the environment variable DATABASE_URL names, a transaction for each."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

if context.is_offline_mode():
    context.configure(dialect_name="postgresql", transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    with create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool).connect() as connection:
        context.configure(connection=connection, transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
'''
MAKO = '''\
"""${message}"""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''
RUN = '''\
def _run(sql):
    """Send a statement as it is; print it in offline mode."""
    context = op.get_context()
    if not context.opts.get("transaction_per_migration"):
        raise RuntimeError("set transaction_per_migration=True in env.py: locks must end with their revision")
    if context.as_sql:
        context.impl.static_output(sql.strip() + "\\n;\\n")
    else:
        op.get_bind().exec_driver_sql(sql, execution_options={"no_parameters": True})
'''
HOW = """\
alembic upgrade REVISION (the last of phase switch), and when no release needs the old shape: alembic upgrade head
env.py must configure transaction_per_migration=True. back: alembic downgrade -1"""


def render(bundle: Bundle, out: Path) -> Files:
    """A revision a script, and in an empty folder an environment to run them in."""
    files: dict[Path, str] = {}
    if not _is_project(out):
        files |= {Path("alembic.ini"): INI, Path("alembic/env.py"): ENV, Path("alembic/script.py.mako"): MAKO}
    folder = versions(out)
    before = _head_revision(folder)
    for script in bundle.scripts:
        revision = sha256(f"{bundle.digest} {script.name}".encode()).hexdigest()[:12]
        files[folder.relative_to(out) / f"{revision}_{script.name}.py"] = _revision(script, bundle, revision, before)
        before = revision
    return files


def versions(out: Path) -> Path:
    """The folder of revisions that the project names."""
    reader = configparser.ConfigParser()
    if _is_project(out):
        reader.read(out / "alembic.ini", encoding="utf-8")
    place = reader.get("alembic", "script_location", fallback="alembic", vars={"here": "."}, raw=False)
    return out / place / "versions"


def _revision(script: Script, bundle: Bundle, revision: str, before: str | None) -> str:
    comments = [head(script, bundle, "#"), *(_comment(line) for line in script.up_comments)]
    up = [*_running((Part(script.cleaning, in_transaction=False),) if script.cleaning else ()), *_running(script.up)]
    down = [*(INDENT + _comment(line) for line in script.down_comments), *_running(script.down)]
    title = script.up_comments[0].removeprefix("-- ").replace("\\", "/").replace('"', "'")
    return "\n".join(
        [
            *comments, f'"""{title}"""', "", "from alembic import op", "", f'revision = "{revision}"',
            f"down_revision = {before!r}", "branch_labels = None", "depends_on = None", "", "", RUN, "",
            "def upgrade():", *(up or [INDENT + "pass"]), "", "",
            "def downgrade():", *(down if script.down else [*down, INDENT + "pass"]), "",
        ]
    )  # fmt: skip


def _running(parts: Iterable[Part]) -> Iterator[str]:
    for part in parts:
        if part.in_transaction:
            yield from (f"{INDENT}_run({_literal(text)})" for text in part.statements)
        else:
            yield f"{INDENT}with op.get_context().autocommit_block():"
            yield from (f"{INDENT * 2}_run({_literal(text)})" for text in part.one_by_one())


def _literal(text: Statement) -> str:
    """A raw string over lines, where the text can be one."""
    return repr(text) if '"""' in text or "\r" in text or "\0" in text else f'r"""\n{text}\n"""'


def _comment(line: str) -> str:
    return "#" + line.removeprefix("--")


def _head_revision(folder: Path) -> str | None:
    """The revision that no other one follows; None where there is none. Raises UsageError where there are several."""
    after: dict[str, set[str]] = {}
    for path in folder.glob("*.py"):
        named = _assigned(path)
        if isinstance(revision := named.get("revision"), str):
            after[revision] = _names(named.get("down_revision"))
    heads = sorted(set(after) - {below for names in after.values() for below in names})
    if len(heads) > 1:
        raise UsageError(
            f"the project has several heads: {', '.join(heads)}", next_step="alembic merge heads, then export again"
        )
    return heads[0] if heads else None


def _names(value: object) -> set[str]:
    """The revisions that a revision follows: one, several, or none."""
    match value:
        case str():
            return {value}
        case tuple() | list():
            return {str(item) for item in cast("Sequence[object]", value)}
        case _:
            return set()


def _assigned(path: Path) -> dict[str, object]:
    """The constants that a revision file assigns at its top."""
    found: dict[str, object] = {}
    for node in ast.parse(path.read_text(encoding="utf-8"), filename=str(path)).body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {target.id for target in targets if isinstance(target, ast.Name)}
            found |= dict.fromkeys(names & {"revision", "down_revision"}, _constant(node.value))
    return found


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _is_project(out: Path) -> bool:
    return (out / "alembic.ini").exists()


TOOL = Tool(name="alembic", is_project=_is_project, scripts=versions, render=render, how=HOW)
