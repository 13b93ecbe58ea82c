"""The program: its verbs, and how it ends."""

from __future__ import annotations

import os
import sys
import traceback
from typing import Annotated

import typer

from pgrefit import __version__
from pgrefit.cli import say as speech
from pgrefit.cli.apply import apply, rollback, status, verify
from pgrefit.cli.audit import audit
from pgrefit.cli.bench import bench
from pgrefit.cli.demo import demo
from pgrefit.cli.design import design
from pgrefit.cli.rehearse import rehearse
from pgrefit.errors import PgrefitError

INTERRUPTED = 130

app = typer.Typer(
    name="pgrefit", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None,
    help="Take a PostgreSQL database through a refit: audit, design, rehearse, apply, verify.",
)  # fmt: skip
for verb in (demo, audit, design, rehearse, apply, rollback, status, verify, bench):
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
    """Options that stand before the verb."""
    del version
    speech.quiet = quiet
    if debug:
        os.environ["PGREFIT_DEBUG"] = "1"


def run() -> None:
    """Run the program; every way it can end has its exit status."""
    try:
        app()
    except PgrefitError as error:
        _explain(error)
        sys.exit(error.exit_status)
    except KeyboardInterrupt:
        print("\ninterrupted; run the same command again to go on", file=sys.stderr)
        sys.exit(INTERRUPTED)


def _explain(error: PgrefitError) -> None:
    if os.environ.get("PGREFIT_DEBUG"):
        traceback.print_exc()
    print(f"pgrefit: {error.what}", file=sys.stderr)
    for label, text in (("why", error.why), ("next", error.next_step)):
        if text:
            print(f"  {label}: {text}", file=sys.stderr)
