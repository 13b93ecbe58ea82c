"""The program: its verbs, and how it ends."""

from __future__ import annotations

import io
import logging
import signal
import sys
from types import FrameType
from typing import Annotated, cast

import typer
from typer._click.exceptions import ClickException  # typer brings its own click, and exports no base of its errors

from pgrefit import __version__
from pgrefit.cli import say as speech
from pgrefit.cli.apply import apply, rollback, status, verify
from pgrefit.cli.audit import audit
from pgrefit.cli.bench import bench
from pgrefit.cli.control import pause, resume, stop
from pgrefit.cli.demo import demo
from pgrefit.cli.design import design
from pgrefit.cli.explain import explain
from pgrefit.cli.export import export
from pgrefit.cli.lint import lint
from pgrefit.cli.rehearse import rehearse
from pgrefit.errors import PgrefitError, UsageError

INTERRUPTED = 130
ANYWHERE = ("--quiet", "-q", "--debug")
UNEXPECTED = 70  # EX_SOFTWARE of sysexits.h: none of those that say something about the database

app = typer.Typer(
    name="pgrefit", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Take a PostgreSQL database through a refit: audit, design, rehearse, apply, verify.",
)  # fmt: skip
for verb in (
    demo, audit, explain, design, rehearse, apply, rollback, status, pause, resume, stop, verify, bench, export, lint,
):  # fmt: skip
    app.command()(verb)


def _version(asked: bool) -> None:
    if asked:
        print(f"pgrefit {__version__}")
        raise typer.Exit


@app.callback()
def options(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but results and errors.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Options of every verb."""
    del version
    speech.quiet, speech.debug = quiet, debug


def run() -> None:
    """Run the program; every way it can end has its exit status."""
    signal.signal(signal.SIGTERM, _terminated)
    logging.getLogger("psycopg").addHandler(logging.NullHandler())  # what it warns of ends in an error that we explain
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # which may know fewer letters than names are made of
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    status = _status()
    speech.finish()
    sys.exit(status)


def _terminated(_signal: int, _frame: FrameType | None) -> None:
    """Stop as at ^C: who ends us from outside finds the database as tidy."""
    raise KeyboardInterrupt


def _global_first(arguments: list[str]) -> list[str]:
    """Options of the program may stand anywhere, not before the verb alone."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    moved = [word for word in arguments[:end] if word in ANYWHERE]
    return [*moved, *(word for word in arguments[:end] if word not in ANYWHERE), *arguments[end:]]


def _status() -> int:
    try:
        status = cast("int | None", app(_global_first(sys.argv[1:]), standalone_mode=False)) or 0
    except PgrefitError as error:
        _explain(error)
        return error.exit_status
    except ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        speech.complain(shown.getvalue().rstrip("\n"))
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a person gets a sentence, not a traceback
        return _explain_unexpected(error)
    if status == INTERRUPTED:
        speech.complain("\ninterrupted; run the same command again to go on")
    return status


def _explain(error: PgrefitError) -> None:
    _trace()
    speech.complain(f"pgrefit: {error.what}")
    for label, text in (("why", error.why), ("next", error.next_step)):
        if text:
            speech.complain(f"  {label}: {text}")


def _explain_unexpected(error: Exception) -> int:
    if isinstance(error, OSError):
        _explain(UsageError(f"{error.filename or 'standard output or a file'}: {error.strerror or error}"))
        return UsageError.exit_status
    _trace()
    speech.complain(f"pgrefit: unexpected: {type(error).__name__}: {error}")
    speech.complain("  next: this is a defect of pgrefit: report it with what it prints with --debug")
    return UNEXPECTED


def _trace() -> None:
    if speech.debug:
        import traceback

        speech.complain(traceback.format_exc().rstrip())
