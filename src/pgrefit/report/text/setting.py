"""How text is set: what every printed value is made of. Names come from the database, so nothing is read as markup."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgrefit.report.units import visible

STRONG = "bold"
FAINT = "dim"
GOOD = "green"
BAD = "bold red"
WARN = "yellow"


def say(text: str, style: str = "") -> Text:
    """Text as it is, long words folded rather than cut."""
    return Text(visible(text), style=style, overflow="fold")


def phrase(*parts: tuple[str, str]) -> Text:
    """Pieces of text, each with its style, on one line."""
    line = Text(overflow="fold")
    for text, style in parts:
        line.append(visible(text), style=style)
    return line


def heading(console: Console, text: str) -> None:
    """A heading with a blank line before it."""
    console.print()
    console.print(say(text, STRONG))


def indented(console: Console, text: Text, by: int = 4) -> None:
    """A paragraph set in from the left, also where it wraps."""
    console.print(Padding(text, (0, 0, 0, by), expand=False))


def table(
    console: Console, titles: Sequence[str], rows: Iterable[Sequence[Text | str]], numbers: Container[str] = ()
) -> None:
    """A table without rules. Columns whose title is in `numbers` are set to the right and never folded."""
    grid = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style=FAINT)
    for title in titles:
        number = title in numbers
        grid.add_column(say(title), justify="right" if number else "left", overflow="fold", no_wrap=number)
    for row in rows:
        grid.add_row(*(cell if isinstance(cell, Text) else say(cell) for cell in row))
    console.print(grid)


def mark(*, good: bool, yes: str = "ok", no: str = "failed") -> Text:
    """A verdict in a word."""
    return say(yes, GOOD) if good else say(no, BAD)
