"""Read refit.toml; a mistake is reported with file, line and the nearest key that exists."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pgrefit.errors import BadIntent
from pgrefit.model.intent import Intent


def read_intent(path: Path) -> Intent:
    """The intent in a file; BadIntent says where it is wrong."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadIntent(f"{path} cannot be read", why=str(error)) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadIntent(f"{path} is not valid TOML", why=str(error)) from error
    try:
        return Intent.model_validate({**data, "folder": path.parent})
    except ValidationError as error:
        raise _explained(path, text, error.errors()[0]) from error


def _explained(path: Path, text: str, error: ErrorDetails) -> BadIntent:
    keys = [str(part) for part in error["loc"] if not isinstance(part, int)]
    where = f"{path}:{_line(text, keys)}"
    if error["type"] == "extra_forbidden":
        near = difflib.get_close_matches(keys[-1], _known(keys[:-1]), n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(sorted(_known(keys[:-1])))}"
        return BadIntent(f"{where}: unknown key {keys[-1]!r}", next_step=hint)
    return BadIntent(f"{where}: {'.'.join(keys)}: {error['msg']}")


def _line(text: str, keys: list[str]) -> int:
    """The line that names the last key, below the table that holds it where that is found. 1-based."""
    lines = text.splitlines()
    start = 0
    for key in keys:
        name = rf"[\"']?{re.escape(key)}[\"']?"
        pattern = re.compile(rf"^\s*\[.*{name}.*\]|^\s*{name}\s*=|[{{,]\s*{name}\s*=")
        start = next((n for n in range(start, len(lines)) if pattern.search(lines[n])), start)
    return start + 1


def _known(path: list[str]) -> set[str]:
    """Keys that exist in the table that a path leads to."""
    model: type[BaseModel] = Intent
    for key in path:
        field = model.model_fields.get(key)
        if field is not None:
            model = _section(field.annotation) or model
    return {field.alias or name for name, field in model.model_fields.items() if name != "folder"}


def _section(annotation: object) -> type[BaseModel] | None:
    """The section class within an annotation such as `dict[str, Section]` or `Section | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_section(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found), None)
