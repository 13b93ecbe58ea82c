"""A page of documentation as text."""

from __future__ import annotations

from rich.console import Console
from rich.markdown import Markdown

from pgrefit.report.units import visible


def page(text: str, console: Console) -> None:
    """Markdown, set for the terminal; addresses of links are left out."""
    console.print(Markdown(visible(text), hyperlinks=True, code_theme="ansi_dark"))
