"""Columns that tell rows apart for people, and how many of their values differ in case and blanks alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.rules._ask import SAMPLE_KEYS, WHOLE_TYPES, Row, is_text, row_of
from pgrefit.rules.data._exact import counted
from pgrefit.rules.data._forms import NUMBERS
from pgrefit.rules.data._meanings import CASELESS, SECRETS, is_key_like, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables

RUN = re.compile(r"[^\W\d_]+")
WRITTEN = re.compile("(?:[A-ZÀ-Þ]?[a-zß-ÿ]{2,})+|[^a-zß-ÿ]+|[^A-ZÀ-Þ]+")  # as people write words
BLANKS = " \t\r\n\f\v\u00a0\u2007\u202f\u3000\u200b\ufeff"
NEARLY_ALL = 0.8  # share of the values that occur once
MANY_WITHIN = 0.25  # the same where they are told apart within something: each of four tenants has its own
NEARLY_SURE = 0.9  # share of the sampled values
LONGEST = 60
FEWEST_CODES, NEARLY_UNIQUE = 200, 0.97
NO_CODES = {"url", "uri", "path", "file", "filename", "image", "photo", "link", "avatar", "object", "data", "payload"}


@dataclass(frozen=True, slots=True)
class AlikeKey:
    """A text column whose values should be one for each row, or for each row of its `scope`.

    `unique`: the database keeps them so.
    """

    table: Table
    column: Column
    unique: bool
    scope: tuple[str, ...] = ()

    @property
    def folded(self) -> Expression:
        """The value as people read it."""
        return expression("lower(translate(t.{c}::text, {blanks}, ''))", c=self.column.name, blanks=Literal(BLANKS))

    def question(self) -> Question:
        """Rows, values, different ones as they are and as people read them."""
        return counted(self.table, {
            "rows": Expression("count(*)"), "filled": expression("count(t.{c})", c=self.column.name),
            "different": self._different(expression("t.{c}::text", c=self.column.name)),
            "folded": self._different(self.folded),
        })  # fmt: skip

    def _different(self, value: Expression) -> Expression:
        """An aggregate: how many there are, each scope for itself."""
        if not self.scope:
            return expression("count(DISTINCT {value})", value=raw(value))
        return expression("count(DISTINCT ({scope}, {value})) FILTER (WHERE t.{c} IS NOT NULL)",
                          scope=raw(self._scope), value=raw(value), c=self.column.name)  # fmt: skip

    @property
    def _scope(self) -> Expression:
        return joined([expression("t.{s}", s=name) for name in self.scope])

    def counts(self, observation: Observation) -> Row | None:
        """The answer, where nearly every row has a value of its own."""
        row = row_of(observation, self.question())
        return row if row and row.count("folded") >= NEARLY_ALL * row.count("filled") else None

    def collisions(self, observation: Observation) -> int:
        """How many values are another one in another spelling."""
        row = self.counts(observation)
        return row.count("different") - row.count("folded") if row else 0

    def groups(self) -> Question:
        """Some values that people read alike, and in how many rows they are."""
        select = ddl(
            "SELECT string_agg(DISTINCT quote_literal(left(t.{c}::text, 60)), ' = ') AS value, count(*) AS rows"
            " FROM {t} AS t WHERE t.{c} IS NOT NULL GROUP BY {folded} HAVING count(DISTINCT t.{c}::text) > 1"
            " ORDER BY 1 LIMIT {limit}",
            c=self.column.name, t=self.table.name, limit=SAMPLE_KEYS,
            folded=raw(joined([self._scope, self.folded]) if self.scope else self.folded),
        )  # fmt: skip
        return Question(self.table.name, select)


@lookup.remembered
def alike_keys(observation: Observation) -> tuple[AlikeKey, ...]:
    """Text columns that are keys by their name, or unique, and that nothing compares without regard to case yet."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[AlikeKey]:
    for table, columns in sampled_tables(observation):
        for values in columns:
            column = values.column
            text = is_text(column) and not column.type.endswith("citext") and not column.generated
            if not text or _folds_already(table, column.name):
                continue
            if _is_key(table, values):
                yield AlikeKey(table, column, is_unique(table, column.name))
            elif scope := _scope_of_key(table, values):
                yield AlikeKey(table, column, unique=True, scope=scope)


