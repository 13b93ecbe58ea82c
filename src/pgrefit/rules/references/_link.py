"""A column and the key that it seems to hold, and what all its values say about that."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import Row
from pgrefit.rules._indexes import serves_lookup
from pgrefit.rules._names import stems

from ._key import ENDS, LIKE, SAME, Key, Option
from ._readings import says_key
from ._vocabulary import NUMBERED

MOST_QUESTIONS = 100_000  # that are remembered
FEWEST_ROWS = 20  # that tell more than chance, where small numbers meet small numbers
FEWEST_VALUES = 3
MOST_OWN = 0.5  # share of the rows that refer to themselves, from which on the values are copies of the key
NEEDED = {SAME: 0.8, ENDS: 0.8, LIKE: 0.9, 0: 0.8}  # share of the rows that must match, by how the name fits
NEEDED_BARE = 0.9
NEEDED_UNNAMED = 0.95  # where the name tells no table
COVERED = {SAME: 0.1, ENDS: 0.5, LIKE: 0.5, 0: 0.8}  # share of the parent's keys that numbers must take, lest they
# be other small numbers
FEWEST_VALUES_ALONE = 10  # where nothing but values tells
FAR_OFF = 2  # keys begin far from 0 where their least number, so many times, is beyond the reach of all
FAR_ALONG = 0.8  # share of the numbers of a key in a row that a reference takes, from the least to the greatest
SCATTERED = 2  # so much further apart than in a row are numbers that are no other small numbers
SURE = 4  # standard deviations from what numbers would match that are drawn at random
FEWEST_TIGHT = 30  # values that reach as far as a key does, lest that be chance
LOOSEST, GAPS_FREE = 0.05, 5
FLAGS = 2  # different values, of which one stands for none: yes and no
FEWEST_PLAYERS = 8  # different persons in a part, lest they be two sides


@dataclass(frozen=True, slots=True)
class Link:
    """A column and the key that it seems to hold; `several`: a sibling says what kind of thing it refers to."""

    table: Table
    column: Column
    family: str
    option: Option
    several: bool = False

    @property
    def key(self) -> Key:
        """The key that is meant."""
        return self.option.key

    @property
    def needed(self) -> float:
        """Which share of the values must be there."""
        if self.several:
            return 1.0
        if self.option.bare and not self.option.joined:
            return NEEDED_BARE
        return NEEDED_UNNAMED if self.unnamed and self.family != "uuid" else NEEDED[self.option.fit]

    @property
    def unnamed(self) -> bool:
        """Whether neither its name nor a query tells the key."""
        return not self.option.fit and not self.option.joined

    @property
    def plain(self) -> bool:
        """Whether the name says it in so many words."""
        return self.option.fit == SAME and not self.option.bare

    def counts(self) -> Question:
        """All rows: how many are NULL, stand for nobody, match, and refer to nothing."""
        key = self.key
        return _counts(
            self.table.name, self.column.name, key.table.name, key.column.name, self.family, alone=self.unnamed
        )

    def contained(self, row: Row) -> bool:
        """Whether enough of the values that are meant to refer to something do."""
        filled = row.count("rows") - row.count("nulls") - row.count("nobody")
        copied = self.unnamed and row.count("itself") > MOST_OWN * row.count("matching")
        flag = self.family == "whole" and row.count("nobody") > 0 and row.count("distinct") <= FLAGS and not self.plain
        return filled > 0 and row.count("matching") >= self.needed * filled and not copied and not flag

    def told(self, row: Row) -> bool:
        """Whether the values cannot well be equal by chance."""
        if self.plain or self.family == "uuid":
            return True
        if self.option.by_values and self.family == "whole":
            used_up = says_key(self.column) and row.count("found") == row.count("parents") == row.count("distinct")
            return row.count("matching") >= FEWEST_ROWS and (_by_no_chance(row) or used_up)
        if self.option.part and self.family == "whole":
            return row.count("matching") >= FEWEST_ROWS and row.count("distinct") >= FEWEST_PLAYERS
        sure = self.option.fit == SAME and self.indexed and not row.count("orphans")
        enough = row.count("matching") >= (FEWEST_ROWS if not sure else FEWEST_VALUES)
        if not (self.option.bare or self.unnamed) or self.option.joined or self.family == "text":
            return enough
        values, parents = row.count("distinct"), row.count("parents")
        covers = values >= max(FEWEST_VALUES, COVERED[self.option.fit] * parents)
        scattered = values >= FEWEST_VALUES and row.count("span") >= SCATTERED * values and self.option.fit > 0
        scattered = scattered and not set(stems(self.column.name)) <= NUMBERED
        return enough and (self.indexed or covers or scattered)

    @property
    def indexed(self) -> bool:
        """Whether an index, or a key of several columns, holds the column: few index mere numbers."""
        column = self.column.name
        unique = any(index.unique and column in index.columns for index in self.table.indexes)
        return (unique and self.unnamed) or any(serves_lookup(index, (column,)) for index in self.table.indexes)


@lru_cache(maxsize=MOST_QUESTIONS)
def _counts(table: Relation, column: str, parent: Relation, key: str, family: str, *, alone: bool) -> Question:
    select = ddl(
        "SELECT count(*) AS rows, count(*) - count(t.{c}) AS nulls, count(p.{k}) AS matching,"
        " count(t.{c}) - count(p.{k}) AS orphans, count(DISTINCT t.{c}) AS distinct,"
        " count(*) FILTER (WHERE p.{k} IS NULL AND {nobody}) AS nobody, (SELECT count(*) FROM {parent}) AS parents,"
        " {span} AS span {more} FROM {table} AS t LEFT JOIN {parent} AS p ON p.{k} = t.{c}",
        c=column, k=key, table=table, parent=parent, nobody=raw(nobody(column, family)), span=raw(_span(key, family)),
        more=raw(_of_values(column, parent, key, family, itself=table == parent) if alone else Expression("")),
    )  # fmt: skip
    return Question(table, select)


def _span(key: str, family: str) -> Expression:
    """How many whole numbers there are from the least key of alias p to the greatest."""
    return (
        expression("pg_catalog.max(p.{k}) - pg_catalog.min(p.{k}) + 1", k=key) if family == "whole" else Expression("0")
    )


def _of_values(column: str, parent: Relation, key: str, family: str, *, itself: bool) -> Expression:
    """What is to be known where values alone tell: how many are keys, and rows that refer to themselves.

    Of whole numbers also how many keys there are in between (`among`), the least of all, and how far they reach.
    """
    own = expression("count(*) FILTER (WHERE t.{k} = t.{c})", k=key, c=column) if itself else Expression("0")
    numbers = expression(
        "(SELECT count(*) FROM {p} AS q WHERE q.{k} BETWEEN pg_catalog.min(p.{k}) AND pg_catalog.max(p.{k})) AS among,"
        " (SELECT pg_catalog.min(q.{k}) FROM {p} AS q) AS least,"
        " (SELECT pg_catalog.max(q.{k}) - pg_catalog.min(q.{k}) + 1 FROM {p} AS q) AS reach",
        p=parent, k=key,
    ) if family == "whole" else Expression("0 AS among, 0 AS least, 0 AS reach")  # fmt: skip
    return expression(", count(DISTINCT p.{k}) AS found, {own} AS itself, {numbers}",
                      k=key, own=raw(own), numbers=raw(numbers))  # fmt: skip


def _by_no_chance(row: Row) -> bool:
    """Whether the numbers miss the gaps between the keys, or take nearly all of keys that begin far from 0."""
    values, span, among = row.count("distinct"), row.count("span"), row.count("among")
    far = row.count("least") * FAR_OFF >= row.count("reach") and span >= FAR_ALONG * row.count("reach")
    tight = values >= FEWEST_TIGHT and span >= (1 - looseness(values)) * row.count("reach")
    return values >= FEWEST_VALUES_ALONE and (
        far or tight or more_than_chance(row.count("found") / values, among / span, values)
    )


def looseness(values: float) -> float:
    """Which share of a key's numbers so many references to it may leave free at the end."""
    return min(LOOSEST, GAPS_FREE / values)


def more_than_chance(share: float, expected: float, tries: int) -> bool:
    """Whether a share of so many tries is far above the one that is expected of independent ones."""
    return share - expected > SURE * (expected * (1 - expected) / tries) ** 0.5 and share > expected


def nobody(column: str, family: str) -> Expression:
    """Whether a value of alias t is one that people write for none."""
    match family:
        case "whole":
            return expression("t.{c} IN (0, -1)", c=column)
        case "text":
            return expression("pg_catalog.btrim(t.{c}::text) = ''", c=column)
        case "uuid":
            return expression("t.{c} = '00000000-0000-0000-0000-000000000000'::uuid", c=column)
        case _:
            return Expression("false")
