"""pgrefit explain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pgrefit.cli import say
from pgrefit.cli.options import Format, FormatOption, Out

if TYPE_CHECKING:
    from rich.console import Console


def explain(
    name: Annotated[str, typer.Argument(metavar="RULE|CHANGE", help="Name or code.")],
    form: FormatOption = Format.TEXT,
    out: Out = None,
) -> None:
    """Say what a rule finds, or how a change is made.

    Rules of the audit and of the lint; with examples.
    """
    from pgrefit.api.explaining import explain as run

    if form not in {Format.TEXT, Format.MARKDOWN}:
        from pgrefit.errors import UsageError

        raise UsageError(f"explain has no {form} form", next_step="use --format text, markdown")
    say.check_out(out)
    page = run(name)

    def text(console: Console) -> None:
        from pgrefit.report.text.page import page as as_text

        as_text(page, console)

    say.show(form, "page", page, text, {Format.MARKDOWN: lambda: page}, out)
