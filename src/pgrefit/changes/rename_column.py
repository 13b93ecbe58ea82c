"""Rename a column while the old and the new version of the application run side by side.

The old one goes on in a schema of plain views with the old names (see compatible_schema), which are made before; the
table itself has the new name from the switch on. Reads and writes of both reach the same column.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Work
from pgrefit.model.ddl import ddl
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation, fit
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._bodies import named_in_bodies
from ._locks import on_family
from ._preconditions import column_taken, inherited, missing
from .compatible_schema import CompatibleSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameColumn(Change):
    """RENAME COLUMN behind a view that keeps the old name, in a schema that the old version finds first.

    `old_shape` is that schema's name (default: the table's name with _before). Where another change of the plan keeps
    the old shape of the table, say `keep_old_shape = false`. `reviewed`: functions that name the column in their bodies
    and that bear the new name.
    """

    table: Relation
    column: str
    to: str
    keep_old_shape: bool = True
    old_shape: str = ""
    by_default: bool = False
    reviewed: tuple[Relation, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"rename {self.table}.{self.column} to {self.to}"

    @property
    def schema(self) -> str:
        """The schema of the old shape."""
        return self.old_shape or fit(self.table.name, "_before")

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """A name that is not there or is taken, and bodies of functions, into which a new name does not reach."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        yield from column_taken(db, self.table, self.to)
        yield from inherited(db, self.table, self.column)
        yield from named_in_bodies(db, self.table, self.column, self.reviewed)
        if self.keep_old_shape and any(schema.name == self.schema for schema in db.schemas):
            yield Obstacle(self.schema, "there is such a schema already: name another one for the old shape")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: the old shape. Switch: the name. Contract: the old shape goes."""
        around = tuple(self._old_shape.steps(db)) if self.keep_old_shape else ()
        yield from (step for step in around if step.phase is Phase.EXPAND)
        yield Step(
            title=self.title, phase=Phase.SWITCH,
            do=(ddl("ALTER TABLE {table} RENAME COLUMN {c} TO {to}", table=self.table, c=self.column, to=self.to),),
            undo=(ddl("ALTER TABLE {table} RENAME COLUMN {to} TO {c}", table=self.table, c=self.column, to=self.to),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.every(proof.column_exists(self.table, self.to),
                              proof.negated(proof.column_exists(self.table, self.column))),
            why="views, policies, indexes and constraints are bound to the column and follow it",
            hazard="whoever asks the table itself for the old name fails from here on: the old version of the"
            f" application must find the schema {self.schema if self.keep_old_shape else 'of the old shape'} first",
        )  # fmt: skip
        yield from (step for step in around if step.phase is not Phase.EXPAND)

    @property
    def _old_shape(self) -> CompatibleSchema:
        return CompatibleSchema(schema=self.schema, tables=(self.table,), by_default=self.by_default)


EXAMPLE = Example(
    """
    CREATE TABLE shop.seller (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, nm text CHECK (nm <> ''));
    CREATE INDEX ON shop.seller (nm);
    CREATE VIEW shop.seller_names AS SELECT nm FROM shop.seller;
    INSERT INTO shop.seller (note, nm) SELECT 'seller ' || n, n::text FROM generate_series(1, 50) AS n;
    """,
    RenameColumn(table=Relation("shop", "seller"), column="nm", to="name"),
    writes="INSERT INTO shop.seller (note) VALUES (md5(random()::text))",
)
