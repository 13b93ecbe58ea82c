"""A range that holds in every row, and nothing keeps it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.changes.add_check import AddCheck
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation, fit
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Table
from pgrefit.rules._ask import catalog, named
from pgrefit.rules.data import _orders as orders
from pgrefit.rules.data._ranges import Promise, promises
from pgrefit.rules.data._sample import samples

FEWEST_ROWS = 200


def _asks(observation: Observation) -> Iterator[Question]:
    yield from samples(observation)
    yield from orders.questions(observation)
    yield from (promise.question() for promise in promises(observation) if promise.strong)


@rule(
    code="DAT014",
    title="Range that holds and is not checked",
    why="Every row keeps to it today; without a check the first slip is stored, and nobody hears of it.",
    asks=_asks,
    example="""
        CREATE TABLE stay (id int PRIMARY KEY, starts_on date NOT NULL, ends_on date NOT NULL);
        INSERT INTO stay SELECT n, date '2024-01-01' + n, date '2024-01-03' + n FROM generate_series(1, 300) AS n;
        ANALYZE stay;
    """,
    clean="""
        CREATE TABLE stay (id int PRIMARY KEY, starts_on date NOT NULL, ends_on date NOT NULL, temperature numeric,
                           CHECK (ends_on >= starts_on));
        INSERT INTO stay SELECT n, date '2024-01-01' + n, date '2024-01-03' + n, n FROM generate_series(1, 300) AS n;
        CREATE TABLE small (id int PRIMARY KEY, percent int);
        INSERT INTO small SELECT n, n FROM generate_series(1, 60) AS n;
        ANALYZE stay, small;
    """,
)
def unchecked_range(observation: Observation) -> Iterator[Finding]:
    """Of each table: percentages, quantities, coordinates, beginnings and ends that all rows keep, without a check."""
    holding: defaultdict[Relation, list[Promise]] = defaultdict(list)
    for promise in promises(observation):
        row = promise.counts(observation) if promise.strong else None
        if row and row.count("filled") >= FEWEST_ROWS and not row.count("breaking"):
            holding[promise.table.name].append(promise)
    yield from (_finding(kept[0].table, kept) for kept in holding.values())


def _finding(table: Table, kept: list[Promise]) -> Finding:
    (first, *more) = kept
    return Finding(
        object=str(table.name) if more else named(table, first.columns[-1]),
        message=f"{len(kept)} ranges hold in every row and are not checked" if more
        else "its range holds in every row and is not checked",
        severity=Severity.INFO,
        evidence=tuple(catalog(", ".join(promise.columns), promise.says) for promise in kept),
        remedy=tuple(
            AddCheck(table=table.name, name=fit(f"{table.name.name}_{'_'.join(p.columns)}", "_range"), condition=p.bare)
            for p in kept
        ),
    )  # fmt: skip
