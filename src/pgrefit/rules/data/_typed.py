"""Text columns whose values are of another type, by their sample and by their names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Literal, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row, is_text, key_columns, row_of
from pgrefit.rules._languages import english
from pgrefit.rules._names import reference_name
from pgrefit.rules.data._exact import counted, examples, how_many
from pgrefit.rules.data._forms import (
    BARE_UUID,
    LEADING_ZERO,
    NUMBERS,
    RANDOM_UUID,
    SPAN_FORM,
    UNIX_TIME,
    URN_UUID,
    Form,
    are_unix_times,
    bare,
    blank,
    fits,
)
from pgrefit.rules.data._meanings import CODES, ENUMERATIONS, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables

ENOUGH = 0.9
LONG_NUMBER = 5  # digits
OF_ONE_LENGTH = 0.95  # share of the decimals
LONGEST_PART = 4  # digits of a part of a version
SHORTEST_CODE = 4  # digits
FEWEST_CODES = 5
DECIMAL_CODES = {"version", "release", "build", "extension", "chapter", "section", "paragraph", "article", "ip", "icd",
                 "code", "key", "hash", "token", "id", "identifier", "symbol", "name", "label", "title"}  # fmt: skip
LISTS = {"list", "ids", "values", "tags", "members", "items"}
SPANS = {"duration", "length", "elapsed", "runtime", "time_spent", "playtime", "uptime", "downtime"}
NO_TIME = {"score", "result", "ratio", "odds", "aspect"}
FOUR_PARTS = {"version", "release", "build", "firmware", "chapter", "section"}
GROUPS, MANY_GROUPS = re.compile(r"[1-9]\d\d(,\d{3})+"), 30
PAIR = re.compile(r"-?\d+,\d+")
MOST_WHOLE = 3  # different values of a number with a comma, up to which it may be a list
NAMES_OF_PAIRS = {
    "key",
    "name",
    "setting",
    "option",
    "attribute",
    "property",
    "field",
    "param",
    "parameter",
    "variable",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A text column and the type that its values have."""

    table: Table
    column: Column
    form: Form

    def question(self, observation: Observation) -> Question:
        """How many values fit, how many do not, and what would be lost."""
        c = self.column.name
        fit, empty = fits(c, self.form, observation.snapshot.server_version), blank(c)
        zero = expression("{bare} ~ {zero}", bare=raw(bare(c)), zero=Literal(LEADING_ZERO))
        return counted(self.table, {
            "rows": Expression("count(*)"), "filled": expression("count(t.{c})", c=c), "fitting": how_many(fit),
            "blank": how_many(expression("{e} AND NOT ({f})", e=raw(empty), f=raw(fit))), "zeros": how_many(zero),
            "unfit": how_many(self._unfit(observation)),
            "padded": how_many(expression("t.{c}::text <> {bare} AND {f}", c=c, bare=raw(bare(c)), f=raw(fit))),
        })  # fmt: skip

    def _unfit(self, observation: Observation) -> Expression:
        fit = fits(self.column.name, self.form, observation.snapshot.server_version)
        return expression("t.{c} IS NOT NULL AND NOT ({fit})", c=self.column.name, fit=raw(fit))

    def exceptions(self, observation: Observation) -> Question:
        """Rows whose value does not fit."""
        return examples(self.table, (self.column.name,), self._unfit(observation))

    def holds(self, observation: Observation) -> Row | None:
        """The counts, where nearly all values fit and none of them would lose a leading zero."""
        row = row_of(observation, self.question(observation))
        if row is None or row.count("fitting") < FEWEST_ROWS:
            return None
        told = row.count("filled") - row.count("blank")
        is_code = self.form.type in NUMBERS and row.count("zeros")
        return row if row.count("fitting") >= ENOUGH * told and not is_code else None


