"""Columns that promise one row for each value by their name, and under no unique index: is the promise kept?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, expression
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, is_text, key_columns, row_of
from pgrefit.rules._languages import english
from pgrefit.rules._names import words
from pgrefit.rules._purposes import is_part
from pgrefit.rules.data._alike_keys import in_unique_key, is_mail
from pgrefit.rules.data._exact import counted
from pgrefit.rules.data._forms import are_unix_times
from pgrefit.rules.data._meanings import FREE_TEXT, NO_KEYS, NUMBERS, SECRETS, is_key_like, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables

NEARLY_ALL = 0.9
NEARLY_SURE = 0.97  # where values alone tell
FEWEST_CODES = 200
FEWEST_DIGITS = 3
LONGEST_CODE = 40
MOST_SHAPES = 5
LONG_NUMBER = range(8, 21)  # digits of an account, a person, a device
DIGITS = re.compile("[0-9]+")
CHECK_DIGITS = 2  # at most, behind the last mark; a telephone has more
MARKS = re.compile("[-./]")  # within a number
CAPITALS = re.compile("[A-Z]+")
NO_CODE = re.compile(r"[\t\n:;|=,<>\\%]|[^A-Z0-9] | [^A-Z0-9]|^[/~]|\.[a-z]{2,4}$")  # prose, addresses, files
UNIQUE_BY_CHANCE = {
    "url", "uri", "link", "path", "file", "filename", "image", "photo", "phone", "fax", "ip", "address", "street",
    "time", "date", "lot", "lote", "lotto", "batch", "charge", "partia", "parti", *FREE_TEXT,
}  # fmt: skip
NUMBERS_BY_CHANCE = {"contact", "whatsapp", "kontakt", "contacto", "contato", "mobile", "cell", "postal", "amount",
                     "price", "total", "value", "code", "pin", "otp"}  # fmt: skip
OF_OTHERS = {"contact", "recipient", "sender", "billing", "shipping", "from", "to", "cc", "reply", "customer", "guest"}
MOST_SCOPES = 8
TELLING = 0.5  # rows too many that chance would have left within one scope, were it none
FEW = 0.2
TENANTS = {
    "tenant", "org", "organization", "organisation", "company", "workspace", "store", "shop", "site", "project",
    "realm", "environment", "env", "client",
}  # fmt: skip
SCOPES = TENANTS | {
    "version", "locale", "language", "lang", "year", "revision", "deleted", "archived", "valid", "effective",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NaturalKey:
    """A key-like column, and columns within each of whose values it may be unique.

    `likeness`: of each of these, the chance that two rows have the same value of it.
    """

    table: Table
    column: Column
    scopes: tuple[str, ...]
    likeness: tuple[float, ...]

    def question(self) -> Question:
        """Rows, values, different ones, and different pairs with each scope."""
        c = self.column.name
        pairs = {
            f"pairs_{n}": expression("count(DISTINCT (t.{c}, t.{s})) FILTER (WHERE t.{c} IS NOT NULL)", c=c, s=scope)
            for n, scope in enumerate(self.scopes)
        }
        return counted(self.table, {
            "rows": Expression("count(*)"), "filled": expression("count(t.{c})", c=c),
            "different": expression("count(DISTINCT t.{c})", c=c), **pairs,
        })  # fmt: skip

    def counts(self, observation: Observation) -> Row | None:
        """The answer."""
        return row_of(observation, self.question())

    def scope(self, row: Row) -> str:
        """The column within whose values it is unique, and not by mere chance; '' where there is none."""
        extra = row.count("filled") - row.count("different")
        kept = (n for n in range(len(self.scopes)) if row.count(f"pairs_{n}") == row.count("filled"))
        return next((self.scopes[n] for n in kept if extra * self.likeness[n] >= TELLING), "")


@lookup.remembered
def natural_keys(observation: Observation) -> tuple[NaturalKey, ...]:
    """Columns named like keys, nearly all of whose sampled values differ, and that no unique index has."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[NaturalKey]:
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            if column.name not in keys and _is_candidate(table, values) and not in_unique_key(table, column.name):
                scopes = _scopes(table, columns, column)
                yield NaturalKey(table, column, tuple(v.column.name for v in scopes), tuple(map(_likeness, scopes)))


