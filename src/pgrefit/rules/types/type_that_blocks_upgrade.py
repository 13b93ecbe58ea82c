"""A column that pg_upgrade refuses."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.changes._types import named_type
from pgrefit.model.finding import Finding, Severity, rule
from pgrefit.model.names import Relation
from pgrefit.model.observation import Observation
from pgrefit.model.snapshot import Column
from pgrefit.rules._ask import catalog, named
from pgrefit.rules._columns import own_columns, plain_type

# Their values are OIDs that a new cluster does not keep: check_for_reg_data_type_usage() in src/bin/pg_upgrade/check.c.
NOT_KEPT = {
    "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator", "regproc", "regprocedure",
}  # fmt: skip
OTHER_FORM = "aclitem"  # stored in another form from 16 on
NEW_FORM = 160000


@rule(
    code="TYP016",
    title="Type that pg_upgrade refuses",
    why="pg_upgrade stops at such a column before it does anything: the upgrade is off until the column is gone.",
    example="CREATE TABLE hook (id int PRIMARY KEY, handler regprocedure NOT NULL);",
    clean="CREATE TABLE hook (id int PRIMARY KEY, handler text, target regclass, as_role regrole, takes regtype);",
)
def type_that_blocks_upgrade(observation: Observation) -> Iterator[Finding]:
    """Columns of tables and materialized views whose values would mean something else on the new server.

    Those of composite types too, which a column keeps as one value.
    """
    inner = _composites(observation)
    for relation, column in _stored(observation):
        type_ = plain_type(observation.snapshot, column.type)
        type_ = next((t for t in inner.get(named_type(type_), ()) if t in NOT_KEPT), type_) if "." in type_ else type_
        old_form = type_ == OTHER_FORM and observation.snapshot.server_version < NEW_FORM
        if type_ in NOT_KEPT or old_form:
            yield Finding(
                object=named(relation, column.name),
                message=f"is {column.type}, which pg_upgrade cannot carry over",
                severity=Severity.WARNING,
                evidence=(catalog("type", column.type),),
                advice="convert it to text (the object's name), and cast it where it is used",
            )


def _composites(observation: Observation) -> dict[Relation | None, tuple[str, ...]]:
    """The types that composite types of the user are made of, right below them."""
    db = observation.snapshot
    return {t.name: tuple(plain_type(db, c.type) for c in t.columns) for t in db.types if t.kind == "composite"}


def _stored(observation: Observation) -> Iterator[tuple[Relation, Column]]:
    for table, columns in own_columns(observation):
        yield from ((table.name, column) for column in columns)
    for view in observation.snapshot.views:
        if view.materialized and not view.extension:
            yield from ((view.name, column) for column in view.columns)
