"""Migration files in the order in which a tool would run them, and which tool that is."""

from __future__ import annotations

import re
import tomllib
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pgrefit.errors import UsageError
from pgrefit.lint.tools import OWN, Convention, convention_of, is_check_file, is_down_file
from pgrefit.model.change import Work
from pgrefit.model.locks import LockMode

PLAN_FILE = "plan.toml"
DIGITS = re.compile(r"(\d+)")
DATED = re.compile(r"^(\d{4})-(\d{2})-(\d{2})-?(\d{6})?(?!\d)")  # as diesel writes it, beside 20170322130523


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file's name, text and the convention by which it is run. Files of one `series` are run after each other."""

    name: str
    text: str
    convention: Convention
    series: str = ""
    down: bool = False  # its down section is meant, not its up section
    encoding: str = ""  # other than UTF-8, in which it was read
    declared: bool = False  # a step of a plan that says itself that it works on all rows under a strong lock


def read_sources(paths: Iterable[Path], *, down: bool = False) -> tuple[Source, ...]:
    """All migration files below these paths; `down`: the ways back instead.

    Raises UsageError where there is nothing, or something that cannot be read.
    """
    found = tuple(source for path in paths for source in _sources(path, down=down))
    if not found:
        raise UsageError("there is no migration file here", next_step="name *.sql files, or folders that hold some")
    return found


def source_from_text(text: str, name: str = "migration.sql") -> Source:
    """A migration that is no file; its convention is told by its text."""
    return Source(name=name, text=text, convention=convention_of(Path(name), text))


def _sources(path: Path, *, down: bool) -> Iterator[Source]:
    if not path.exists():
        raise UsageError(f"there is no file or folder {path}")
    if path.is_file():
        yield _source(path, series="", down=down)
    elif (path / PLAN_FILE).is_file():
        yield from _plan(path, down=down)
    else:
        for file in sorted((f for f in path.rglob("*.sql") if f.is_file()), key=lambda f: _order(f.relative_to(path))):
            if _hidden(file.relative_to(path)) or is_check_file(file):
                continue
            if down or not is_down_file(file):
                yield _source(file, series=str(path), down=down)


def _source(path: Path, *, series: str, down: bool) -> Source:
    text, encoding = _text(path)
    convention = convention_of(path, text)
    return Source(name=str(path), text=text, convention=convention, series=series, down=down, encoding=encoding)


def _plan(folder: Path, *, down: bool) -> Iterator[Source]:
    """The step files of a plan of our own, each run as its step says."""
    try:
        steps: list[dict[str, Any]] = tomllib.loads(_text(folder / PLAN_FILE)[0]).get("steps", [])
        side = "undo" if down else "do"
        files = [(folder / step[side]["file"], bool(step["in_transaction"]), _declares(step)) for step in steps]
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(f"{folder / PLAN_FILE} is not a plan of pgrefit", why=str(error)) from error
    for path, in_transaction, declared in reversed(files) if down else files:
        convention = Convention(tool=OWN, transaction="whole" if in_transaction else "none", known=True)
        name, text = str(path), _text(path)[0]
        yield Source(name=name, text=text, convention=convention, series=str(folder), declared=declared)


def _declares(step: dict[str, Any]) -> bool:
    strong = any(LockMode(lock["mode"]).blocks_writes for lock in step["locks"])
    return strong and Work(step["work"]) in {Work.SCAN, Work.BUILD, Work.REWRITE}


def _text(path: Path) -> tuple[str, str]:
    """The text, with Unix line ends, and the encoding that it was read in: '' for UTF-8.

    Raises UsageError where the file cannot be read. Bytes that are no UTF-8 are read as Latin-1, in which every byte is
    a character, so that one old file does not keep the others from being looked at.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=error.strerror or str(error)) from error
    encodings = ("utf-16",) if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else ("utf-8-sig",)
    for encoding in (*encodings, "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        # a byte 0 would end the text for the parser
        return text.replace("\r\n", "\n").replace("\0", " "), "" if encoding == "utf-8-sig" else encoding
    raise AssertionError(path)  # Latin-1 reads all bytes


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _order(path: Path) -> list[tuple[int, list[tuple[int, int, str]]]]:
    """Numbers by value, wherever they stand; Flyway's repeatable files after all others of their folder."""
    parts = [DATED.sub(lambda found: "".join(found.groups("000000")), part) for part in path.parts]
    return [(int(part.startswith("R__")), [_piece(piece) for piece in DIGITS.split(part) if piece]) for part in parts]


def _piece(text: str) -> tuple[int, int, str]:
    return (0, int(text), "") if text.isdecimal() else (1, 0, text)
