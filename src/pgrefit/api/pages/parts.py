"""What pages are made of."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import dedent


def page(lines: Iterable[str]) -> str:
    """The text of a page."""
    return "\n".join(lines) + "\n"


def origin(what: str) -> str:
    """The comment that heads a page."""
    return f"<!-- Written by `make docs` from {what}: change it there. -->\n"


def source(module: str) -> str:
    """The file of a module, within the repository."""
    return f"src/{module.replace('.', '/')}.py"


def sql(text: str) -> Iterable[str]:
    """A block of SQL."""
    return ("```sql", dedent(text).strip("\n").rstrip(), "```")


def kebab(module: str) -> str:
    """The name of a page, from that of a module."""
    return module.rpartition(".")[2].replace("_", "-")
