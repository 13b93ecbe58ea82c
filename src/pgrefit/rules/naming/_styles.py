"""How names are spelt."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Table
from pgrefit.rules._columns import own_columns

Style = Literal["snake_case", "camelCase", "PascalCase", "UPPER_CASE", "other"]
FORMS: tuple[tuple[Style, re.Pattern[str]], ...] = (
    ("snake_case", re.compile(r"[a-z0-9_$]+")),
    ("UPPER_CASE", re.compile(r"[A-Z0-9_$]+")),
    ("camelCase", re.compile(r"[a-z][A-Za-z0-9]*")),
    ("PascalCase", re.compile(r"[A-Z][A-Za-z0-9]*")),
)


def style_of(name: str) -> Style | None:
    """The style of a name; None of a single word in lower case, which fits two of them."""
    if name.isalnum() and name == name.lower():
        return None
    for style, form in FORMS:
        if form.fullmatch(name):
            return style
    return "other"


def named_things(observation: Observation) -> Iterator[tuple[Table, str, tuple[str, ...]]]:
    """Each stored table, its name and those of its columns."""
    for table, columns in own_columns(observation):
        yield table, table.name.name, tuple(column.name for column in columns)
