"""Constraints as they are: looked up, and put back as they were."""

from __future__ import annotations

from collections.abc import Iterator

import postgast
from postgast import pg_query_pb2 as pb

from pgrefit.model.change import Obstacle
from pgrefit.model.ddl import Expression, Literal, Statement, ddl, expression, raw
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Constraint, Snapshot

from ._proof import constraint_exists, oid_of
from ._trees import as_written

HEADS = ("CREATE UNIQUE INDEX CONCURRENTLY ", "CREATE UNIQUE INDEX ")


def find_constraint(db: Snapshot, table: Relation, name: str) -> Constraint | None:
    """The table's constraint of that name, or None."""
    found = db.find_table(table)
    return next((c for c in found.constraints if c.name == name), None) if found else None


def missing_constraint(db: Snapshot, table: Relation, name: str) -> Iterator[Obstacle]:
    """No such constraint, or one that the table has from its parent."""
    constraint = find_constraint(db, table, name)
    if db.find_table(table) is None:
        yield Obstacle(str(table), "there is no such table")
    elif constraint is None:
        yield Obstacle(str(table), f"has no constraint {name}")
    elif constraint.inherited:
        yield Obstacle(str(table), f"has {name} from its parent: change it there")


def drop_constraint(table: Relation, name: str) -> Statement:
    """DROP CONSTRAINT where it is there."""
    return ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", table=table, name=name)


def drop_if_there(table: Relation, name: str) -> Statement:
    """The same, without a lock where it is not there."""
    body = ddl("BEGIN IF ({there}) THEN {drop}; END IF; END", there=raw(constraint_exists(table, name)),
               drop=raw(drop_constraint(table, name)))  # fmt: skip
    return ddl("DO {body}", body=Literal(body))


def put_back(table: Relation, constraint: Constraint) -> Statement:
    """Add a constraint as it was; a check or foreign key NOT VALID, so that no row is read."""
    definition = constraint.definition
    unread = constraint.kind in {"check", "foreign key"} and constraint.validated and constraint.enforced
    if constraint.expression is not None and len(constraint.columns) == 1:
        written = as_written(constraint.expression, constraint.columns[0])
        if written != constraint.expression:
            definition = expression("CHECK ({c}) {rest}", c=raw(written), rest=raw(_no_inherit(constraint)))
    return ddl("ALTER TABLE {table} ADD CONSTRAINT {name} {definition} {valid}", table=table, name=constraint.name,
               definition=raw(definition), valid=raw(Expression("NOT VALID" if unread else "")))  # fmt: skip


def _no_inherit(constraint: Constraint) -> Expression:
    return Expression("NO INHERIT" if parsed(constraint).is_no_inherit else "")


def parsed(constraint: Constraint) -> pb.Constraint:
    """The tree of a printed definition."""
    tree = postgast.parse(f"ALTER TABLE t ADD {constraint.definition}")
    return next(iter(postgast.find_nodes(tree, pb.Constraint)))


def index_again(index: Relation, definition: str) -> Iterator[Statement]:
    """Build a unique index concurrently where it is not there; what an interrupted build left goes first.

    Run outside of a transaction, any number of times. ValueError where it is no definition of a unique index.
    """
    invalid = ddl(
        "BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_index WHERE indexrelid = {oid} AND NOT indisvalid) THEN"
        " DROP INDEX {index}; END IF; END",
        oid=raw(oid_of(index)), index=index,
    )  # fmt: skip
    yield ddl("DO {body}", body=Literal(invalid))
    for head in HEADS:
        if definition.startswith(head):
            yield Statement(f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS {definition.removeprefix(head)}")
            return
    raise ValueError(f"not the definition of a unique index: {definition}")
