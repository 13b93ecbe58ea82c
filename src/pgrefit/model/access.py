"""What roles can read and change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .names import Relation

Privilege = Literal["none", "some columns", "table"]
Command = Literal["select", "insert", "update", "delete"]
COMMANDS: tuple[Command, ...] = ("select", "insert", "update", "delete")


@dataclass(frozen=True, slots=True)
class Persona:
    """A role, with settings that the application would make: `request.jwt.claims` and the like."""

    role: str
    settings: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ";".join((self.role, *(f"{name}={value}" for name, value in self.settings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a persona reaches of a table by one command.

    `rows`: how many, of those that are there; None where they were not counted. `condition`: of an INSERT, what a row
    must satisfy; '' is nothing. `refused`: why it reaches nothing, or was not counted.
    """

    persona: str
    table: Relation
    command: Command
    privilege: Privilege
    rows: int | None = None
    of: int | None = None
    condition: str = ""
    refused: str = ""
