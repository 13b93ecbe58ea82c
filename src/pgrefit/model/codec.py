"""Nouns as files, and the fingerprint of a schema."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from pgrefit.errors import UsageError

from .snapshot import Function, Schema, Sequence, Snapshot, Table, View

Noun = TypeVar("Noun")
_adapters: dict[type[Any], TypeAdapter[Any]] = {}
Owned = TypeVar("Owned", Table, View, Sequence, Function, Schema)


def to_json(value: object) -> bytes:
    """A noun as JSON in UTF-8: the same value gives the same bytes."""
    return _adapter(type(value)).dump_json(value, indent=2)


def from_json(noun: type[Noun], document: bytes) -> Noun:
    """Read what `to_json` wrote. Raises UsageError where it is no such document."""
    try:
        read: Noun = _adapter(noun).validate_json(document)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the document"
        raise UsageError(f"this is not a {noun.__name__.lower()} of pgrefit", why=f"{where}: {first['msg']}") from error
    return read


def fingerprint(snapshot: Snapshot) -> str:
    """SHA-256 of the structure, in hexadecimal digits.

    Equal for two databases made by the same DDL on the same major version, whatever their names, settings, owners and
    roles; different after any change to what a snapshot holds of the structure.
    ValueError where it was not read whole: what is behind a lock may be anything.
    """
    if unread := next(snapshot.unread(), None):
        raise ValueError(f"no fingerprint of a part of a schema: {unread.name}: {unread.unread}")
    structure = replace(
        snapshot,
        database="",
        server_version=0,
        schemas=tuple(map(_ownerless, snapshot.schemas)),
        tables=tuple(map(_ownerless, snapshot.tables)),
        views=tuple(map(_ownerless, snapshot.views)),
        sequences=tuple(map(_ownerless, snapshot.sequences)),
        functions=tuple(map(_ownerless, snapshot.functions)),
        types=tuple(replace(user_type, owner="") for user_type in snapshot.types),
        roles=(),
        uses=(),
        whole_uses=(),
        database_settings=(),
    )
    # Without defaults, so that a field that the model gains changes no fingerprint of a database that does not use it.
    return sha256(_adapter(Snapshot).dump_json(structure, exclude_defaults=True)).hexdigest()


def _ownerless(item: Owned) -> Owned:
    """The same without its owner's name, also where it is granted something; the owner's grants remain."""
    grants = [replace(grant, grantee="the owner") if grant.grantee == item.owner else grant for grant in item.grants]
    return replace(item, owner="", grants=tuple(sorted(grants, key=lambda grant: (grant.grantee, grant.privilege))))


def _adapter(noun: type[Any]) -> TypeAdapter[Any]:
    if noun not in _adapters:
        _adapters[noun] = TypeAdapter(noun)
    return _adapters[noun]
