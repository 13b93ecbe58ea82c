"""Which columns of a table another one determines: tried in pairs on a sample, confirmed on all rows.

A dependency X → Y counts where X repeats often enough that chance does not explain it, and Y is not nearly constant.
Of the columns that determine Y the one with the fewest values is kept: zip → city → country gives zip → city and
city → country.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import log

from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import (
    SAMPLE_KEYS,
    WHOLE_TYPES,
    Row,
    is_text,
    key_columns,
    row_of,
    sample_of,
    statistics_of,
)
from pgrefit.rules._languages import english
from pgrefit.rules._names import shared_words
from pgrefit.rules.data._meanings import PLACES, is_flag_like, means
from pgrefit.rules.data._sample import Values, bare_type, sampled_tables

ROWS = 1000
FEWEST_ROWS = 100
FEWEST_VALUES = 3
FEWEST_THINGS = 4  # values of X
REPEATED = 4  # rows for each value of X
MOST_COMMON = 0.85  # share of Y's most common value
LEAST_VARIED = 0.05  # share of the rows with X that have another Y than the most common one
MOST_COLUMNS = 12
MOST_REFERENCES = 4
LOOSE = 0.05  # share of sampled rows that may disagree
MOST_OFF = 0.05  # share of all rows
MOST_OF_OTHERS = 0.1  # share of the rows without Y's most common value
SHORT = 6  # characters of a code
STREETS = {"street", "address", "line"}
PARTS = PLACES | STREETS | {"state", "province", "region", "county", "district"}
MANY = 6  # values of a text that may name a thing
THINGS = {
    "zip", "zipcode", "postcode", "postal", "plz", "city", "code", "sku", "id", "number", "no", "nr", "key", "email",
    "product",
}  # fmt: skip
ALMOST = 10  # steps in which the number of values is e times as large
CERTAIN = 20.0  # natural logarithm of how unlikely it is by chance
HEADER = 4  # bytes of a short value that nobody measured


@dataclass(frozen=True, slots=True)
class Dependency:
    """Column `of` → `column`; or `of` and `also` together."""

    table: Table
    of: str
    column: str
    also: str = ""

    @property
    def told_by(self) -> str:
        """The column that tells, or both, in words."""
        return f"{self.of} and {self.also}" if self.also else self.of

    @property
    def _key(self) -> Expression:
        """What tells: not null where all its parts are not."""
        return expression("(t.{x}, t.{z})", x=self.of, z=self.also) if self.also else expression("t.{x}", x=self.of)

    def question(self) -> Question:
        """Values of the one, those with several of the other, rows, and rows with another one than most."""
        select = ddl(
            "SELECT count(*) AS groups, count(*) FILTER (WHERE g.different > 1) AS split,"
            " coalesce(sum(g.rows), 0)::bigint AS rows, coalesce(sum(g.rows - g.most), 0)::bigint AS off,"
            " (SELECT count(*) FROM {t} AS t WHERE {x} IS NOT NULL GROUP BY t.{y} ORDER BY 1 DESC LIMIT 1) AS most"
            " FROM (SELECT p.x, sum(p.rows) AS rows, max(p.rows) AS most, count(*) AS different"
            " FROM (SELECT {x} AS x, t.{y} AS y, count(*) AS rows FROM {t} AS t WHERE {x} IS NOT NULL"
            " GROUP BY 1, 2) AS p GROUP BY p.x) AS g",
            x=raw(self._key), y=self.column, t=self.table.name,
        )  # fmt: skip
        return Question(self.table.name, select)

    def counts(self, observation: Observation) -> Row | None:
        """The answer, where it holds."""
        row = row_of(observation, self.question())
        if row is None or not row.count("rows"):
            return None
        rows, others = row.count("rows"), row.count("rows") - row.count("most")
        varied = others >= LEAST_VARIED * rows  # else the one only goes with a kind of rows: the floor with a flat
        return row if varied and row.count("off") <= min(MOST_OFF * rows, MOST_OF_OTHERS * others) else None

    def off(self, observation: Observation) -> int:
        """Rows that disagree with most of those that have the same value."""
        row = self.counts(observation)
        return row.count("off") if row else 0

    def bytes(self, observation: Observation) -> int:
        """What would not be stored if each value were there once."""
        row, seen = self.counts(observation), statistics_of(observation, self.table).column(self.column)
        return (row.count("rows") - row.count("groups")) * (seen.average_width if seen else HEADER) if row else 0

    def exceptions(self) -> Question:
        """Values that have several of the other."""
        select = ddl(
            "SELECT left({x}::text, 40) || ': ' || "
            "string_agg(DISTINCT left(coalesce(t.{y}::text, 'NULL'), 40), ' or ') AS value"
            " FROM {t} AS t WHERE {x} IS NOT NULL GROUP BY {x}"
            " HAVING count(DISTINCT t.{y}) + max((t.{y} IS NULL)::int) > 1 ORDER BY 1 LIMIT {limit}",
            x=raw(self._key), y=self.column, t=self.table.name, limit=SAMPLE_KEYS,
        )  # fmt: skip
        return Question(self.table.name, select)


def questions(observation: Observation) -> Iterator[Question]:
    """The pairs of each table on a sample; then what the sample bears out, on all rows."""
    for table, columns in dependent_tables(observation):
        yield _pairs(observation, table, columns)
        yield from (d.question() for d in _likely(observation, table, columns))


def dependencies(observation: Observation) -> Iterator[tuple[Table, list[Dependency]]]:
    """Of each table those that hold on all rows, each column determined by one other."""
    for table, columns in dependent_tables(observation):
        longest = {v.column.name: v.longest for v in columns}
        by_target: defaultdict[str, list[tuple[tuple[int, int], Dependency]]] = defaultdict(list)
        for dependency in _likely(observation, table, columns):
            row = dependency.counts(observation)
            if row:
                about = round(ALMOST * log(row.count("groups")))  # of about as many the shorter tells, as a code does
                by_target[dependency.column].append(((about, longest[dependency.of]), dependency))
        nearest = [min(found, key=lambda entry: entry[0]) for found in by_target.values()]
        yield table, _without_circles(columns, [dependency for _, dependency in nearest])


def _without_circles(columns: list[Values], found: list[Dependency]) -> list[Dependency]:
    """Of two columns that determine each other the shorter tells, as a code does, but no rate or price; of equally long
    the table's first.
    """
    rank = {v.column.name: (bare_type(v.column) == "numeric", v.longest, v.column.position) for v in columns}
    there = {(d.of, d.column) for d in found}
    return [d for d in found if (d.column, d.of) not in there or rank[d.of] <= rank[d.column]]


def dependent_tables(observation: Observation) -> Iterator[tuple[Table, list[Values]]]:
    """Tables and those of their columns that may depend on each other."""
    for table, columns in sampled_tables(observation):
        keys = key_columns(table) | {name for i in table.indexes if i.unique for name in i.columns if name}
        fitting = [v for v in columns if v.column.name not in keys and _may_depend(v)]
        parts = [v for v in columns if v.column.name in _parts_of_keys(table) and _may_depend(v)]
        references = [v for v in columns if _parent_of(observation, table, v.column.name) and _may_depend(v)]
        if 2 <= len(fitting) + len(references) + len(parts) <= MOST_COLUMNS * 2:
            yield table, [*fitting[:MOST_COLUMNS], *references[:MOST_REFERENCES], *parts]


def _parts_of_keys(table: Table) -> set[str]:
    """Columns that are a key with others and alone none, and refer to nothing."""
    unique = [{name for name in index.columns if name} for index in table.indexes if index.unique]
    together = {name for names in unique if len(names) > 1 for name in names}
    alone = {name for names in unique if len(names) == 1 for name in names}
    return together - alone - {name for key in table.foreign_keys for name in key.columns}


def _parent_of(observation: Observation, table: Table, column: str) -> Table | None:
    """The table that the column alone refers to."""
    parents = (key.parent for key in table.foreign_keys if key.columns == (column,) and key.parent != table.name)
    parent = next(parents, None)
    return observation.snapshot.find_table(parent) if parent else None


def _may_depend(values: Values) -> bool:
    """Repeats, has several values, and is of a kind that tells things apart: no measure, moment or flag."""
    column = values.column
    kind = is_text(column) or column.type in {*WHOLE_TYPES, "uuid", "date"} or bare_type(column) == "numeric"
    repeats = values.filled >= FEWEST_ROWS and values.filled >= REPEATED * values.different
    varies = values.different >= FEWEST_VALUES and values.top <= MOST_COMMON * values.filled
    return kind and repeats and varies and not column.generated and not is_flag_like(column)


def _pairs(observation: Observation, table: Table, columns: list[Values]) -> Question:
    counts = [
        expression("count(DISTINCT (t.{a}, t.{b})) FILTER (WHERE t.{a} IS NOT NULL AND t.{b} IS NOT NULL) AS {name}",
                   a=a.column.name, b=b.column.name, name=f"pair_{i}_{j}")
        for (i, a), (j, b) in combinations(enumerate(columns), 2)
    ]  # fmt: skip
    equal = [
        expression("bool_and(t.{a}::text IS NOT DISTINCT FROM t.{b}::text)::int AS {name}", a=a.column.name,
                   b=b.column.name, name=f"equal_{i}_{j}")
        for (i, a), (j, b) in combinations(enumerate(columns), 2)
    ]  # fmt: skip
    select = ddl("SELECT {counts} FROM {sample} AS t", counts=raw(joined([*counts, *equal])),
                 sample=raw(sample_of(observation, table, ROWS)))  # fmt: skip
    return Question(table.name, select, sampled=True)


def told_alone(observation: Observation, table: Table, columns: list[Values]) -> set[str] | None:
    """Columns that another one tells; None as long as that is not known."""
    likely = list(_likely(observation, table, columns))
    asked = (_pairs(observation, table, columns), *(dependency.question() for dependency in likely))
    if any(question not in observation.answers for question in asked):
        return None
    return {dependency.column for dependency in likely if dependency.counts(observation)}


def _likely(observation: Observation, table: Table, columns: list[Values]) -> Iterator[Dependency]:
    row = row_of(observation, _pairs(observation, table, columns))
    for (i, a), (j, b) in combinations(enumerate(columns), 2) if row else ():
        if row is None or row.count(f"equal_{i}_{j}"):
            continue
        different = row.count(f"pair_{i}_{j}")
        for x, y in ((a, b), (b, a)):
            if _tells(x, y, different) and _may_be_told(observation, table, x, y, columns):
                yield Dependency(table, x.column.name, y.column.name)


def _may_be_told(observation: Observation, table: Table, x: Values, y: Values, columns: list[Values]) -> bool:
    """Whether y may be a fact about x; about the row that x refers to, one that is named after it and is not there."""
    key = y.column.name in _parts_of_keys(table) or any(y.column.name in key.columns for key in table.foreign_keys)
    if key or _of_one_address(x, y, columns):
        return False
    parent = _parent_of(observation, table, x.column.name)
    if parent is None:
        return _is_of_it(x, y)
    own = {*english(y.column.name)}
    copied = any(own >= {*said} for column in parent.columns if (said := english(column.name)))
    return not copied and not means(y.column, PARTS) and bool(shared_words(x.column.name, y.column.name))


def _of_one_address(x: Values, y: Values, columns: list[Values]) -> bool:
    """Whether both are parts of addresses that recur as a whole, since their streets do: the same few, printed anew."""
    parts = means(x.column, PARTS) and means(y.column, PARTS)
    return parts and any(means(v.column, STREETS) for v in columns)


def _tells(x: Values, y: Values, different: int) -> bool:
    """Whether hardly more pairs than values of x are there, which chance does not explain."""
    more = different - x.different
    few = more <= min(LOOSE * x.rows, max(0.5 * x.different, 0.25 * x.different * (y.different - 1)))
    chance = -log(y.top / y.filled) * (x.filled - x.different) if y.filled and y.top else 0.0
    return few and x.different >= FEWEST_THINGS and chance >= CERTAIN


def _is_of_it(x: Values, y: Values) -> bool:
    """Whether the one may be a thing and the other a fact about it: by names, or two texts, one of many values."""
    if shared_words(x.column.name, y.column.name) or means(x.column, THINGS):
        return True
    both = is_text(x.column) and is_text(y.column)
    return both and (x.different >= MANY or _is_code_of(x, y))


def _is_code_of(x: Values, y: Values) -> bool:
    """Whether the one is a short code, and the other as many longer texts."""
    return x.longest <= SHORT < y.longest and not y.form and y.different <= x.different + LOOSE * x.rows
