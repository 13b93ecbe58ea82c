"""What is said to a person, on standard error; results alone go to standard output."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pgrefit.cli.options import Format
from pgrefit.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.console import Console

    from pgrefit.pg.connect import Target

quiet = False
debug = False

_PADDING = re.compile(" +$", re.MULTILINE)
# A person may type a connection string where none belongs, and be told so.
_SECRETS = (
    (re.compile(r"(://[^\s:/@]*:)\S*@"), r"\1***@"),
    (re.compile(r"((?:ssl)?password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&)]+)", re.IGNORECASE), r"\1***"),
)


def say(text: str) -> None:
    """One line for a person, unless --quiet."""
    if not quiet:
        complain(text)


def complain(text: str) -> None:
    """A line that --quiet does not silence. Where nobody listens any more, the work goes on."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr)


def target(dsn: str | None, option: str | None = None, env: str | None = None) -> Target:
    """The database that is meant, and say what won."""
    from pgrefit.pg.connect import resolve

    if dsn and option:
        raise UsageError("a database is given twice", next_step="give it as an argument or with --dsn")
    found = resolve(dsn or option, env_name=env)
    say(f"database: {found.masked or 'libpq defaults'} (from {found.source})")
    return found


def check_format(verb: str, form: Format, *others: Format) -> None:
    """Refuse, before any work, a form that the verb does not have; text and JSON all have."""
    forms = (Format.TEXT, Format.JSON, *others)
    if form not in forms:
        raise UsageError(f"{verb} has no {form} form", next_step=f"use --format {', '.join(forms)}")


def check_out(out: Path | None) -> None:
    """Refuse, before any work, a file that cannot be written."""
    if out is None:
        return
    if out.is_dir():
        raise UsageError(f"{out} is a folder", next_step="name a file")
    if not out.absolute().parent.is_dir():
        raise UsageError(f"there is no folder {out.absolute().parent} to write {out.name} into")
    if not os.access(out if out.exists() else out.absolute().parent, os.W_OK):
        raise UsageError(f"{out} may not be written")


def show(
    form: Format,
    kind: str,
    value: object,
    text: Callable[[Console], None],
    others: Mapping[Format, Callable[[], str]] | None = None,
    out: Path | None = None,
) -> None:
    """A result in the form that is asked for, to a file or standard output. `others` makes what is not text or JSON."""
    from pgrefit.report import json

    match form:
        case Format.TEXT:
            as_text(text, out)
        case Format.JSON:
            _write(json.document(kind, value).decode(), out)
        case _:
            _write((others or {})[form](), out)


def results(text: str) -> None:
    """Print to standard output; whoever reads it may stop reading."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget(sys.stdout)


def as_text(text: Callable[[Console], None], out: Path | None = None) -> None:
    """What is printed to a console; elsewhere than on a terminal without blanks at the ends of lines."""
    from rich.console import Console

    if out is None and sys.stdout.isatty():
        text(Console(highlight=False))
        return
    written = io.StringIO()
    text(Console(file=written, width=None if out is None else 100, highlight=False))
    _write(_PADDING.sub("", written.getvalue()), out)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        results(text)
    else:
        out.write_text(text, encoding="utf-8")
        say(f"written: {out}")


def finish() -> None:
    """Write what is still held back; where nobody listens any more, the exit status stays that of the work."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            _forget(stream)


def _forget(stream: TextIO) -> None:
    """Send what is still to come nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())


def confirm(question: str, *, yes: bool) -> None:
    """Ask on a terminal; elsewhere --yes is needed."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError("this changes the database", next_step="look at it with --dry-run, then run it with --yes")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise UsageError("not confirmed; nothing was changed")
