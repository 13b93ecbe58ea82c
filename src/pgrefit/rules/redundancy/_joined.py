"""Texts that are two other texts of the row put together: a full name, a code with its prefix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from pgrefit.model.ddl import Expression, Literal, ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import is_text, key_columns, rows_of, sample_of, statistics_of
from pgrefit.rules.redundancy._formulas import FEWEST_ROWS, FEWEST_VALUES, Hypothesis

ROWS = 100
ENOUGH = 0.9
MOST_COLUMNS = 8
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
    return short[:MOST_COLUMNS] if len(short) > 2 else []


def sampled(observation: Observation, table: Table) -> Question | None:
    """Some rows of the short texts; None where there are too few of them."""
    names = texts(observation, table)
    values = [expression("t.{c}::text AS {name}", c=c, name=f"c{n}") for n, c in enumerate(names)]
    sample = sample_of(observation, table, ROWS)
    select = ddl("SELECT {values} FROM {sample} AS t", values=raw(joined(values)), sample=raw(sample))
    return Question(table.name, select, sampled=True) if names else None


def joins(observation: Observation, table: Table) -> Iterator[Hypothesis]:
    """For each text the two others that give it in nearly all sampled rows, put together in one way."""
    question = sampled(observation, table)
    rows = (rows_of(observation, question) if question else None) or []
    names = texts(observation, table)
    columns: dict[str, Texts] = {
        name: tuple(None if row.cells[f"c{n}"] is None else row.text(f"c{n}") for row in rows)
        for n, name in enumerate(names)
    }
    for target in names if len(rows) >= FEWEST_ROWS else ():
        if len(set(columns[target])) >= FEWEST_VALUES:
            found = next(_joining(columns, target), None) or next(_in_other_letters(columns, target), None)
            if found:
                yield found


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
