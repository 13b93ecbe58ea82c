"""Passwords that are the first that anybody would try: the name of the role."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pgrefit.model.server import NamedPassword

SCRAM = "SCRAM-SHA-256$"
MOST_ROUNDS = 2_000_000  # of hashing, for all roles together: about a second


def named_passwords(stored: Iterable[Mapping[str, Any]]) -> Iterator[NamedPassword]:
    """The roles (of rows `role`, `stored`) whose password is their name, as far as this can be told in a second.

    Source: https://www.postgresql.org/docs/current/catalog-pg-authid.html and RFC 5802 (SCRAM).
    """
    left = MOST_ROUNDS
    for row in stored:
        role, kept = str(row["role"]), str(row["stored"])
        left -= _rounds(kept)
        if left >= 0 and _is_of(role, kept, role):
            yield NamedPassword(role=role)


def _rounds(stored: str) -> int:
    count = stored.removeprefix(SCRAM).partition(":")[0]
    return int(count) if stored.startswith(SCRAM) and count.isdecimal() else 0


def _is_of(role: str, stored: str, password: str) -> bool:
    """Whether the password is the one that is stored for the role."""
    if stored.startswith("md5"):
        return stored == "md5" + hashlib.md5((password + role).encode(), usedforsecurity=False).hexdigest()
    return stored.startswith(SCRAM) and _is_of_scram(stored, password)


def _is_of_scram(stored: str, password: str) -> bool:
    """`SCRAM-SHA-256$rounds:salt$stored key:server key`, the latter three in base64."""
    try:
        salt, keys = stored.removeprefix(SCRAM).partition(":")[2].split("$")
        expected = base64.b64decode(keys.partition(":")[0], validate=True)
        prepared = unicodedata.normalize("NFKC", password).encode()
        salted = hashlib.pbkdf2_hmac("sha256", prepared, base64.b64decode(salt, validate=True), _rounds(stored))
    except (ValueError, binascii.Error):
        return False
    client = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client).digest(), expected)
