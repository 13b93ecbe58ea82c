"""Columns that tell rows apart for people, and how many of their values differ in case and blanks alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Literal, ddl, expression, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Index, Table
from pgrefit.model.sql_tree import columns_of, is_readable
from pgrefit.rules._ask import SAMPLE_KEYS, Row, is_text, row_of
from pgrefit.rules.data._exact import counted
from pgrefit.rules.data._meanings import CASELESS, SECRETS, is_key_like, means
from pgrefit.rules.data._sample import FEWEST_ROWS, Values, sampled_tables

BLANKS = " \t\r\n\u00a0"
NEARLY_ALL = 0.8  # share of the values that occur once
NEARLY_SURE = 0.9  # share of the sampled values
LONGEST = 60


@dataclass(frozen=True, slots=True)
class AlikeKey:
    """A text column whose values should be one for each row; `unique`: the database keeps them so."""

    table: Table
    column: Column
    unique: bool

    @property
    def folded(self) -> Expression:
        """The value as people read it."""
        return expression("lower(btrim(t.{c}::text, {blanks}))", c=self.column.name, blanks=Literal(BLANKS))

    def question(self) -> Question:
        """Rows, values, different ones as they are and as people read them."""
        return counted(self.table, {
            "rows": Expression("count(*)"), "filled": expression("count(t.{c})", c=self.column.name),
            "different": expression("count(DISTINCT t.{c}::text)", c=self.column.name),
            "folded": expression("count(DISTINCT {folded})", folded=raw(self.folded)),
        })  # fmt: skip

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
            c=self.column.name, t=self.table.name, folded=raw(self.folded), limit=SAMPLE_KEYS,
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
            if text and _is_key(table, values) and not _folds_already(table, column.name):
                yield AlikeKey(table, column, is_unique(table, column.name))


def _is_key(table: Table, values: Values) -> bool:
    """By its name; by its values: addresses of mail, or unique words of one case with hardly an exception."""
    column = values.column
    telling = values.filled >= FEWEST_ROWS and values.different >= NEARLY_ALL * values.filled
    if not telling or means(column, SECRETS) or _case_tells(values):
        return False
    named_so = means(column, CASELESS) or is_key_like(table, column)
    return named_so or is_mail(values) or (is_unique(table, column.name) and _of_one_case(values))


def is_mail(values: Values) -> bool:
    """Whether nearly all values are addresses of mail."""
    return sum("@" in text and " " not in text.strip() for text in values.common) > NEARLY_SURE * len(values.common)


def _of_one_case(values: Values) -> bool:
    """Words that are all written alike, so that another case is a slip; nothing that a program has drawn."""
    texts = [text for text in values.common if any(map(str.isalpha, text))]
    counts = [sum(map(same, texts)) for same in (str.islower, str.isupper, str.istitle)]
    lettered = sum(map(str.isalpha, "".join(texts))) * 2 >= sum(map(len, texts))
    plain = len(texts) >= NEARLY_SURE * len(values.common) and values.longest <= LONGEST and values.form is None
    return plain and lettered and max(counts) >= NEARLY_SURE * len(texts)


def _case_tells(values: Values) -> bool:
    """Codes like aB3xK: letters of both cases in one word, as a program draws them."""
    drawn = sum(any(a.islower() and b.isupper() for a, b in pairwise(text)) for text in values.common)
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
