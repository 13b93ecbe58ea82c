"""Drop a column that nobody reads any more.

In two phases: first rows may come without it, for the new version of the application does not write it; its values stay
where they are, and going back finds them there. In the contract phase they are kept in pgrefit.before_image, and the
column goes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, ddl, expression, raw
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import ColumnUse, Snapshot, Table

from . import _proof as proof
from ._batches import FORGET, noted, noting_batches, texts
from ._bodies import named_in_bodies
from ._guard import refuse_unknown
from ._locks import on_family, strongest
from ._preconditions import inherited, missing, rows_unwalkable
from .drop_not_null import DropNotNull
from .set_default import SetDefault

OWN_PARTS = frozenset({"index", "constraint"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(Change):
    """DROP COLUMN, in the contract phase and without return. Indexes and constraints on it alone go with it.

    Where the column is required and has no default, rows that are written without it get `filler`, or stay empty there:
    then they bar the way back until they have a value. `keep_values = false` forgets the values. `reviewed`: functions
    that name the column in their bodies and that do without it.
    """

    table: Relation
    column: str
    filler: Expression | None = None
    keep_values: bool = True
    reviewed: tuple[Relation, ...] = ()

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Whatever else depends on the column; the server would drop part of it without a word."""
        gone = tuple(missing(db, self.table, self.column))
        if gone:
            yield from gone
            return
        yield from inherited(db, self.table, self.column)
        yield from named_in_bodies(db, self.table, self.column, self.reviewed)
        table = db.table(self.table)
        for use in db.uses_of(self.table, self.column):
            if not self._goes_along(table, use):
                yield Obstacle(f"{self.table}.{self.column}", f"{use.name} depends on it")
        if self._keeps(table):
            yield from rows_unwalkable(db, self.table)
            if self.column in table.row_key:
                yield Obstacle(f"{self.table}.{self.column}", "is part of the key by which kept values find their rows")

    def _goes_along(self, table: Table, use: ColumnUse) -> bool:
        required = {c.name for c in table.constraints if c.kind == "not null"}
        own = use.relation == self.table and use.member in {*self._own_parts(table), *required}
        return use.kind == "sequence" or (own and use.kind in OWN_PARTS)

    def _own_parts(self, table: Table) -> set[str]:
        """Indexes and constraints that are about this column alone."""
        indexes = {i.name.name for i in table.indexes if set(i.columns) | set(i.include) == {self.column}}
        return indexes | {c.name for c in table.constraints if c.columns == (self.column,)}

    def _keeps(self, table: Table) -> bool:
        return self.keep_values and not table.column(self.column).generated

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Expand: rows may come without it. Contract: keep the values, drop the column."""
        table = db.table(self.table)
        column = table.column(self.column)
        if column.not_null and column.default is None and not column.identity and not column.generated:
            if self.filler is None:
                yield from DropNotNull(table=self.table, column=self.column, phase=Phase.EXPAND).steps(db)
            else:
                filled = SetDefault(table=self.table, column=self.column, default=self.filler, phase=Phase.EXPAND)
                yield from filled.steps(db)
        if self._keeps(table):
            yield self._keep(db, table)
        yield self._drop(db, table)

    def _keep(self, db: Snapshot, table: Table) -> Step:
        filled = expression("t.{c} IS NOT NULL", c=self.column)
        unkept = expression("{filled} AND NOT {noted}", filled=raw(filled), noted=raw(noted(table)))
        gone = Expression("ARRAY[NULL::text]")
        return Step(
            title=f"keep the values of {self.table}.{self.column}", phase=Phase.CONTRACT,
            do=noting_batches(table, (self.column,), texts((self.column,)), gone, filled), undo=(FORGET,),
            locks=on_family(db, self.table, LockMode.ACCESS_SHARE), work=Work.BATCHES,
            proof=proof.no_row(self.table, unkept),
            why="nothing goes with the column that is not in pgrefit.before_image",
        )  # fmt: skip

    def _drop(self, db: Snapshot, table: Table) -> Step:
        keys = [key for key in table.foreign_keys if self.column in key.columns]
        parents = (Lock(key.parent, LockMode.ACCESS_EXCLUSIVE) for key in keys if key.parent)
        known = self._own_parts(table)
        return Step(
            title=f"drop {self.table}.{self.column}", phase=Phase.CONTRACT,
            do=(refuse_unknown(self.table, [self.column], known),
                ddl("ALTER TABLE {table} DROP COLUMN IF EXISTS {column}", table=self.table, column=self.column)),
            undo=Way.NO_RETURN,
            locks=strongest((*on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), *parents)), work=Work.INSTANT,
            proof=proof.negated(proof.column_exists(self.table, self.column)),
            hazard="prepared SELECT * over the table must be prepared again",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.country (code text PRIMARY KEY);
    INSERT INTO shop.country VALUES ('de'), ('fr');
    CREATE TABLE shop.address (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, city text,
                               old_country text NOT NULL REFERENCES shop.country);
    CREATE INDEX ON shop.address (old_country);
    INSERT INTO shop.address (city, old_country) SELECT 'city ' || n, 'de' FROM generate_series(1, 50) AS n;
    """,
    DropColumn(table=Relation("shop", "address"), column="old_country"),
    writes="INSERT INTO shop.address (city, old_country) VALUES (md5(random()::text), 'fr')",
)