@lookup.remembered
def typed_columns(observation: Observation) -> tuple[Typed, ...]:
    """Text columns whose sampled values are of another type, and whose name does not say that they are codes."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[Typed]:
    referenced = {(k.parent, c) for t in observation.snapshot.tables for k in t.foreign_keys for c in k.parent_columns}
    codes = _text_keys(observation)
    for table, columns in sampled_tables(observation):
        keys = key_columns(table)
        for values in columns:
            column = values.column
            form = _form(table, values) if is_text(column) and column.name not in keys else None
            code = form and form.type in NUMBERS and english(column.name) in codes
            if form and not code and (table.name, column.name) not in referenced and not column.generated:
                yield Typed(table, column, form)


@lookup.remembered
def typed_names(observation: Observation) -> frozenset[tuple[Relation, str]]:
    """Table and name of each of these columns: what does not fit its type is told there."""
    return frozenset((typed.table.name, typed.column.name) for typed in typed_columns(observation))


def _text_keys(observation: Observation) -> set[tuple[str, ...]]:
    """Names of text columns that are unique somewhere: digits in a column of that name are joined as text."""
    keys = (
        (table, index.columns[0])
        for table in observation.snapshot.own_tables()
        for index in table.indexes
        if index.unique and len(index.columns) == 1
    )
    return {english(name) for table, name in keys if name and is_text(table.column(name))}


def _form(table: Table, values: Values) -> Form | None:
    if values.filled < FEWEST_ROWS or _is_one_of_many_kinds(table, values.column):
        return None
    form = values.form or _bare_uuid(values)
    if form is None or form.type not in NUMBERS:
        return _told_by_name(form, values) if form else None
    if form.said and (means(values.column, LISTS) or not _is_local_number(values) or _are_pairs(values)):
        return None
    if all(text.lstrip().startswith("+") for text in values.common):  # a telephone of another country
        return None
    if not form.said and values.different > FEWEST_CODES and are_unix_times(values.common):
        return None if means(values.column, CODES) or reference_name(values.column.name).marked else UNIX_TIME
    named_so = means(values.column, CODES if form.type == "bigint" or _are_numbers_of_things(values) else DECIMAL_CODES)
    is_code = named_so or reference_name(values.column.name).marked
    return None if is_code or _all_of_one_length(values) or _are_versions(values, form) else form


def _are_numbers_of_things(values: Values) -> bool:
    """Long ones, all as long as the others before the point: 7120334, 7120335.1."""
    (length, *others) = {len(text.partition(".")[0]) for text in values.common} or {0}
    return not others and length >= LONG_NUMBER


def _bare_uuid(values: Values) -> Form | None:
    """Uuids without hyphens, by the name or by the digits that random ones have in common; else they may be hashes.

    Or as a URN.
    """
    texts = [text.strip() for text in values.common]
    named_so = means(values.column, {"uuid", "guid"})
    made_so = all(map(RANDOM_UUID.fullmatch, texts))
    if texts and all(map(URN_UUID.looks, texts)):
        return URN_UUID
    return BARE_UUID if (named_so or made_so) and texts and all(map(BARE_UUID.looks, texts)) else None


def _told_by_name(form: Form, values: Values) -> Form | None:
    """The form, where the name does not say that what looks so is something else."""
    column = values.column
    if form.type == "time":
        return SPAN_FORM if means(column, SPANS) and values.longest > len("00:00") else _unless(form, column, NO_TIME)
    if form.type == "inet":
        return _unless(form, column, FOUR_PARTS)
    letters = form.type == "boolean" and values.longest == 1
    return _unless(form, column, ENUMERATIONS) if letters else form


def _unless(form: Form, column: Column, named: set[str]) -> Form | None:
    return None if means(column, named) else form


def _are_versions(values: Values, form: Form) -> bool:
    """1.9 and 1.10: where the number of decimals is not always the same, none would be a 0 at the end."""
    decimals = [text.strip().partition(".")[2] for text in values.common if "." in text and form.looks(text)]
    lengths = Counter(map(len, decimals))
    mixed = max(lengths.values(), default=0) < OF_ONE_LENGTH * len(decimals)
    return mixed and max(lengths) <= LONGEST_PART and any(len(part) > 1 and part.endswith("0") for part in decimals)


def _is_local_number(values: Values) -> bool:
    """Of different whole parts, as a list of two ids of one sort hardly is; and not grouped as a telephone is."""
    whole = {text.replace(".", ",").partition(",")[0] for text in values.common}
    marked = all(any(c not in "0123456789.,+- " for c in text) for text in values.common)  # 10 %, 3 €
    return marked or len(whole) > MOST_WHOLE


def _are_pairs(values: Values) -> bool:
    """3,8 and 4,10: two whole numbers, the second of which ends in 0 where it has two digits, and begins with none.

    Or more, all of three digits: 120,135,101.
    """
    parts = [text.partition(",")[2] for text in values.common if PAIR.fullmatch(text)]
    groups = [text.split(",")[1:] for text in values.common if GROUPS.fullmatch(text)]
    if len(groups) >= max(MANY_GROUPS, OF_ONE_LENGTH * len(values.common)):  # of thousands a tenth begins with 0
        return not any(group.startswith("0") for each in groups for group in each)
    long = [part for part in parts if len(part) > 1]
    mixed = len({*map(len, parts)}) > 1 and len(parts) >= OF_ONE_LENGTH * len(values.common)
    return mixed and any(p.endswith("0") for p in long) and not any(p.startswith("0") for p in parts)


def _is_one_of_many_kinds(table: Table, column: Column) -> bool:
    """`value` beside `key`: what is in it depends on the row."""
    others = [c for c in table.columns if c.name != column.name]
    return means(column, {"value", "val"}) and any(means(other, NAMES_OF_PAIRS) for other in others)


def _all_of_one_length(values: Values) -> bool:
    """Digits that are always as many are a code, an account, a telephone; years are none."""
    texts = ["".join(text.split()) for text in values.common]
    lengths = {len(text) for text in texts}
    digits = sum(map(str.isdigit, texts)) >= ENOUGH * len(texts) and all(t.isalnum() and t[-1].isdigit() for t in texts)
    if len(lengths) != 1 or values.different <= FEWEST_CODES or not digits:
        return False
    years = all(text[:2] in {"19", "20"} for text in texts if text.isdigit())
    return lengths.pop() >= SHORTEST_CODE and not (years and len(texts[0]) == 4)
