"""What roles can read and change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .names import Relation

Privilege = Literal["none", "some columns", "table"]
Command = Literal["select", "insert", "update", "delete", "call"]
COMMANDS: tuple[Command, ...] = ("select", "insert", "update", "delete")  # on tables and views


@dataclass(frozen=True, slots=True)
class Persona:
    """A role, with settings that the application would make: `request.jwt.claims` and the like."""

    role: str
    settings: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return ";".join((self.role, *(f"{name}={value}" for name, value in self.settings)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a persona reaches of a table or view by one command, or by calling a function with its owner's rights.

    `rows`: how many, of those that are there; None where they were not counted. `condition`: what a row that is added
    or changed must satisfy; '' is nothing. `refused`: why it reaches nothing, or was not counted.

    Where it was `executed`, on a copy, `rows` are those that the statement reached, of an INSERT how many copies of
    `of` rows were let in. `blind`: how many a statement reaches that reads no column, hence asks no policy for reading,
    where these are more. `writes`: tables of which rows were changed besides. `differs`: how what was asked read-only
    differs from what happened, and why.
    """

    persona: str
    table: Relation
    command: Command
    privilege: Privilege
    rows: int | None = None
    of: int | None = None
    condition: str = ""
    refused: str = ""
    executed: bool = False
    blind: int | None = None
    writes: tuple[str, ...] = ()
    differs: str = ""
