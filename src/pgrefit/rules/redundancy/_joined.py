"""Texts that are two other texts of the row put together: a full name, a code with its prefix; or a part of one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import Row, is_text, key_columns, rows_of, sample_of, statistics_of
from pgrefit.rules.redundancy._cut import parts_of
from pgrefit.rules.redundancy._dated import days, written
from pgrefit.rules.redundancy._formulas import FEWEST_ROWS, FEWEST_VALUES, Hypothesis

ROWS = 100
ENOUGH = 0.9
MOST_COLUMNS, MOST_KEYS = 8, 2
SAME = 0.5
WIDEST = 80  # mean bytes
BETWEEN = (" ", ", ", "", "-", "_", "/", ".", ":", " - ")

Texts = tuple[str | None, ...]


def texts(observation: Observation, table: Table) -> list[str]:
    """Short texts; of fewer than three none can be the other two."""
    keys, statistics = key_columns(table), statistics_of(observation, table)
    found = [column.name for column in table.columns if is_text(column) and not column.generated]
    seen = {name: statistics.column(name) for name in found if name not in keys}
    short = [name for name, known in seen.items() if known and known.average_width <= WIDEST]
    return short[:MOST_COLUMNS]


def sources(observation: Observation, table: Table) -> list[str]:
    """What the texts may follow from: themselves, and short texts that are keys; fewer than two tell nothing."""
    keys, own, statistics = key_columns(table), texts(observation, table), statistics_of(observation, table)
    known = [c.name for c in table.columns if own and is_text(c) and c.name in keys]
    short = [name for name in known if (seen := statistics.column(name)) and seen.average_width <= WIDEST]
    found = [*own, *short[:MOST_KEYS]]
    return found if len(found) > 1 or (found and days(table)) else []


def sampled(observation: Observation, table: Table) -> Question | None:
    """Some rows of the short texts; None where there are too few of them."""
    names = sources(observation, table)
    values = [expression("t.{c}::text AS {name}", c=c, name=f"c{n}") for n, c in enumerate(names)]
    values += [expression("t.{c}::text AS {name}", c=c.name, name=f"d{n}") for n, c in enumerate(days(table))]
    sample = sample_of(observation, table, ROWS)
    select = ddl("SELECT {values} FROM {sample} AS t", values=raw(joined(values)), sample=raw(sample))
    return Question(table.name, select, sampled=True) if names else None


def joins(observation: Observation, table: Table) -> Iterator[Hypothesis]:
    """For each text the two others that give it in nearly all sampled rows, put together in one way."""
    question = sampled(observation, table)
    rows = (rows_of(observation, question) if question else None) or []
    names = sources(observation, table)
    columns = {name: _read(rows, f"c{n}") for n, name in enumerate(names)}
    moments = {column.name: _read(rows, f"d{n}") for n, column in enumerate(days(table))} if names else {}
    targets = [name for name in texts(observation, table) if len(set(columns.get(name, ()))) >= FEWEST_VALUES]
    targets = targets if len(rows) >= FEWEST_ROWS else []
    made = {name: found for name in targets if (found := next(_joining(columns, name), None))}
    yield from made.values()
    reads = {(name, other) for name, found in made.items() for other in found.reads}
    for target in (name for name in targets if name not in made):
        ways = (*_in_other_letters(columns, target), *parts_of(columns, target))
        ways = (*ways, *written(target, columns[target], moments))
        found = next((way for way in ways if (way.reads[0], target) not in reads), None)
        if found:
            reads.add((target, found.reads[0]))
            yield found


def _read(rows: list[Row], cell: str) -> Texts:
    return tuple(None if row.cells[cell] is None else row.text(cell) for row in rows)


def _joining(columns: dict[str, Texts], target: str) -> Iterator[Hypothesis]:
    stored = columns[target]
    for one, other in permutations([name for name in columns if name != target], 2):
        for between in BETWEEN:
            both = zip(stored, columns[one], columns[other], strict=True)
            agreeing = sum(a is not None and b is not None and s == f"{a}{between}{b}" for s, a, b in both)
            if agreeing >= ENOUGH * len(stored) and _vary(columns[one], columns[other]):
                yield Hypothesis(target, _put_together(one, between, other), (one, other), "")


def _in_other_letters(columns: dict[str, Texts], target: str) -> Iterator[Hypothesis]:
    """The same text in small or in capital letters, where it is not the same as it is."""
    stored = columns[target]
    for name, values in columns.items():
        both = [(a, b) for a, b in zip(stored, values, strict=True) if a is not None and b is not None]
        if name == target or len(both) < FEWEST_ROWS or sum(a == b for a, b in both) >= SAME * len(both):
            continue
        for function, letters in (("lower", str.lower), ("upper", str.upper)):
            if sum(a == letters(b) for a, b in both) >= ENOUGH * len(stored) and _vary(stored, values):
                yield Hypothesis(target, expression("{f}(t.{c})", f=raw(Expression(function)), c=name), (name,), "")


def _vary(one: Texts, other: Texts) -> bool:
    return min(len(set(one)), len(set(other))) >= FEWEST_VALUES


def _put_together(one: str, between: str, other: str) -> Expression:
    return expression("t.{a} || {between} || t.{b}", a=one, between=Literal(between), b=other)
