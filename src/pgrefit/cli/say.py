"""What is said to a person, on standard error; results alone go to standard output."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pgrefit.cli.options import Format
from pgrefit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from pgrefit.pg.connect import Target
    from pgrefit.report.story import Story

quiet = False


def say(text: str) -> None:
    """One line for a person."""
    if not quiet:
        print(text, file=sys.stderr)


def target(dsn: str | None, option: str | None = None, env: str | None = None) -> Target:
    """The database that is meant, and say what won."""
    from pgrefit.pg.connect import resolve

    if dsn and option:
        raise UsageError("a database is given twice", next_step="give it as an argument or with --dsn")
    found = resolve(dsn or option, env_name=env)
    say(f"database: {found.masked or 'libpq defaults'} (from {found.source})")
    return found


def show(
    form: Format, kind: str, value: object, text: Callable[[Console], None], story: Story, out: Path | None = None
) -> None:
    """A result in the form that is asked for, to a file or standard output."""
    from pgrefit.report import html, json, markdown

    match form:
        case Format.JSON:
            _write(json.document(kind, value).decode() + "\n", out)
        case Format.HTML:
            _write(html.render(story), out)
        case Format.MARKDOWN:
            if story.goals is None and story.findings is None:
                raise UsageError(f"{kind} has no Markdown form", next_step="use --format text, json or html")
            parts = [
                markdown.goals(story.goals) if story.goals else "",
                markdown.findings(story.findings) if story.findings else "",
            ]
            _write("\n".join(part for part in parts if part), out)
        case Format.TEXT:
            _text(text, out)


def _text(text: Callable[[Console], None], out: Path | None) -> None:
    from rich.console import Console

    if out is None:
        text(Console(highlight=False))
        return
    with out.open("w", encoding="utf-8") as file:
        text(Console(file=file, width=100, highlight=False))


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")
        say(f"written: {out}")


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere --yes is needed."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("this changes the database", next_step="look at it with --dry-run, then run it with --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("not confirmed; nothing was changed")
