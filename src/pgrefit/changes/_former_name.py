"""A view under the name that a table had, through which older code goes on reading and writing."""

from __future__ import annotations

from collections.abc import Iterator

from pgrefit.model.change import Obstacle, Phase, Step, Work
from pgrefit.model.ddl import Literal, Statement, ddl, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot, Table

from . import _proof as proof
from ._granted import given
from ._locks import strongest
from ._preconditions import missing
from ._shadow_obstacles import names_taken

OF_VIEWS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
HAZARD = "COPY into the former name, TRUNCATE of it and foreign keys to it fail from here on"


def show(table: Table, now: Relation) -> Iterator[Statement]:
    """A view under the table's name over what it is called now, open to whom the table is, with the caller's rights."""
    view = table.name
    columns = tuple(column.name for column in table.columns)
    yield ddl("CREATE VIEW {view} WITH (security_invoker = true) AS SELECT {columns} FROM {now}",
              view=view, columns=columns, now=now)  # fmt: skip
    if table.owner:
        yield ddl("ALTER VIEW {view} OWNER TO {owner}", view=view, owner=table.owner)
    for grant in table.grants:
        if grant.privilege in OF_VIEWS and grant.grantee != table.owner:
            yield given(grant, view)
    for column in table.columns:
        yield from (given(grant, view, column=column.name) for grant in column.grants if grant.privilege in OF_VIEWS)


def hide(table: Table) -> Statement:
    """Drop it."""
    return ddl("DROP VIEW IF EXISTS {view}", view=table.name)


def unfit_to_rename(db: Snapshot, name: Relation, to: Relation) -> Iterator[Obstacle]:
    """A table that is not there, or a foreign or a partition; names taken; a schema that is not there."""
    unfit = tuple(missing(db, name))
    yield from unfit
    if unfit:
        return
    table = db.table(name)
    if table.kind == "foreign table" or table.partition_of or table.extension:
        yield Obstacle(str(name), "is a foreign table, a partition, or an extension's")
    if all(schema.name != to.schema for schema in db.schemas):
        yield Obstacle(to.schema, "there is no such schema")
    yield from names_taken(db, to)


def under_new_name(table: Table, to: Relation, there: Statement, back: Statement) -> Iterator[Step]:
    """Give the table its new name, by `there`, and a view the former one; at last that goes."""
    name = table.name
    yield Step(
        title=f"call {name} {to}, and show it under its former name", phase=Phase.SWITCH,
        do=(there, *show(table, to)), undo=(hide(table), back), locks=(Lock(name, LockMode.ACCESS_EXCLUSIVE),),
        work=Work.INSTANT, proof=proof.every(_is(name, "v"), proof.negated(_is(to, "v")), proof.relation_exists(to)),
        why="code that knows the former name goes on reading and writing", hazard=HAZARD,
    )  # fmt: skip
    yield Step(
        title=f"drop the former name {name}", phase=Phase.CONTRACT, do=(hide(table),), undo=tuple(show(table, to)),
        locks=strongest(()), work=Work.INSTANT, proof=proof.negated(proof.relation_exists(name)),
        hazard="no code may use the former name any more",
    )  # fmt: skip


def _is(relation: Relation, kind: str) -> Statement:
    return ddl("SELECT coalesce((SELECT relkind::text = {kind} FROM pg_catalog.pg_class WHERE oid = {oid}), false)",
               kind=Literal(kind), oid=raw(proof.oid_of(relation)))  # fmt: skip
