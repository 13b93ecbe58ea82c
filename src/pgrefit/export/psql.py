"""Plain psql: two files a step, and one a phase that includes them in order.

psql sends statements one by one, each in a transaction of its own unless BEGIN was sent:
https://www.postgresql.org/docs/current/app-psql.html (ON_ERROR_STOP, \\ir).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from pgrefit.model.change import Phase
from pgrefit.model.ddl import Statement

from .files import Files, Tool, head
from .script import Bundle, Part, Script, text_of

STOP = "\\set ON_ERROR_STOP on\n\\encoding UTF8\n"
HOW = """\
psql -X -d DSN -f expand.sql, then migrate.sql, switch.sql and, when no release needs the old shape, contract.sql
back: the .down.sql files in reverse order, or all of them by down.sql"""


def render(bundle: Bundle, out: Path) -> Files:
    """Two files a script; the phases' files name all that is there."""
    files: dict[Path, str] = {}
    for script in bundle.scripts:
        files[Path(f"{script.name}.up.sql")] = up(script, bundle)
        files[Path(f"{script.name}.down.sql")] = down(script, bundle)
    names = sorted({path.name for path in (*out.glob("*_*.up.sql"), *files) if path.name.endswith(".up.sql")})
    for phase in Phase:
        files[Path(f"{phase.value}.sql")] = _including(name for name in names if f"_{phase.value}_" in name)
    files[Path("down.sql")] = _including(name.replace(".up.sql", ".down.sql") for name in reversed(names))
    return files


def up(script: Script, bundle: Bundle) -> str:
    """A script for psql that does a step."""
    return _file([head(script, bundle), *script.up_comments], sql(script.up, script.cleaning))


def down(script: Script, bundle: Bundle) -> str:
    """A script for psql that takes it back."""
    return _file([head(script, bundle), *script.down_comments], sql(script.down))


def sql(parts: Iterable[Part], cleaning: tuple[Statement, ...] = ()) -> str:
    """Statements with the transactions spelled out, what makes room after a failed try before them."""
    room = f"-- Removes what a failed try left behind.\n{text_of(cleaning)}" if cleaning else ""
    return room + "".join(_part(part) for part in parts)


def _part(part: Part) -> str:
    if part.in_transaction:
        return f"BEGIN;\n{text_of(part.statements)}COMMIT;\n"
    return text_of(part.one_by_one())


def _file(comments: list[str], body: str) -> str:
    return "\n".join([*comments, "", STOP]) + body


def _including(names: Iterable[str]) -> str:
    return STOP + "".join(_lines(names))


def _lines(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        yield f"\\echo {name}\n\\ir {name}\n"


TOOL = Tool(
    name="psql", is_project=lambda out: (out / "down.sql").exists() and (out / "contract.sql").exists(),
    scripts=lambda out: out, render=render, how=HOW,
)  # fmt: skip