def _is_key(table: Table, values: Values) -> bool:
    """By its name; by its values: addresses of mail, or unique words of one case with hardly an exception."""
    column = values.column
    telling = values.filled >= FEWEST_ROWS and values.different >= NEARLY_ALL * values.filled
    if not telling or means(column, SECRETS) or _case_tells(values):
        return False
    named_so = means(column, CASELESS) or is_key_like(table, column)
    key = is_unique(table, column.name) or _are_single_words(values)
    return named_so or is_mail(values) or (key and _of_one_case(values))


def _scope_of_key(table: Table, values: Values) -> tuple[str, ...]:
    """What its unique index has beside the text: a tenant, a year; nothing where the text is no key within it."""
    named_so = means(values.column, CASELESS) or is_mail(values) or _of_one_case(values)
    telling = values.filled >= FEWEST_ROWS and values.different >= MANY_WITHIN * values.filled
    if not (telling and named_so) or means(values.column, SECRETS) or _case_tells(values):
        return ()
    numbers = {column.name for column in table.columns if column.type in {*WHOLE_TYPES, "uuid"}}
    for index in table.indexes:
        names = [name for name in index.columns if name]
        others = tuple(name for name in names if name != values.column.name)
        whole = index.unique and index.valid and index.predicate is None and len(names) == len(index.columns)
        if whole and values.column.name in names and others and numbers.issuperset(others):
            return others
    return ()


def _are_single_words(values: Values) -> bool:
    """Nearly all different, and no blank in them: codes, whoever made them."""
    different = values.filled >= FEWEST_CODES and values.different >= NEARLY_UNIQUE * values.filled
    plain = not means(values.column, NO_CODES) and not any(" " in text.strip() for text in values.common)
    return different and plain and all(any(map(str.isdigit, text)) for text in values.common)


def is_mail(values: Values) -> bool:
    """Whether nearly all values are addresses of mail."""
    return sum("@" in text and " " not in text.strip() for text in values.common) > NEARLY_SURE * len(values.common)


def _of_one_case(values: Values) -> bool:
    """Words or codes that are all written alike, so that another case or a blank is a slip."""
    texts = [text for text in values.common if any(map(str.isalpha, text))]
    counts = [sum(map(same, texts)) for same in (str.islower, str.isupper, str.istitle)]
    plain = values.longest <= LONGEST and (values.form is None or values.form.type in NUMBERS)
    return plain and max(counts) >= NEARLY_SURE * len(texts)


def _case_tells(values: Values) -> bool:
    """Codes like aB3xK: letters of both cases in one word, as a program draws them; DarkWolf is two words."""
    drawn = sum(any(not WRITTEN.fullmatch(run) for run in RUN.findall(text)) for text in values.common)
    return drawn * 4 > len(values.common) and not any("@" in text for text in values.common)


def is_unique(table: Table, column: str) -> bool:
    """Whether the database keeps the column's values apart, in all rows or in those of a predicate."""
    return any(index.unique and index.valid and index.columns == (column,) for index in table.indexes)


def in_unique_key(table: Table, column: str) -> bool:
    """Whether a unique index has the column, alone or with others, bare or in an expression."""
    return any(index.unique and index.valid and column in _columns(index) for index in table.indexes)


def _columns(index: Index) -> set[str]:
    plain = {key.column for key in index.keys if key.column}
    made = (key.expression for key in index.keys if not key.column and is_readable(key.expression))
    return plain | {name for value in made for name in columns_of(value)}


def _folds_already(table: Table, column: str) -> bool:
    """A unique index on an expression over the column: lower(email)."""
    return any(
        index.unique and index.valid and None in index.columns and column in _columns(index) for index in table.indexes
    )
