"""A constraint that holds for new rows only."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.ddl import Expression, Statement, ddl, expression, joined, raw
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation, Question
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, row_of, scan


def _asks(observation: Observation) -> Iterator[Question]:
    for table, constraint in _unproven(observation):
        question = _violations(table, constraint)
        if question:
            yield question


def _unproven(observation: Observation) -> Iterator[tuple[Table, Constraint]]:
    for table in observation.snapshot.own_tables():
        for constraint in table.constraints:
            if not constraint.validated and constraint.enforced and not constraint.inherited:
                yield table, constraint


def _violations(table: Table, constraint: Constraint) -> Question | None:
    """How many rows break it."""
    if constraint.kind == "check" and constraint.expression:
        select = ddl("SELECT count(*) AS broken FROM {table} WHERE NOT ({holds})",
                     table=table.name, holds=raw(constraint.expression))  # fmt: skip
    elif constraint.kind == "not null":
        select = ddl("SELECT count(*) AS broken FROM {table} WHERE {column} IS NULL",
                     table=table.name, column=constraint.columns[0])  # fmt: skip
    elif constraint.kind == "foreign key" and constraint.parent:
        select = _orphans(table, constraint)
    else:
        return None
    return Question(table.name, select)


def _orphans(table: Table, key: Constraint) -> Statement:
    assert key.parent is not None
    pairs = zip(key.parent_columns, key.columns, strict=True)
    same = [expression("p.{key} = t.{column}", key=theirs, column=mine) for theirs, mine in pairs]
    filled = [expression("t.{column} IS NOT NULL", column=mine) for mine in key.columns]
    conditions: list[Expression] = [
        *filled,
        expression("NOT EXISTS (SELECT FROM {p} AS p WHERE {same})", p=key.parent, same=raw(joined(same, " AND "))),
    ]
    return ddl("SELECT count(*) AS broken FROM {table} AS t WHERE {broken}",
               table=table.name, broken=raw(joined(conditions, " AND ")))  # fmt: skip


@rule(
    code="CON002",
    title="Constraint that was never validated",
    why="It is checked for rows that are written, and promises nothing about the rest; the planner does not use it.",
    asks=_asks,
    example="""
        CREATE TABLE price (id int PRIMARY KEY, amount numeric);
        INSERT INTO price VALUES (1, -1), (2, 3);
        ALTER TABLE price ADD CONSTRAINT price_positive CHECK (amount > 0) NOT VALID;
    """,
    clean="""
        CREATE TABLE price (id int PRIMARY KEY, amount numeric);
        ALTER TABLE price ADD CONSTRAINT price_positive CHECK (amount > 0) NOT VALID;
        ALTER TABLE price VALIDATE CONSTRAINT price_positive;
    """,
)
def not_valid_constraint(observation: Observation) -> Iterator[Finding]:
    """Constraints of tables and domains that are enforced, but not validated, with the rows that break them."""
    for table, constraint in _unproven(observation):
        question = _violations(table, constraint)
        row = row_of(observation, question) if question else None
        broken = row.count("broken") if row else None
        yield Finding(
            object=f"{table.name}.{constraint.name}",
            message="was added NOT VALID and never validated",
            severity=Severity.ERROR if broken else Severity.WARNING,
            evidence=(
                catalog("definition", str(constraint.definition)),
                *((scan("rows that break it", broken),) if broken is not None else ()),
            ),
            advice="mend these rows, then ALTER TABLE … VALIDATE CONSTRAINT" if broken else "VALIDATE CONSTRAINT",
        )
    yield from _of_domains(observation)


def _of_domains(observation: Observation) -> Iterator[Finding]:
    """Checks of domains that hold for new values only."""
    for domain in observation.snapshot.types:
        for check in () if domain.extension else domain.checks:
            if check.kind == "check" and not check.validated:
                yield Finding(
                    object=f"{domain.name}.{check.name}",
                    message="was added NOT VALID and never validated",
                    severity=Severity.WARNING,
                    evidence=(catalog("definition", str(check.definition)),),
                    advice="ALTER DOMAIN … VALIDATE CONSTRAINT, which reads all columns of the domain",
                )
