"""Building SVG: elements whose texts and attributes are escaped and whose numbers are finite."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable

from markupsafe import Markup, escape

Attribute = str | float | None

MONO = 0.602  # width of a character of the monospaced fonts that the page asks for, in em


def element(name: str, *children: Markup | str, **attributes: Attribute) -> Markup:
    """An element. In attribute names `_` stands for `-`, a trailing one is dropped: class_, text_anchor."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_attribute(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{written}>{joined(children)}</{name}>")  # noqa: S704 - each part is escaped where it is made


def joined(parts: Iterable[Markup | str]) -> Markup:
    """Parts one after the other; plain strings are escaped."""
    return Markup("").join(parts)


def viewbox(name: str, width: float, height: float, *children: Markup | str) -> Markup:
    """A picture of a fixed size in px; `name` says what it shows to those who cannot see it."""
    title = element("title", name)
    box = f"0 0 {coordinate(width)} {coordinate(height)}"
    return element("svg", title, *children, viewBox=box, width=width, height=height, role="img")


def stretched(name: str, height: float, *children: Markup | str, class_: str) -> Markup:
    """A picture as wide as the page lets it be: x coordinates in it are percentages, y px."""
    title = element("title", name)
    return element("svg", title, *children, width="100%", height=height, role="img", class_=class_)


def coordinate(value: float) -> str:
    """A number as SVG takes it, to a tenth of a px; ValueError where it is not finite."""
    if not math.isfinite(value):
        raise ValueError("a coordinate that is not finite")
    return f"{value:.1f}".removesuffix(".0")


def percent(value: float) -> str:
    """A share of the width, 0 to 1, kept inside."""
    if not math.isfinite(value):
        raise ValueError("a coordinate that is not finite")
    return f"{min(max(value, 0.0), 1.0) * 100:.2f}%"


def columns(text: str) -> int:
    """How many columns of a monospaced font the text takes."""
    return sum(_columns(character) for character in text)


def clipped(text: str, limit: int) -> str:
    """The text, ended by an ellipsis where it takes more columns than `limit`."""
    text = " ".join(text.split())
    if columns(text) <= limit:
        return text
    kept, room = "", limit - 1
    for character in text:
        room -= _columns(character)
        if room < 0:
            break
        kept += character
    return kept.rstrip() + "…"


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _attribute(value: str | float | None) -> str:
    return coordinate(value) if isinstance(value, (int, float)) else str(escape(value))
