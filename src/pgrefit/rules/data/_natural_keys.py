"""Columns that promise one row for each value by their name, and under no unique index: is the promise kept?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, expression
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import WHOLE_TYPES, Row, is_text, key_columns, row_of
from pgrefit.rules.data._alike_keys import in_unique_key, is_mail
from pgrefit.rules.data._exact import counted
from pgrefit.rules.data._meanings import FREE_TEXT, SECRETS, is_key_like, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables

NEARLY_ALL = 0.9
NEARLY_SURE = 0.97  # where values alone tell
FEWEST_CODES = 200
FEWEST_DIGITS = 3
LONGEST_CODE = 40
MOST_SHAPES = 5
DIGITS = re.compile("[0-9]+")
NO_CODE = re.compile(r"[\s:\\%]|^[/~]|\.[a-z]{2,4}$")  # prose, addresses, files
UNIQUE_BY_CHANCE = {
    "url", "uri", "link", "path", "file", "filename", "image", "photo", "phone", "fax", "ip", "address", "street",
    "time", "date", *FREE_TEXT,
}  # fmt: skip
OF_OTHERS = {"contact", "recipient", "sender", "billing", "shipping", "from", "to", "cc", "reply", "customer", "guest"}
MOST_SCOPES = 8
FEW = 0.2
SCOPES = {
    "tenant", "org", "organization", "organisation", "company", "workspace", "store", "shop", "site", "project",
    "version", "locale", "language", "lang", "year", "revision", "deleted", "archived", "valid", "effective", "realm",
    "environment", "env", "client",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NaturalKey:
    """A key-like column, and columns within each of whose values it may be unique."""

    table: Table
    column: Column
    scopes: tuple[str, ...]

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
        """The column within whose values it is unique; '' where there is none."""
        return next((s for n, s in enumerate(self.scopes) if row.count(f"pairs_{n}") == row.count("filled")), "")


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
                yield NaturalKey(table, column, _scopes(table, columns, column))


def _is_candidate(table: Table, values: Values) -> bool:
    column = values.column
    kind = is_text(column) or column.type in {*WHOLE_TYPES, "uuid"}
    telling = values.filled >= FEWEST_ROWS and values.different >= NEARLY_ALL * values.filled
    plain = not column.generated and not means(column, SECRETS)
    return kind and telling and plain and (is_key_like(table, column) or _is_key_by_values(values))


def _is_key_by_values(values: Values) -> bool:
    """Text that people do not write: addresses of mail, or codes that are all of one shape and differ in digits."""
    column = values.column
    all_differ = values.filled >= FEWEST_CODES and values.different >= NEARLY_SURE * values.filled
    if not all_differ or not is_text(column):
        return False
    if is_mail(values):
        return not means(column, OF_OTHERS)
    plain = values.form is None and values.longest <= LONGEST_CODE and not means(column, UNIQUE_BY_CHANCE)
    return plain and _are_codes(values)


def _are_codes(values: Values) -> bool:
    """AB-000123: letters that hardly vary, and digits; no blanks, no random letters."""
    shapes = Counter(DIGITS.sub("0", text) for text in values.common)
    commonest = sum(rows for _, rows in shapes.most_common(MOST_SHAPES))
    digits = all(sum(map(str.isdigit, text)) >= FEWEST_DIGITS for text in values.common)
    lettered = sum(any(map(str.isalpha, text)) and not NO_CODE.search(text) for text in values.common)
    return digits and min(lettered, commonest) >= NEARLY_SURE * len(values.common)


def _scopes(table: Table, columns: tuple[Values, ...], column: Column) -> tuple[str, ...]:
    """Columns named so whose values repeat: within one that hardly does, anything is unique."""
    repeating = (v.column for v in columns if v.different <= FEW * v.rows and v.column.name != column.name)
    return tuple(c.name for c in repeating if means(c, SCOPES) and c.name not in table.primary_key)[:MOST_SCOPES]
