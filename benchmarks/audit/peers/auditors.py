"""What an auditor of others is: how it is had, which of its checks are like which of our rules, what it says."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

SERVER = {"PGOPTIONS": "-c search_path="}  # so that names come with their schema
ANY_PASSWORD = "none"  # of programs that want one where the server asks for none


class Missing(Exception):
    """Why an auditor cannot be had here."""


class Failed(Exception):
    """What an auditor died of."""


class TooLong(Exception):
    """It was stopped when its time was over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """What is to be audited: which schemas, and within how many seconds."""

    dsn: str
    schemas: tuple[str, ...]
    seconds: float

    @property
    def parameters(self) -> dict[str, str]:
        """Host, port, user and the like."""
        return {name: str(value) for name, value in conninfo_to_dict(self.dsn).items() if value}


@dataclass(frozen=True, slots=True)
class Said:
    """One finding: its check, and the text that names the object. The schema where the auditor tells it apart."""

    check: str
    text: str
    schema: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """All that an auditor said; `errors` are those of single checks that it survived."""

    said: tuple[Said, ...]
    errors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Auditor:
    """One of others. `rules`: for a rule of ours, the checks of theirs that look for the same."""

    name: str
    version: str
    licence: str
    registry: str
    rules: Mapping[str, tuple[str, ...]]
    install: Callable[[Path], None]
    audit: Callable[[Path, Database], Heard]

    @property
    def title(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


def run(
    argv: Sequence[str | Path], limit: float, *, text: str = "", folder: Path | None = None,
    environment: Mapping[str, str] | None = None, fine: tuple[int, ...] = (0,),
) -> subprocess.CompletedProcess[str]:  # fmt: skip
    """Run a program of others. Raises Failed, or TooLong after `limit` seconds."""
    environment = {**os.environ, **SERVER, **(environment or {})}
    try:
        done = subprocess.run(
            argv, input=text, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=limit
        )
    except subprocess.TimeoutExpired as error:
        raise TooLong(f"stopped after {limit:g} s") from error
    except OSError as error:
        raise Failed(str(error)) from error
    if done.returncode not in fine:
        raise Failed(last_line(done.stderr) or last_line(done.stdout) or f"exit status {done.returncode}")
    return done


def last_line(text: str) -> str:
    """What a program said last, cut to a readable length."""
    return (text.strip().splitlines() or [""])[-1][:200]


def schema_in(text: str, schemas: frozenset[str]) -> str:
    """The schema with which a qualified name begins, quoted or not; "" where it is none of these."""
    ends = [place for place, letter in enumerate(text) if letter == "."]
    spelt = (unquoted(text[:end]) for end in ends)
    return next((schema for schema in spelt if schema in schemas), "")


def unquoted(name: str) -> str:
    """A name without the quotes that SQL wants around it."""
    return name[1:-1].replace('""', '"') if len(name) > 2 and name[0] == name[-1] == '"' else name


def quoted(name: str) -> str:
    """As SQL has it."""
    return sql.Identifier(name).as_string()
