"""pgrefit demo."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pgrefit.cli import say


def demo(
    system: Annotated[str, typer.Argument(metavar="[SYSTEM]", help="A reference system.")] = "video_page",
    scale: Annotated[
        float | None, typer.Option("--scale", min=0.001, help="Size of the data; 1 is the size of the legacy figures.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="DIR", help="Where everything is written.")] = None,
    version: Annotated[int, typer.Option("--postgres", metavar="MAJOR", help="Major version of the server.")] = 18,
) -> None:
    """Take a reference system all the way.

    On an embedded PostgreSQL, everything measured; prints which of its goals it met and where the report is.
    """
    from pgrefit.api.demo import run_demo
    from pgrefit.report import text

    folder = out or Path("pgrefit-demo") / system
    goals = run_demo(system, folder, scale=scale, version=version, say=say.say)
    say.as_text(lambda console: text.goals(goals, console))
    print(f"\nThe report is in {(folder / 'report.html').resolve()}")
    if not goals.met:
        raise typer.Exit(1)
