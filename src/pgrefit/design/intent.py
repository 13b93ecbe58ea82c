"""Read refit.toml; a mistake is reported with file, line and the nearest key that exists."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pgrefit.errors import BadIntent
from pgrefit.model.intent import Intent
from pgrefit.model.toml import line_of, nearest

NAME = "[key]"  # how a mistake in the name of a table is marked
PLACES = {"folder", "file"}  # of the file itself


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
    for key in PLACES & data.keys():
        raise _unknown(path, text, [key])
    try:
        return Intent.model_validate({**data, "folder": path.parent, "file": path})
    except ValidationError as error:
        # A name without its quotes is several mistakes; that of the name says what to do.
        errors = sorted(error.errors(), key=lambda each: each["loc"][-1] != NAME)
        raise _explained(path, text, errors[0]) from error


def _explained(path: Path, text: str, error: ErrorDetails) -> BadIntent:
    keys = [str(part) for part in error["loc"] if not isinstance(part, int)]
    if keys[-1] == NAME:
        where = f"{path}:{line_of(text, keys[:-1])}"
        name = "schema.table" if keys[0] == "computed" else "schema.table.column"
        return BadIntent(
            f"{where}: {keys[-2]!r} is not {name}", next_step=f'write [{keys[0]}."{name}"], quotes and all'
        )
    if error["type"] == "extra_forbidden":
        return _unknown(path, text, keys)
    return BadIntent(f"{path}:{line_of(text, keys)}: {'.'.join(keys)}: {error['msg']}")


def _unknown(path: Path, text: str, keys: list[str]) -> BadIntent:
    known = _known(keys[:-1])
    return BadIntent(f"{path}:{line_of(text, keys)}: unknown key {keys[-1]!r}", next_step=nearest(keys[-1], known))


def _known(path: list[str]) -> set[str]:
    """Keys that exist in the table that a path leads to."""
    model: type[BaseModel] = Intent
    for key in path:
        field = model.model_fields.get(key)
        if field is not None:
            model = _section(field.annotation) or model
    return {field.alias or name for name, field in model.model_fields.items() if name not in PLACES}


def _section(annotation: object) -> type[BaseModel] | None:
    """The section class within an annotation such as `dict[str, Section]` or `Section | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_section, get_args(annotation))
    return next((found for found in inner if found), None)
