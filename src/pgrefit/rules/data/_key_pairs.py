"""Columns that are unique within each row of another table: the lines of an order, the days of an employee.

That no pair of values occurs twice is evidence where chance would have brought about many such: n rows of a × b values
have at least n² / 2ab of them, were the two columns independent of each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model import lookup
from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.rules._ask import SAMPLE_KEYS, WHOLE_TYPES, Row, is_text, row_of, sample_of
from pgrefit.rules._names import reference_name
from pgrefit.rules.data._meanings import means
from pgrefit.rules.data._sample import MOMENTS, Values, bare_type, sampled_tables

ROWS = 3000
FEWEST_ROWS = 500
FEWEST_VALUES = 3
MOST_REFERENCES, MOST_COLUMNS = 5, 8
LONGEST = 40
MOSTLY_DIFFERENT = 0.95  # of the sampled rows, from which on they tell too little
NEARLY_KEY = 0.5  # different values for each row, from which on it is no part of a key but one itself
THINGS = {"code", "number", "account", "sensor", "device", "station", "plate", "serial", "meter", "store", "ticker",
          "year", "season", "period", "series", "tenant", "mandant", "branch"}  # fmt: skip
CERTAIN = 20.0  # pairs that chance would have made
SELDOM = 0.005  # share of the rows that may be too many


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A reference, and what seems to be unique within it."""

    table: Table
    reference: str
    column: str

    def question(self) -> Question:
        """Rows with both, values of each, and different pairs."""
        both = expression("t.{a} IS NOT NULL AND t.{b} IS NOT NULL", a=self.reference, b=self.column)
        select = ddl(
            "SELECT count(*) AS rows, count(DISTINCT t.{a}) AS references, count(DISTINCT t.{b}) AS different,"
            " count(DISTINCT (t.{a}, t.{b})) AS pairs FROM {t} AS t WHERE {both}",
            a=self.reference, b=self.column, t=self.table.name, both=raw(both),
        )  # fmt: skip
        return Question(self.table.name, select)

    def holds(self, observation: Observation) -> Row | None:
        """The answer, where no pair occurs twice, or a few do, and chance does not explain it."""
        row = row_of(observation, self.question())
        if row is None or row.count("rows") < FEWEST_ROWS:
            return None
        rows, references, different = (row.count(name) for name in ("rows", "references", "different"))
        extra = rows - row.count("pairs")
        apart = max(references, different) <= NEARLY_KEY * rows
        chance = rows * (rows - 1) / 2 / max(1, references * different)
        return row if apart and extra <= SELDOM * rows and chance >= CERTAIN * max(1, extra) else None

    def duplicates(self) -> Question:
        """Some pairs that occur twice."""
        select = ddl(
            "SELECT left(concat_ws(', ', t.{a}::text, t.{b}::text), 60) AS value, count(*) AS rows FROM {t} AS t"
            " WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL GROUP BY t.{a}, t.{b} HAVING count(*) > 1"
            " ORDER BY 2 DESC, 1 LIMIT {limit}",
            a=self.reference, b=self.column, t=self.table.name, limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)


def questions(observation: Observation) -> Iterator[Question]:
    """All pairs on a sample; then those that it bears out, on all rows."""
    for table, pairs in _tables(observation):
        yield _sampled(observation, table, pairs)
    yield from (pair.question() for pair in key_pairs(observation))


@lookup.remembered
def key_pairs(observation: Observation) -> tuple[KeyPair, ...]:
    """Pairs of which hardly one occurs twice in the sample."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[KeyPair]:
    for table, pairs in _tables(observation):
        row = row_of(observation, _sampled(observation, table, pairs))
        for n, pair in enumerate(pairs):
            if row and row.count(f"rows_{n}") - row.count(f"pairs_{n}") <= SELDOM * row.count(f"rows_{n}"):
                yield pair


@lookup.remembered
def _tables(observation: Observation) -> tuple[tuple[Table, tuple[KeyPair, ...]], ...]:
    found = ((table, tuple(_pairs(table, columns))) for table, columns in sampled_tables(observation))
    return tuple((table, pairs) for table, pairs in found if pairs)


def _pairs(table: Table, columns: tuple[Values, ...]) -> Iterator[KeyPair]:
    references = [k.columns[0] for k in table.foreign_keys if len(k.columns) == 1 and k.columns != table.primary_key]
    fitting = {v.column.name for v in columns if _may_tell(v) and v.column.name not in table.primary_key}
    references += [v.column.name for v in columns if v.column.name in fitting and _names_a_thing(v.column)]
    telling = [v.column.name for v in columns if v.column.name in fitting]
    done: set[frozenset[str]] = set()
    numbered = {name for i in table.indexes if i.unique and not i.primary and len(i.columns) > 1 for name in i.columns}
    free = [name for name in references if name not in numbered]  # else what is unique within it is declared
    for reference in dict.fromkeys(free[:MOST_REFERENCES]):
        for column in telling[:MOST_COLUMNS]:
            pair = frozenset((reference, column))
            if reference in fitting and len(pair) == 2 and pair not in done and not _is_declared(table, pair):
                done.add(pair)
                yield KeyPair(table, reference, column)


def _may_tell(values: Values) -> bool:
    moment = bare_type(values.column) in MOMENTS
    kind = values.column.type in {*WHOLE_TYPES, "uuid"} or moment or is_text(values.column)
    repeats = values.different <= MOSTLY_DIFFERENT * values.filled
    return kind and repeats and values.different >= FEWEST_VALUES and values.longest <= LONGEST


def _names_a_thing(column: Column) -> bool:
    """A reference that is not declared: sensor_code, account_no."""
    plain = is_text(column) or column.type in {*WHOLE_TYPES, "uuid"}
    return plain and (reference_name(column.name).marked or means(column, THINGS))


def _is_declared(table: Table, pair: frozenset[str]) -> bool:
    """Whether a unique index has both columns, or fewer."""
    return any(
        (i.unique and i.valid and {*i.columns} <= pair) or pair <= {*i.columns} for i in table.indexes if i.unique
    )


def _sampled(observation: Observation, table: Table, pairs: tuple[KeyPair, ...]) -> Question:
    counts = [
        expression(
            "count(*) FILTER (WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL) AS {rows}, count(DISTINCT (t.{a}, t.{b}))"
            " FILTER (WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL) AS {pairs}",
            a=pair.reference, b=pair.column, rows=f"rows_{n}", pairs=f"pairs_{n}",
        )
        for n, pair in enumerate(pairs)
    ]  # fmt: skip
    select = ddl("SELECT {counts} FROM {sample} AS t", counts=raw(joined(counts)),
                 sample=raw(sample_of(observation, table, ROWS)))  # fmt: skip
    return Question(table.name, select, sampled=True)
