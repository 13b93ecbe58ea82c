"""Texts that two columns tell together and none of them alone: tried on a sample, confirmed on all rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from math import log

from pgrefit.model.ddl import ddl, expression, joined, raw
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import Row, is_text, row_of, sample_of
from pgrefit.rules._names import shared_words
from pgrefit.rules.data._dependencies import CERTAIN, LOOSE, Dependency, dependent_tables, told_alone
from pgrefit.rules.data._sample import Values

ROWS = 3000
MOST = 24  # that are tried in one table
FEWEST_FACTS, FEWEST_GROUPS, MOST_VALUES = 4, 6, 100
REPEATED = 6  # rows for each pair of values
SEVERAL = 1.5  # facts for each value of the one, or it tells nearly alone
SHORTEST = 3  # letters of a name that another one begins with


@dataclass(frozen=True, slots=True)
class _Pair:
    """What may tell, together with what, and what."""

    one: Values
    other: Values
    fact: Values


def questions(observation: Observation) -> Iterator[Question]:
    """All on a sample; then what the sample bears out, on all rows."""
    for table, pairs in _tables(observation):
        yield _sampled(observation, table, pairs)
        yield from (d.question() for d in _likely(observation, table, pairs))


def dependencies(observation: Observation) -> Iterator[tuple[Table, list[Dependency]]]:
    """Of each table those that hold on all rows, one for each fact."""
    for table, pairs in _tables(observation):
        found: dict[str, Dependency] = {}
        for dependency in _likely(observation, table, pairs):
            if dependency.counts(observation):
                found.setdefault(dependency.column, dependency)
        yield table, list(found.values())


def _tables(observation: Observation) -> Iterator[tuple[Table, list[_Pair]]]:
    for table, columns in dependent_tables(observation):
        facts = [v for v in columns if is_text(v.column) and v.different >= FEWEST_FACTS and v.form is None]
        told = told_alone(observation, table, columns) if facts and len(columns) > 2 else None
        pairs = (
            []
            if told is None
            else list(islice(_pairs(table, columns, [f for f in facts if f.column.name not in told]), MOST))
        )
        if pairs:
            yield table, pairs


def _pairs(table: Table, columns: list[Values], facts: list[Values]) -> Iterator[_Pair]:
    """By the names: the one is what the fact is called after; the other refers to something, or has a few values."""
    references = {name for key in table.foreign_keys for name in key.columns}
    alone = {key.columns for key in table.foreign_keys}  # what such a one tells is a copy, which another rule looks at
    for fact in facts:
        for one in columns:
            copied = (one.column.name,) in alone
            if one is fact or copied or fact.column.name in references or not _called_after(one, fact):
                continue
            for other in columns:
                few = other.different <= MOST_VALUES and other.longest < fact.longest
                if other is not one and other is not fact and few and not _called_after(fact, other):
                    yield _Pair(one, other, fact)


def _called_after(one: Values, fact: Values) -> bool:
    name, longer = one.column.name.lower(), fact.column.name.lower()
    begins = len(name) >= SHORTEST and longer.startswith(name) and name != longer
    return one.longest < fact.longest and (begins or shared_words(name, longer) > 0)


def _sampled(observation: Observation, table: Table, pairs: list[_Pair]) -> Question:
    counts = [
        expression(
            "count(DISTINCT (t.{a}, t.{b})) FILTER (WHERE {there}) AS {g}, count(DISTINCT (t.{a}, t.{b}, t.{f}))"
            " FILTER (WHERE {there}) AS {w}, count(DISTINCT (t.{a}, t.{f})) FILTER (WHERE {there}) AS {x},"
            " count(DISTINCT (t.{b}, t.{f})) FILTER (WHERE {there}) AS {y}, count(*) FILTER (WHERE {there}) AS {r}",
            a=p.one.column.name, b=p.other.column.name, f=p.fact.column.name,
            there=raw(expression("(t.{a}, t.{b}, t.{f}) IS NOT NULL", a=p.one.column.name, b=p.other.column.name,
                                 f=p.fact.column.name)),
            g=f"groups_{n}", w=f"whole_{n}", x=f"one_{n}", y=f"other_{n}", r=f"rows_{n}",
        )
        for n, p in enumerate(pairs)
    ]  # fmt: skip
    select = ddl("SELECT {counts} FROM {sample} AS t", counts=raw(joined(counts)),
                 sample=raw(sample_of(observation, table, ROWS)))  # fmt: skip
    return Question(table.name, select, sampled=True)


def _likely(observation: Observation, table: Table, pairs: list[_Pair]) -> Iterator[Dependency]:
    row = row_of(observation, _sampled(observation, table, pairs))
    for n, pair in enumerate(pairs) if row else ():
        if row and _tell(pair, row, n):
            yield Dependency(table, pair.one.column.name, pair.fact.column.name, also=pair.other.column.name)


def _tell(pair: _Pair, row: Row, n: int) -> bool:
    """Whether hardly more triples than pairs are there, which chance does not explain, nor one of the two alone."""
    rows, groups, whole = (row.count(f"{name}_{n}") for name in ("rows", "groups", "whole"))
    repeated = groups >= FEWEST_GROUPS and rows >= REPEATED * groups
    alone = (row.count(f"one_{n}") / max(1, pair.one.different), row.count(f"other_{n}") / max(1, pair.other.different))
    few = whole - groups <= min(LOOSE * rows, 0.25 * groups)
    chance = -log(pair.fact.top / pair.fact.filled) * (rows - groups) if pair.fact.top else 0.0
    return repeated and few and min(alone) >= SEVERAL and chance >= CERTAIN
