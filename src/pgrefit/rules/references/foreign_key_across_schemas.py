"""Foreign keys that tie tables of different schemas together."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


@rule(
    code="REF018",
    title="Foreign key across schemas",
    why=(
        "Where schemas are modules or tenants, each is to be dumped, restored and moved without the other; a reference"
        " between them forbids it, and lets one module lock rows of the other."
    ),
    example="""
        CREATE SCHEMA sales;
        CREATE TABLE sales.customer (id int PRIMARY KEY);
        CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES sales.customer);
    """,
    clean="""
        CREATE SCHEMA billing;
        CREATE TABLE billing.customer (id int PRIMARY KEY);
        CREATE TABLE billing.invoice (id int PRIMARY KEY, customer_id int REFERENCES billing.customer);
    """,
    by_default=False,
)
def foreign_key_across_schemas(observation: Observation) -> Iterator[Finding]:
    """Tables with foreign keys to tables of other schemas."""
    for table in tables(observation):
        across = [
            key
            for key in table.foreign_keys
            if key.parent and key.parent.schema != table.name.schema and not key.inherited
        ]
        if across:
            schemas = sorted({key.parent.schema for key in across if key.parent})
            yield Finding(
                object=str(table.name),
                message=f"refers to tables of {', '.join(schemas)}",
                severity=Severity.INFO,
                evidence=tuple(catalog(key.name, str(key.definition)) for key in across),
                advice="leave it where both schemas live and move together",
            )
