"""A foreign key that is to empty a column which may not be empty."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes._constraints import parsed
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Constraint, Table
from pgrefit.rules._ask import catalog, tables

NARROWED = "ON DELETE SET NULL ("  # as the server prints it where not all columns are emptied


@rule(
    code="REF014",
    title="SET NULL on a required column",
    why=(
        "It promises that a parent can go and its children stay; in truth each such DELETE fails, with an error about"
        " the child's column that nobody expects."
    ),
    example="""
        CREATE TABLE author (tenant int, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE post (id int PRIMARY KEY, tenant int NOT NULL, author_id int,
                           FOREIGN KEY (tenant, author_id) REFERENCES author ON DELETE SET NULL);
    """,
    clean="""
        CREATE TABLE author (tenant int, id int, PRIMARY KEY (tenant, id));
        CREATE TABLE post (id int PRIMARY KEY, tenant int NOT NULL, author_id int,
                           FOREIGN KEY (tenant, author_id) REFERENCES author ON DELETE SET NULL (author_id));
        CREATE TABLE topic (id int PRIMARY KEY);
        CREATE TABLE comment (id int PRIMARY KEY, topic int REFERENCES topic ON DELETE SET NULL,
                              first_topic int NOT NULL REFERENCES topic ON DELETE CASCADE,
                              other int NOT NULL DEFAULT 0 REFERENCES topic ON DELETE SET DEFAULT);
    """,
)
def set_null_on_required_column(observation: Observation) -> Iterator[Finding]:
    """Foreign keys with ON DELETE or ON UPDATE SET NULL over a column that is NOT NULL."""
    for table in tables(observation):
        for key in table.foreign_keys:
            required = () if key.inherited or not key.enforced else tuple(_refusing(table, key))
            if required:
                yield Finding(
                    object=f"{table.name}.{key.name}",
                    message=f"is to empty {', '.join(required)}, which may not be empty",
                    severity=Severity.WARNING,
                    evidence=(catalog("definition", str(key.definition)), catalog("NOT NULL", required)),
                    advice="say what is meant: NO ACTION or CASCADE, a column that may be empty, or"
                    " ON DELETE SET NULL (column) for the one column that may",
                )


def _refusing(table: Table, key: Constraint) -> Iterator[str]:
    """The required columns that a DELETE or UPDATE of the parent would empty."""
    if "set null" in {key.on_delete, key.on_update}:
        emptied = set(key.columns)
        if key.on_update != "set null" and NARROWED in key.definition:
            emptied = {node.string.sval for node in parsed(key).fk_del_set_cols}
        yield from (name for name in key.columns if name in emptied and table.column(name).not_null)
