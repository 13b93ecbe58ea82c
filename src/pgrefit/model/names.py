"""Names of database objects."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

MAX_BYTES = 63
PART = re.compile(r'"((?:[^"]|"")+)"(?=\.|\Z)|([^".][^.]*)(?=\.|\Z)')


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A table, index, view, sequence or type: always qualified, pgrefit never relies on search_path."""

    schema: str
    name: str

    def __str__(self) -> str:
        return dotted(self.schema, self.name)

    def beside(self, name: str) -> Relation:
        """Another relation of the same schema."""
        return Relation(self.schema, name)

    def column(self, name: str) -> str:
        """The name of a column of it: `schema.table.column`."""
        return dotted(self.schema, self.name, name)


def dotted(*parts: str) -> str:
    """A name as people read and write it: `schema.table.column`; a part with a dot or a quote in double quotes."""
    return ".".join([part if "." not in part and '"' not in part else _in_quotes(part) for part in parts])


def _in_quotes(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


def split_dotted(name: str) -> tuple[str, ...]:
    """The parts of what `dotted` wrote; a part may be quoted without need. ValueError where it is no such name.

    Unlike SQL it takes a part without quotes as it is, upper case and blanks included.
    """
    parts: list[str] = []
    place = 0
    while place <= len(name):
        found = PART.match(name, place)
        if found is None:
            raise ValueError(f"not a name of parts with dots between them: {name}")
        parts.append(found[1].replace('""', '"') if found[1] is not None else found[2])
        place = found.end() + 1
    return tuple(parts)


def fit(name: str, suffix: str = "") -> str:
    """A name of at most 63 bytes: `name` + `suffix`, shortened in the middle by a digest where it is too long."""
    whole = name + suffix
    if len(whole.encode()) <= MAX_BYTES:
        return whole
    tail = "_" + sha256(name.encode()).hexdigest()[:8] + suffix
    room = MAX_BYTES - len(tail.encode())
    return name.encode()[:room].decode(errors="ignore") + tail
