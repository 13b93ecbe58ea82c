"""Three columns that are unique together and no two of them are: route, leg and day; season, round and place.

Evidence is that each of them tells apart all rows that are alike in the other two, where chance would have left many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import SAMPLE_KEYS, WHOLE_TYPES, Row, is_text, row_of, sample_of
from pgrefit.rules._names import reference_name
from pgrefit.rules.data._key_pairs import THINGS
from pgrefit.rules.data._meanings import is_flag_like, means
from pgrefit.rules.data._ranges import COUNTED, QUANTITIES
from pgrefit.rules.data._sample import Values, sampled_tables

ROWS = 3000
FEWEST_ROWS, FEWEST_VALUES = 200, 3
MOST_COLUMNS, MOST_TRIPLES, MOST_KEPT = 7, 12, 2
LONGEST = 40
REPEATED = 3  # rows for each value of a column
CERTAIN = 10.0  # pairs of rows that chance would have left alike
SELDOM = 0.005  # share of the rows that may be too many
MEASURES = QUANTITIES | COUNTED | {"score", "amount", "total", "points", "percent", "value", "level", "index"}


@dataclass(frozen=True, slots=True)
class KeyTriple:
    """Columns that seem to be unique together."""

    table: Table
    columns: tuple[str, str, str]

    def question(self) -> Question:
        """Rows, different triples, and what is different in each column and in each two."""
        return Question(self.table.name, _counted(expression("{t}", t=self.table.name), [self]))

    def holds(self, observation: Observation) -> Row | None:
        """The answer, where hardly one occurs twice, and chance does not explain it."""
        row = row_of(observation, self.question())
        return row if row and _holds(row, 0) else None

    def duplicates(self) -> Question:
        """Some that occur twice."""
        a, b, c = self.columns
        select = ddl(
            "SELECT left(concat_ws(', ', t.{a}::text, t.{b}::text, t.{c}::text), 60) AS value, count(*) AS rows"
            " FROM {t} AS t WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL AND t.{c} IS NOT NULL"
            " GROUP BY t.{a}, t.{b}, t.{c} HAVING count(*) > 1 ORDER BY 2 DESC, 1 LIMIT {limit}",
            a=a, b=b, c=c, t=self.table.name, limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)


def questions(observation: Observation) -> Iterator[Question]:
    """All triples on a sample; then those that it bears out, on all rows."""
    for table, triples in _tables(observation):
        yield _sampled(observation, table, triples)
    yield from (triple.question() for triple in key_triples(observation))


@lookup.remembered
def key_triples(observation: Observation) -> tuple[KeyTriple, ...]:
    """Those that the sample bears out, of each table the few that have the fewest values."""
    return tuple(_found(observation))


def _found(observation: Observation) -> Iterator[KeyTriple]:
    for table, triples in _tables(observation):
        row = row_of(observation, _sampled(observation, table, triples))
        kept = [triple for n, triple in enumerate(triples) if row and _holds(row, n)]
        yield from kept[:MOST_KEPT]


@lookup.remembered
def _tables(observation: Observation) -> tuple[tuple[Table, tuple[KeyTriple, ...]], ...]:
    found = ((table, tuple(_triples(table, columns))) for table, columns in sampled_tables(observation))
    return tuple((table, triples) for table, triples in found if triples)


def _triples(table: Table, columns: tuple[Values, ...]) -> Iterator[KeyTriple]:
    fitting = [v for v in columns if _may_tell(table, v)][:MOST_COLUMNS]
    unique = [{*i.columns} for i in table.indexes if i.unique and i.valid]
    found: list[tuple[int, KeyTriple]] = []
    for three in combinations(fitting, 3):
        names, rows = tuple(v.column.name for v in three), min(v.rows for v in three)
        values = prod(v.different for v in three)
        likely = rows * rows / 2 >= CERTAIN * values >= CERTAIN * rows / 2
        declared = any(key <= {*names} or key >= {*names} for key in unique)
        if likely and not declared and any(_is_anchor(table, v) for v in three):
            found.append((values, KeyTriple(table, (names[0], names[1], names[2]))))
    yield from (triple for _, triple in sorted(found, key=lambda entry: entry[0])[:MOST_TRIPLES])


def _may_tell(table: Table, values: Values) -> bool:
    """Of every row, repeated, and no measure."""
    column = values.column
    kind = column.type in {*WHOLE_TYPES, "uuid", "date"} or is_text(column)
    repeats = values.filled == values.rows >= FEWEST_ROWS and values.different * REPEATED <= values.rows
    plain = column.name not in table.primary_key and column.default is None and not column.generated
    thing = not is_text(column) or _is_anchor(table, values)
    short = values.different >= FEWEST_VALUES and values.longest <= LONGEST
    return kind and repeats and plain and thing and short and not (means(column, MEASURES) or is_flag_like(column))


def _is_anchor(table: Table, values: Values) -> bool:
    """A day, or what says which thing it is about."""
    column = values.column
    refers = any(column.name in key.columns for key in table.foreign_keys)
    return column.type == "date" or refers or reference_name(column.name).marked or means(column, THINGS)


def _sampled(observation: Observation, table: Table, triples: tuple[KeyTriple, ...]) -> Question:
    return Question(table.name, _counted(sample_of(observation, table, ROWS), triples), sampled=True)


def _counted(rows: Expression, triples: tuple[KeyTriple, ...] | list[KeyTriple]) -> Statement:
    counts = [Expression("count(*) AS rows")]
    for n, triple in enumerate(triples):
        a, b, c = triple.columns
        sets = {"all": (a, b, c), "x": (a,), "y": (b,), "z": (c,), "yz": (b, c), "xz": (a, c), "xy": (a, b)}
        for name, columns in sets.items():
            values = joined([expression("t.{c}", c=column) for column in columns])
            counts.append(expression("count(DISTINCT ({v})) AS {name}", v=raw(values), name=f"{name}_{n}"))
    return ddl("SELECT {counts} FROM {rows} AS t", counts=raw(joined(counts)), rows=raw(rows))


def _holds(row: Row, number: int) -> bool:
    rows, extra = row.count("rows"), row.count("rows") - row.count(f"all_{number}")
    if rows < FEWEST_ROWS or extra > SELDOM * rows:
        return False
    for one, others in (("x", "yz"), ("y", "xz"), ("z", "xy")):
        alike = rows * (rows / max(1, row.count(f"{others}_{number}")) - 1) / 2
        if alike / max(1, row.count(f"{one}_{number}")) < CERTAIN * max(1, extra):
            return False
    return True
