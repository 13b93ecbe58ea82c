"""Changes that refit.toml asks for by name, field by field: every change of the shelf can be had in this way."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from pgrefit.changes import examples
from pgrefit.errors import BadIntent
from pgrefit.model.change import Change
from pgrefit.model.intent import AskedChange, Intent, relation
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Index, Policy, Snapshot
from pgrefit.model.toml import Value, line_of, nearest

HEADING = re.compile(r"^\s*\[\[\s*change\s*\]\]", re.MULTILINE)
Noun = TypeVar("Noun", Index, Policy)


def asked_changes(intent: Intent, db: Snapshot) -> tuple[Change, ...]:
    """The changes of the [[change]] sections, in the file's order.

    A relation is written as "schema.name"; an index or a policy that is there is named ("schema.index", and the
    policy's name beside `table`). Raises BadIntent, with the place in the file and the nearest name that there is.
    """
    shelf = {name: type(example.change) for name, example in examples().items()} if intent.change else {}
    return tuple(_Reader(db, intent.file, number).change(shelf, asked) for number, asked in enumerate(intent.change))


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the section of one change: the `number`th in the file, from 0."""

    db: Snapshot
    file: Path | None
    number: int

    def change(self, shelf: Mapping[str, type[Change]], asked: AskedChange) -> Change:
        if asked.do not in shelf:
            raise self._wrong("do", f"there is no change {asked.do!r}", nearest(asked.do, shelf))
        kind = shelf[asked.do]
        plain = self._fields(kind, asked.model_extra or {})
        try:
            return TypeAdapter(kind).validate_python(plain)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            keys = [str(part) for part in first["loc"]]
            raise self._wrong(keys[0] if keys else "do", f"{'.'.join(keys)}: {first['msg']}") from error

    def _fields(self, kind: type[Any], said: Mapping[str, Value]) -> dict[str, object]:
        known = {field.name for field in fields(kind)}
        for key in said:
            if key not in known:
                raise self._wrong(key, f"unknown key {key!r}", nearest(key, known))
        hints = get_type_hints(kind)
        return {key: self._value(key, value, hints[key], said) for key, value in said.items()}

    def _value(self, key: str, value: Value, hint: object, beside: Mapping[str, Value]) -> object:
        """A value of TOML as the field's type wants it."""
        if get_origin(hint) in {Union, UnionType}:
            hint = _wanted(value, get_args(hint))
        if isinstance(value, str):
            return self._text(key, value, hint, beside)
        if isinstance(value, Mapping):
            if isinstance(hint, type) and is_dataclass(hint):
                return TypeAdapter(hint).validate_python(self._fields(hint, value))
            return tuple(value.items()) if get_origin(hint) is tuple else value
        if isinstance(value, Sequence) and get_origin(hint) is tuple:
            kinds = _inner(hint, len(value))
            return tuple(self._value(key, each, kind, beside) for each, kind in zip(value, kinds, strict=True))
        return value

    def _text(self, key: str, text: str, hint: object, beside: Mapping[str, Value]) -> object:
        """A text, or the relation, index or policy of which it is the name."""
        if hint is Relation:
            return self._relation(key, text)
        if hint is Index:
            return self._named(key, text, {str(i.name): i for table in self.db.tables for i in table.indexes})
        if hint is Policy:
            table = self.db.find_table(self._relation("table", str(beside.get("table", ""))))
            return self._named(key, text, {policy.name: policy for policy in table.policies} if table else {})
        return text

    def _relation(self, key: str, name: str) -> Relation:
        try:
            return relation(name)
        except (ValueError, TypeError) as error:
            raise self._wrong(key, f"{key}: {name!r} is not of the form schema.name") from error

    def _named(self, key: str, name: str, known: Mapping[str, Noun]) -> Noun:
        if name not in known:
            raise self._wrong(key, f"{key}: there is no {name} in database {self.db.database}", nearest(name, known))
        return known[name]

    def _wrong(self, key: str, says: str, next_step: str = "") -> BadIntent:
        return BadIntent(f"{self._where(key)}{says}", next_step=next_step)

    def _where(self, key: str) -> str:
        if self.file is None:
            return ""
        text = self.file.read_text(encoding="utf-8")
        start = [found.start() for found in HEADING.finditer(text)][self.number]
        return f"{self.file}:{text.count(chr(10), 0, start) + line_of(text[start:], [key])}: "


def _wanted(value: Value, kinds: tuple[object, ...]) -> object:
    """The member of a union that a value of TOML is meant for."""
    named = (kind for kind in kinds if any(kind is noun for noun in (Relation, Index, Policy)))
    if isinstance(value, str) and str not in kinds:
        return next(named, kinds[0])
    return next((kind for kind in kinds if kind is not NoneType), kinds[0])


def _inner(hint: object, count: int) -> Sequence[object]:
    """The types of a tuple's members, one for each of `count` values."""
    kinds = get_args(hint)
    if kinds[-1] is Ellipsis:
        return [kinds[0]] * count
    return (*kinds, *[kinds[-1]] * count)[:count]
