"""A foreign key that another, over more columns, implies."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes.drop_constraint import DropConstraint
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables


@rule(
    code="REF011",
    title="Foreign key that another one implies",
    why="Every write is checked twice; the foreign key over more columns lets no row in that this one would refuse.",
    example="""
        CREATE TABLE buyer (id int PRIMARY KEY, tenant int NOT NULL, UNIQUE (tenant, id));
        CREATE TABLE purchase (id int PRIMARY KEY, tenant int NOT NULL, buyer_id int NOT NULL,
                               CONSTRAINT purchase_buyer FOREIGN KEY (buyer_id) REFERENCES buyer (id),
                               FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id));
    """,
    clean="""
        CREATE TABLE buyer (id int PRIMARY KEY, tenant int NOT NULL, UNIQUE (tenant, id));
        CREATE TABLE purchase (id int PRIMARY KEY, tenant int NOT NULL, buyer_id int NOT NULL, payer_id int NOT NULL,
                               FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id),
                               FOREIGN KEY (tenant, payer_id) REFERENCES buyer (tenant, id));
        CREATE TABLE offer (id int PRIMARY KEY, tenant int, buyer_id int NOT NULL REFERENCES buyer,
                            FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id));
        CREATE TABLE reminder (id int PRIMARY KEY, tenant int NOT NULL,
                               buyer_id int NOT NULL REFERENCES buyer ON DELETE CASCADE,
                               FOREIGN KEY (tenant, buyer_id) REFERENCES buyer (tenant, id));
    """,
)
def implied_foreign_key(observation: Observation) -> Iterator[Finding]:
    """Foreign keys whose pairs of columns are all among those of another one that holds for every row."""
    for table in tables(observation):
        own = [key for key in table.foreign_keys if key.enforced and key.validated and not key.inherited]
        several = own if len({key.parent for key in own}) < len(own) else []
        for key in several:
            wider = next((other for other in several if _implies(table, other, key)), None)
            if wider:
                yield _finding(observation, table, key, wider)


def _implies(table: Table, wider: Constraint, key: Constraint) -> bool:
    """Whether it holds for every row (a column that may be empty would let it pass), and acts as the other does."""
    if wider.parent != key.parent or len(wider.columns) <= len(key.columns):
        return False
    pairs = {*zip(wider.columns, wider.parent_columns, strict=True)}
    always = all(table.column(name).not_null for name in wider.columns)
    return always and pairs > {*zip(key.columns, key.parent_columns, strict=True)} and _acts(wider) == _acts(key)


def _acts(key: Constraint) -> tuple[object, ...]:
    return (key.on_delete, key.on_update, key.deferrable, key.deferred)


def _finding(observation: Observation, table: Table, key: Constraint, wider: Constraint) -> Finding:
    change = DropConstraint(table=table.name, name=key.name)
    feasible = not any(change.obstacles(observation.snapshot))
    return Finding(
        object=f"{table.name}.{key.name}",
        message=f"is implied by {wider.name}, which ties more columns to {key.parent}",
        severity=Severity.INFO,
        evidence=(catalog(key.name, str(key.definition)), catalog(wider.name, str(wider.definition))),
        remedy=(change,) if feasible else (),
        advice="" if feasible else "drop the one over fewer columns",
    )
