"""Names of database objects."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

MAX_BYTES = 63


@dataclass(frozen=True, slots=True, order=True)
class Relation:
    """A table, index, view, sequence or type: always qualified, pgrefit never relies on search_path."""

    schema: str
    name: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"

    def beside(self, name: str) -> Relation:
        """Another relation of the same schema."""
        return Relation(self.schema, name)


def fit(name: str, suffix: str = "") -> str:
    """A name of at most 63 bytes: `name` + `suffix`, shortened in the middle by a digest where it is too long."""
    whole = name + suffix
    if len(whole.encode()) <= MAX_BYTES:
        return whole
    tail = "_" + sha256(name.encode()).hexdigest()[:8] + suffix
    room = MAX_BYTES - len(tail.encode())
    return name.encode()[:room].decode(errors="ignore") + tail
