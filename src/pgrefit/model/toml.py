"""TOML: writing it, which the standard library does not, and saying where in a file a mistake is."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

SHOWN = 20

Value: TypeAlias = "str | int | float | bool | Sequence[Value] | Mapping[str, Value]"


def dumps(document: Mapping[str, Value]) -> str:
    """A TOML document. A top-level list of mappings becomes [[tables]], a mapping within them a [sub.table].

    TOML has no null: leave such keys out.
    """
    plain = {key: value for key, value in document.items() if not _is_tables(value)}
    lines = [*_table((), plain)]
    for key, value in document.items():
        if isinstance(value, Sequence) and _is_tables(value):
            for entry in value:
                assert isinstance(entry, Mapping)
                lines += ["", f"[[{_key(key)}]]", *_table((key,), entry)]
    return "\n".join(lines) + "\n"


def _is_tables(value: Value) -> bool:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return False
    return bool(value) and all(isinstance(entry, Mapping) for entry in value)


def _table(path: tuple[str, ...], table: Mapping[str, Value]) -> Iterator[str]:
    for key, value in table.items():
        if not isinstance(value, Mapping):
            yield f"{_key(key)} = {_value(value)}"
    for key, value in table.items():
        if isinstance(value, Mapping):
            within = (*path, key)
            yield f"[{'.'.join(map(_key, within))}]"
            yield from _table(within, value)


def _value(value: Value) -> str:
    match value:
        case str():
            return _string(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case Mapping():
            return "{" + ", ".join(f"{_key(key)} = {_value(entry)}" for key, entry in value.items()) + "}"
        case _:
            return "[" + ", ".join(map(_value, value)) + "]"


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("_", "a").replace("-", "a").isalnum()
    return key if bare else _string(key)


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped too.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")


def line_of(text: str, keys: list[str]) -> int:
    """The line that names the last key, below the table that holds it where that is found. 1-based."""
    lines = text.splitlines()
    start = 0
    for key in keys:
        name = rf"[\"']?{re.escape(key)}[\"']?"
        pattern = re.compile(rf"^\s*\[.*{name}.*\]|^\s*{name}\s*=|[{{,]\s*{name}\s*=")
        start = next((n for n in range(start, len(lines)) if pattern.search(lines[n])), start)
    return start + 1


def nearest(word: str, known: Iterable[str]) -> str:
    """What was probably meant, as advice; what there is where nothing is near."""
    words = sorted(known)
    if near := difflib.get_close_matches(word, words, n=1, cutoff=0.5):
        return f"did you mean {near[0]!r}?"
    more = f" and {len(words) - SHOWN} more" if len(words) > SHOWN else ""
    return f"known here: {', '.join(words[:SHOWN]) or 'nothing'}{more}"
