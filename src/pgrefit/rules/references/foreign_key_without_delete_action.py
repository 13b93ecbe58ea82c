"""Foreign keys that leave open what becomes of children when their parent goes."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.observation import Observation
from pgrefit.rules._ask import catalog, tables


@rule(
    code="REF017",
    title="Foreign key without a delete action",
    why=(
        "NO ACTION is what one gets without a word: whether the parent is to stay, or the children are to go with it,"
        " was perhaps never decided, and is found out when somebody deletes."
    ),
    example="""
        CREATE TABLE staff (id int PRIMARY KEY, manager_id int REFERENCES staff);
    """,
    clean="""
        CREATE TABLE staff (id int PRIMARY KEY, manager_id int REFERENCES staff ON DELETE SET NULL);
        CREATE TABLE absence (id int PRIMARY KEY, staff_id int REFERENCES staff ON DELETE RESTRICT);
    """,
    by_default=False,
)
def foreign_key_without_delete_action(observation: Observation) -> Iterator[Finding]:
    """Tables with foreign keys that are ON DELETE NO ACTION, those of a table to itself among them."""
    for table in tables(observation):
        silent = [key for key in table.foreign_keys if key.on_delete == "no action" and not key.inherited]
        if silent:
            yield Finding(
                object=str(table.name),
                message=f"does not say what becomes of its rows when others go ({len(silent)} of"
                f" {len(table.foreign_keys)} foreign keys)",
                severity=Severity.INFO,
                evidence=tuple(catalog(key.name, str(key.definition)) for key in silent),
                advice="decide for each: RESTRICT, CASCADE, SET NULL, or leave it on purpose",
            )
