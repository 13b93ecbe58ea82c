"""A check that differs between environments of one database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.changes.reconcile_check import ReconcileCheck
from pgrefit.model.ddl import ddl
from pgrefit.model.finding import Evidence, Finding, Severity, rule
from pgrefit.model.observation import Environment, Observation, Question
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.model.sql_tree import NotAnExpressionError, parse_expression, print_expression, value_list
from pgrefit.rules._ask import catalog, rows_of, scan

MOST_VALUES = 30


@dataclass(frozen=True, slots=True)
class Drift:
    """One check here and the one that it is called, or that lists values of the same column, elsewhere."""

    table: Table
    here: Constraint
    environment: Environment
    there: Constraint

    @property
    def column(self) -> str | None:
        """The column whose values both list; None where one of them has another form."""
        here, there = _values(self.here), _values(self.there)
        return here[0] if here and there and here[0] == there[0] else None


def _asks(observation: Observation) -> Iterator[Question]:
    for drift in _drifts(observation):
        if drift.column:
            yield _rows_by_value(drift.table, drift.column)


def _rows_by_value(table: Table, column: str) -> Question:
    select = ddl(
        "SELECT t.{c}::text AS value, count(*) AS rows FROM {t} AS t GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}",
        c=column, t=table.name, limit=MOST_VALUES,
    )  # fmt: skip
    return Question(table.name, select)


def _drifts(observation: Observation) -> Iterator[Drift]:
    for environment in observation.environments:
        others = {table.name: table for table in environment.snapshot.tables}
        for table in observation.snapshot.own_tables():
            other = others.get(table.name)
            for here in table.checks if other else ():
                there = _counterpart(here, other.checks) if other and not here.inherited else None
                if there and not _same(here, there):
                    yield Drift(table, here, environment, there)


def _counterpart(check: Constraint, others: tuple[Constraint, ...]) -> Constraint | None:
    """The check of the same name, else the only one that lists values of the same column."""
    named = next((other for other in others if other.name == check.name), None)
    mine = _values(check)
    if named or mine is None:
        return named
    listing = [other for other in others if (theirs := _values(other)) and theirs[0] == mine[0]]
    return listing[0] if len(listing) == 1 else None


def _values(check: Constraint) -> tuple[str, tuple[str, ...]] | None:
    return value_list(check.expression) if check.expression else None


def _same(here: Constraint, there: Constraint) -> bool:
    mine, theirs = _values(here), _values(there)
    if mine and theirs:
        return mine[0] == theirs[0] and set(mine[1]) == set(theirs[1])
    return _form(here) == _form(there)


def _form(check: Constraint) -> str:
    text = check.expression or check.definition
    try:
        return print_expression(parse_expression(text))
    except NotAnExpressionError:
        return text


@rule(
    code="CON003",
    title="Check that differs between environments",
    why=(
        "What is written in one environment is refused in the other: a release that was tested here fails there, and"
        " rows cannot be moved between them."
    ),
    asks=_asks,
    environment="""
        CREATE TABLE entry (id int PRIMARY KEY, kind text CONSTRAINT entry_kind CHECK (kind IN ('draft', 'final')));
    """,
    example="""
        CREATE TABLE entry (id int PRIMARY KEY, kind text CONSTRAINT entry_kind CHECK (kind IN ('new', 'final')));
        INSERT INTO entry SELECT n, CASE WHEN n % 3 = 0 THEN 'final' ELSE 'new' END FROM generate_series(1, 30) AS n;
    """,
    clean="""
        CREATE TABLE entry (id int PRIMARY KEY, kind text CONSTRAINT entry_check CHECK (kind IN ('final', 'draft')));
    """,
)
def check_drift(observation: Observation) -> Iterator[Finding]:
    """Checks of the same name, or on the same column's values, that allow different things elsewhere."""
    for drift in _drifts(observation):
        yield Finding(
            object=f"{drift.table.name}.{drift.here.name}",
            message=f"allows other values than in {drift.environment.name}",
            severity=Severity.ERROR,
            evidence=tuple(_evidence(observation, drift)),
            remedy=tuple(_remedy(drift)),
            advice="" if drift.column else "decide which form is right, and bring the other environment to it",
        )


def _evidence(observation: Observation, drift: Drift) -> Iterator[Evidence]:
    here, there = _values(drift.here), _values(drift.there)
    if not here or not there:
        yield catalog("here", str(drift.here.definition))
        yield catalog(f"in {drift.environment.name}", str(drift.there.definition))
        return
    yield catalog("values here", here[1])
    yield catalog(f"values in {drift.environment.name}", there[1])
    yield catalog("only here", tuple(value for value in here[1] if value not in there[1]))
    yield catalog(f"only in {drift.environment.name}", tuple(value for value in there[1] if value not in here[1]))
    for row in rows_of(observation, _rows_by_value(drift.table, drift.column or here[0])) or ():
        value = row.cells["value"]
        yield scan("rows without a value" if value is None else f"rows with “{value}”", row.count("rows"))


def _remedy(drift: Drift) -> Iterator[ReconcileCheck]:
    """For the other environment: its check becomes the one that is here."""
    here = _values(drift.here)
    if drift.column and here:
        yield ReconcileCheck(table=drift.table.name, column=drift.column, name=drift.there.name, values=here[1])
