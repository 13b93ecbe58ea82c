"""A constraint that the server was told not to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


def _unenforced(observation: Observation) -> Observation:
    """As if the example's check were NOT ENFORCED, which older servers do not know."""
    changed = tuple(
        replace(table, constraints=tuple(
            replace(c, enforced=False, validated=False) if c.kind == "check" else c for c in table.constraints))
        for table in observation.snapshot.tables
    )  # fmt: skip
    return replace(observation, snapshot=replace(observation.snapshot, tables=changed))


@rule(
    code="CON019",
    title="Constraint that is not enforced",
    why="It reads like a promise, and nothing keeps it: rows that break it come in, and nobody is told.",
    example="CREATE TABLE price (id int PRIMARY KEY, amount numeric, CONSTRAINT positive CHECK (amount > 0));",
    clean="CREATE TABLE price (id int PRIMARY KEY, amount numeric, CONSTRAINT positive CHECK (amount > 0));",
    given=_unenforced,
)
def constraint_not_enforced(observation: Observation) -> Iterator[Finding]:
    """Checks and foreign keys with NOT ENFORCED."""
    for table in tables(observation):
        for constraint in table.constraints:
            if not constraint.enforced and not constraint.inherited:
                yield Finding(
                    object=f"{table.name}.{constraint.name}",
                    message="is declared and not enforced",
                    severity=Severity.WARNING if constraint.kind == "foreign key" else Severity.INFO,
                    evidence=(catalog("definition", str(constraint.definition)),),
                    advice="mend the rows that break it and enforce it, or drop it and say so in a comment",
                )
