"""Columns whose names say that not everybody should read them: secrets, and numbers of persons and their accounts."""

from __future__ import annotations

from pgrefit.model.snapshot import Column, Table, View
from pgrefit.rules._ask import is_text
from pgrefit.rules._languages import english
from pgrefit.rules._names import words

SECRETS = frozenset({"cvv", "passwd", "password", "passwort", "pwd", "secret", "ssn"})
SECRET_PAIRS = frozenset({
    ("access", "token"), ("api", "key"), ("api", "secret"), ("api", "token"), ("auth", "token"),
    ("bearer", "token"), ("card", "number"), ("client", "secret"), ("confirmation", "token"), ("credit", "card"),
    ("de", "passe"), ("device", "token"), ("encrypted", "password"), ("fcm", "token"), ("hashed", "password"),
    ("id", "token"), ("otp", "secret"), ("password", "digest"), ("password", "hash"), ("password", "salt"),
    ("private", "key"), ("push", "token"), ("refresh", "token"), ("remember", "token"), ("reset", "token"),
    ("secret", "key"), ("session", "token"), ("signing", "key"), ("totp", "secret"), ("verification", "token"),
})  # fmt: skip
# Numbers that states and banks give to persons, by the names that they have there.
NUMBERS = frozenset({
    "aadhaar", "bsn", "cpf", "curp", "iban", "ktp", "nik", "nino", "passport", "pesel", "personnummer", "ssn",
    "svnr", "tckn", "tckimlik",
})  # fmt: skip


def is_secret(column: Column) -> bool:
    """Whether it holds a secret: a password, even hashed, a token, the number of a card."""
    known = [parts for parts in (words(column.name), english(column.name)) if parts]
    named = any(parts[-1] in SECRETS or parts[-2:] in SECRET_PAIRS or parts == ("token",) for parts in known)
    return named and (is_text(column) or column.type == "bytea")


def personal(relation: Table | View) -> tuple[str, ...]:
    """Its columns that hold secrets, or numbers of persons and of their accounts."""
    return tuple(c.name for c in relation.columns if is_secret(c) or (is_text(c) and NUMBERS & set(words(c.name))))
