"""Two foreign keys that say the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pgrefit.changes.drop_constraint import DropConstraint
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables


@rule(
    code="REF010",
    title="Duplicate foreign key",
    why=(
        "Every write is checked twice, and when a parent row goes both act: where they act differently, the one that"
        " the server happens to call first decides."
    ),
    example="""
        CREATE TABLE buyer (id int PRIMARY KEY);
        CREATE TABLE purchase (id int PRIMARY KEY, buyer_id int REFERENCES buyer,
                               CONSTRAINT purchase_buyer FOREIGN KEY (buyer_id) REFERENCES buyer (id));
    """,
    clean="""
        CREATE TABLE buyer (id int PRIMARY KEY, region int, UNIQUE (region, id));
        CREATE TABLE account (id int PRIMARY KEY REFERENCES buyer);
        CREATE TABLE purchase (id int PRIMARY KEY, buyer_id int REFERENCES buyer, payer_id int REFERENCES buyer,
                               region int, FOREIGN KEY (region, buyer_id) REFERENCES buyer (region, id),
                               FOREIGN KEY (buyer_id) REFERENCES account);
    """,
)
def duplicate_foreign_key(observation: Observation) -> Iterator[Finding]:
    """Foreign keys of one table that tie the same columns to the same columns; the first of each stays."""
    for table in tables(observation):
        for first, *others in _alike(table):
            for other in others:
                yield _finding(observation, table, first, other)


def _alike(table: Table) -> Iterator[list[Constraint]]:
    """Groups of two and more, in each first the one that is to stay: validated, checked at once, first by name."""
    groups: defaultdict[object, list[Constraint]] = defaultdict(list)
    for key in table.foreign_keys:
        if key.enforced and not key.inherited:
            groups[key.parent, frozenset(zip(key.columns, key.parent_columns, strict=True))].append(key)
    for group in groups.values():
        if len(group) > 1:
            yield sorted(group, key=lambda key: (not key.validated, key.deferrable, key.name))


def _finding(observation: Observation, table: Table, first: Constraint, other: Constraint) -> Finding:
    same = _acts(first) == _acts(other)
    change = DropConstraint(table=table.name, name=other.name)
    feasible = same and not any(change.obstacles(observation.snapshot))
    return Finding(
        object=f"{table.name}.{other.name}",
        message=f"says the same as {first.name}" + ("" if same else ", but acts otherwise when the parent goes"),
        severity=Severity.WARNING,
        evidence=(catalog(first.name, str(first.definition)), catalog(other.name, str(other.definition))),
        remedy=(change,) if feasible else (),
        advice="" if feasible else "decide what is to happen when a parent goes, and drop the other one",
    )


def _acts(key: Constraint) -> tuple[object, ...]:
    return (key.on_delete, key.on_update, key.deferrable, key.deferred, len(key.columns) > 1 and key.match)
