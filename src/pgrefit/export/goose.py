"""goose: one file a step, every statement between StatementBegin and StatementEnd.

A file with the annotation NO TRANSACTION is run statement by statement, both ways; all others in one transaction:
https://pressly.github.io/goose/documentation/annotations/. What stands between the two is sent as one message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pgrefit.model.ddl import Statement

from .files import Files, Tool, head, next_versions
from .script import Bundle, Part, Script, refuse_marks

VERSION = re.compile(r"^(\d+)_.*\.(?:sql|go)$")
HOW = """\
goose -dir FOLDER postgres DSN up-to VERSION (the last of phase switch), and when no release needs the old shape: up
back: goose -dir FOLDER postgres DSN down"""


def render(bundle: Bundle, out: Path) -> Files:
    """A file a script."""
    taken = [match[1] for path in out.glob("*") if (match := VERSION.match(path.name))] if out.is_dir() else []
    versions = next_versions(taken, bundle.created, len(bundle.scripts))
    return {
        Path(f"{version}_{script.name}.sql"): _file(script, bundle)
        for version, script in zip(versions, bundle.scripts, strict=True)
    }


def _file(script: Script, bundle: Bundle) -> str:
    refuse_marks(script, "+goose")
    outside = not script.in_transaction
    mark = ("-- +goose NO TRANSACTION",) if outside else ()
    up = _wrapped(script.cleaning) + _sql(script.up, outside=outside)
    lines = [head(script, bundle), *script.up_comments, *mark, "-- +goose Up", up, "-- +goose Down"]
    return "\n".join([*lines, *script.down_comments, _sql(script.down, outside=outside)])


def _sql(parts: Iterable[Part], *, outside: bool) -> str:
    """Where goose begins no transaction, what belongs into one is sent as one message, which is one."""
    return "".join(
        _wrapped((Statement(";\n".join(part.statements)),)) if outside and part.in_transaction
        else _wrapped(part.one_by_one()) for part in parts
    )  # fmt: skip


def _wrapped(statements: Iterable[Statement]) -> str:
    # The semicolon on a line of its own: a comment in the last line would swallow it.
    return "".join(f"-- +goose StatementBegin\n{text}\n;\n-- +goose StatementEnd\n" for text in statements)


def _is_project(out: Path) -> bool:
    return any(
        "+goose up" in path.read_text(encoding="utf-8", errors="replace").lower()
        for path in out.glob("*.sql") if VERSION.match(path.name)
    )  # fmt: skip


TOOL = Tool(name="goose", is_project=_is_project, scripts=lambda out: out, render=render, how=HOW)
