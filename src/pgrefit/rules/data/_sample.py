"""What the columns of a table hold, by one sample of its rows that all rules of this folder share."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from pgrefit.model import lookup
from pgrefit.model.ddl import Expression, ddl, expression, joined, raw
from pgrefit.model.names import Relation
from pgrefit.model.observation import Answer, Observation, Question
from pgrefit.model.snapshot import Column, Table
from pgrefit.model.statistics import Statistics
from pgrefit.rules._ask import WHOLE_TYPES, Row, is_empty, is_numeric, is_text, rows_of, sample_of, tables
from pgrefit.rules._left_over import bare_copies
from pgrefit.rules.data._forms import Form, form_of

ROWS = 1000
VALUES = 50
NEARLY_ALL = 0.9
LONGEST = 120  # characters of a value that are looked at
FEWEST_ROWS = 20  # that tell something
MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")
PLAIN = (*WHOLE_TYPES, *MOMENTS, "boolean", "uuid", "real", "double precision", "interval")
REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Values:
    """A column's values in the sample: how many rows, how many are filled, how many differ, the most common ones.

    `common` are texts, cut at LONGEST; of those that occur equally often they are a random choice. `longest` is the
    length of the longest before it was cut. `form`: the type that nearly all values of a text column have.
    """

    column: Column
    rows: int
    filled: int
    different: int
    longest: int
    common: Mapping[str, int]
    form: Form | None = None

    @property
    def complete(self) -> bool:
        """Whether `common` has all that were seen."""
        return self.different == len(self.common)

    @property
    def top(self) -> int:
        """How often the most common value occurs."""
        return max(self.common.values(), default=0)


@dataclass(slots=True)
class _Memory:
    """What was made for one table; it is asked for by every rule, in every round."""

    table: Table
    question: Question
    answer: Answer | None = None
    values: tuple[Values, ...] = ()


@lookup.remembered
def _memory(_: Statistics) -> dict[Relation, _Memory]:
    return {}


def sampled_tables(observation: Observation) -> Iterator[tuple[Table, tuple[Values, ...]]]:
    """Tables that may hold something, each with what its columns hold; without columns as long as that is not known."""
    return iter(_sampled(observation))


@lookup.remembered
def _sampled(observation: Observation) -> tuple[tuple[Table, tuple[Values, ...]], ...]:
    copies = bare_copies(observation.snapshot)
    kept = (t for t in tables(observation) if t.kind != "foreign table" and t.name not in copies)
    some = (t for t in kept if not is_empty(observation, t))
    return tuple((table, _values(observation, table)) for table in some if _columns(table))


def samples(observation: Observation) -> Iterator[Question]:
    """The question behind `sampled_tables`, for each of them."""
    return iter(_questions(observation))


@lookup.remembered
def _questions(observation: Observation) -> tuple[Question, ...]:
    return tuple(_remembered(observation, table).question for table, _ in _sampled(observation))


def _columns(table: Table) -> list[Column]:
    """Columns whose values can be read as text without much work."""
    return [c for c in table.columns if is_text(c) or is_numeric(c) or bare_type(c) in PLAIN]


def bare_type(column: Column) -> str:
    """The type without its precision: timestamp(3) without time zone is one without."""
    head, parenthesis, rest = column.type.partition("(")
    return head + rest.partition(")")[2] if parenthesis else head


def _remembered(observation: Observation, table: Table) -> _Memory:
    memory = _memory(observation.statistics)
    found = memory.get(table.name)
    if found is None or found.table is not table:
        found = memory[table.name] = _Memory(table, _question(observation, table))
    return found


def _question(observation: Observation, table: Table) -> Question:
    pairs = [expression("({n}, t.{c}::text)", n=n, c=c.name) for n, c in enumerate(_columns(table))]
    select = ddl(
        "SELECT g.number, sum(g.rows)::bigint AS rows, count(g.value) AS different, max(g.longest) AS longest,"
        " coalesce(sum(g.rows) FILTER (WHERE g.value IS NOT NULL), 0)::bigint AS filled,"
        " (jsonb_object_agg(g.value, g.rows) FILTER (WHERE g.value IS NOT NULL AND g.place <= {most}))::text AS common"
        " FROM (SELECT v.number, left(v.value, {cut}) AS value, max(length(v.value)) AS longest, count(*) AS rows,"
        " row_number() OVER (PARTITION BY v.number, v.value IS NULL ORDER BY count(*) DESC, md5(left(v.value, {cut})))"
        " AS place FROM {sample} AS t CROSS JOIN LATERAL (VALUES {pairs}) AS v(number, value)"
        " GROUP BY v.number, left(v.value, {cut}), v.value IS NULL) AS g GROUP BY g.number ORDER BY g.number",
        most=VALUES, cut=LONGEST, sample=raw(sample_of(observation, table, ROWS)), pairs=raw(joined(pairs)),
    )  # fmt: skip
    return Question(table.name, select, sampled=True)


def _values(observation: Observation, table: Table) -> tuple[Values, ...]:
    memory = _remembered(observation, table)
    answer = observation.answer(memory.question)
    if answer is not memory.answer:
        columns = _columns(table)
        rows = rows_of(observation, memory.question) or []
        memory.answer, memory.values = answer, tuple(_read(columns[row.count("number")], row) for row in rows)
    return memory.values


def _read(column: Column, row: Row) -> Values:
    common = _common(row.text("common"))
    return Values(
        column=column, rows=row.count("rows"), filled=row.count("filled"), different=row.count("different"),
        longest=row.count("longest"), common=common,
        form=form_of(common, row.count("filled"), share=NEARLY_ALL) if is_text(column) else None,
    )  # fmt: skip


@lru_cache(maxsize=REMEMBERED)
def _common(text: str) -> Mapping[str, int]:
    return MappingProxyType(json.loads(text) if text else {})


def row_key(table: Table) -> Expression:
    """What tells a row of alias t, as text, for people: its key, else its place."""
    key = [expression("t.{c}::text", c=name) for name in table.row_key] or [Expression("t.ctid::text")]
    return expression("concat_ws(', ', {key})", key=raw(joined(key)))