def _is_candidate(table: Table, values: Values) -> bool:
    column = values.column
    kind = is_text(column) or column.type in {*WHOLE_TYPES, "uuid"}
    telling = values.filled >= FEWEST_ROWS and values.different >= NEARLY_ALL * values.filled
    plain = not column.generated and not means(column, SECRETS)
    named = is_key_like(table, column) or _is_key_by_values(values)
    return kind and telling and plain and named and not (is_mail(values) and _is_of_another(table))


def _is_of_another(table: Table) -> bool:
    """Whether a row is a part of another thing, or a token sent to somebody: a mail address in it recurs."""
    required = [column for column in table.columns if column.not_null]
    token = any(means(column, {"token"}) for column in required)
    return is_part(table) or (token and any(means(column, {"expires", "expire", "expiry"}) for column in required))


def _is_key_by_values(values: Values) -> bool:
    """Text that people do not write: addresses of mail, or codes that are all of one shape and differ in digits."""
    column = values.column
    all_differ = values.filled >= FEWEST_CODES and values.different >= NEARLY_SURE * values.filled
    if all_differ and column.type in WHOLE_TYPES and column.default is None:  # the number of a thing
        said = words(column.name)
        named = english(column.name)[-1:] != english(column.name)[:1] and {*english(column.name)[-1:]} & NUMBERS
        told = bool(named or {*said[:1]} & {"nr", "no"}) or _are_long_numbers(values)
        return told and not means(column, NO_KEYS | UNIQUE_BY_CHANCE | NUMBERS_BY_CHANCE)
    if not all_differ or not is_text(column):
        return False
    if is_mail(values):
        return not means(column, OF_OTHERS | NO_KEYS)
    if values.longest > LONGEST_CODE or means(column, UNIQUE_BY_CHANCE | NUMBERS_BY_CHANCE):
        return False
    return (values.form is None and _are_codes(values)) or _are_long_numbers(values)


def _are_long_numbers(values: Values) -> bool:
    """Of one length that only numbers of people, devices and accounts have."""
    checked = (t for t in values.common if t.isdigit() or len(MARKS.split(t)[-1]) <= CHECK_DIGITS)
    whole = {text: MARKS.sub("", text) for text in checked}
    plain = {text: digits for text, digits in whole.items() if digits.isdigit()}
    number = (values.form is None or values.form.type == "bigint") and not are_unix_times(values.common)
    same = len({*map(len, plain)}) == 1 and {*map(len, plain.values())} <= {*LONG_NUMBER}
    phone = all(text.startswith("0") and not text.startswith("00") for text in plain)
    return number and same and not phone and len(plain) >= NEARLY_SURE * len(values.common)


def _are_codes(values: Values) -> bool:
    """AB-000123: digits, and capitals in few places; a blank between them at most, no random letters."""
    shapes = Counter(CAPITALS.sub("A", DIGITS.sub("0", text)) for text in values.common)
    commonest = sum(rows for _, rows in shapes.most_common(MOST_SHAPES))
    digits = all(sum(map(str.isdigit, text)) >= FEWEST_DIGITS for text in values.common)
    lettered = sum(any(map(str.isalpha, text)) and not NO_CODE.search(text) for text in values.common)
    return digits and min(lettered, commonest) >= NEARLY_SURE * len(values.common)


def _scopes(table: Table, columns: tuple[Values, ...], column: Column) -> list[Values]:
    """Columns named so whose values repeat: within one that hardly does, anything is unique."""
    repeating = (v for v in columns if v.different <= FEW * v.rows and v.column.name != column.name)
    fitting = (v for v in repeating if means(v.column, SCOPES) and v.column.name not in table.primary_key)
    return list(islice(fitting, MOST_SCOPES))


def _likeness(scope: Values) -> float:
    """Of a tenant it counts as certain: keys of one tenant are its own."""
    if means(scope.column, TENANTS):
        return 1.0
    return sum((rows / max(1, scope.filled)) ** 2 for rows in scope.common.values())
