"""Drop a column that nobody reads any more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import ddl
from pgrefit.model.locks import Lock, LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import ColumnUse, Snapshot, Table

from . import _proof as proof
from ._locks import on_family, strongest
from ._preconditions import missing


@dataclass(frozen=True, slots=True, kw_only=True)
class DropColumn(Change):
    """DROP COLUMN, in the contract phase and without return. Indexes and constraints on it alone go with it."""

    table: Relation
    column: str

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"drop {self.table}.{self.column}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """Whatever else depends on the column; the server would drop part of it without a word."""
        yield from missing(db, self.table, self.column)
        table = db.find_table(self.table)
        for use in db.uses_of(self.table, self.column) if table else ():
            if table and not self._goes_along(table, use):
                yield Obstacle(f"{self.table}.{self.column}", f"{use.name} depends on it")

    def _goes_along(self, table: Table, use: ColumnUse) -> bool:
        alone = {index.name.name for index in table.indexes if set(index.columns) | set(index.include) == {self.column}}
        alone |= {constraint.name for constraint in table.constraints if constraint.columns == (self.column,)}
        return use.kind == "sequence" or (use.relation == self.table and use.member in alone and use.kind in OWN_PARTS)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """One step."""
        table = db.find_table(self.table)
        keys = [key for key in (table.foreign_keys if table else ()) if self.column in key.columns]
        parents = (Lock(key.parent, LockMode.ACCESS_EXCLUSIVE) for key in keys if key.parent)
        yield Step(
            title=f"drop {self.table}.{self.column}", phase=Phase.CONTRACT,
            do=(ddl("ALTER TABLE {table} DROP COLUMN IF EXISTS {column}", table=self.table, column=self.column),),
            undo=Way.NO_RETURN,
            locks=strongest((*on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), *parents)), work=Work.INSTANT,
            proof=proof.negated(proof.column_exists(self.table, self.column)),
            hazard="prepared SELECT * over the table must be prepared again",
        )  # fmt: skip


OWN_PARTS = frozenset({"index", "constraint"})

EXAMPLE = Example(
    """
    CREATE TABLE shop.country (code text PRIMARY KEY);
    INSERT INTO shop.country VALUES ('de'), ('fr');
    CREATE TABLE shop.address (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, city text,
                               old_country text REFERENCES shop.country);
    CREATE INDEX ON shop.address (old_country);
    INSERT INTO shop.address (city, old_country) SELECT 'city ' || n, 'de' FROM generate_series(1, 50) AS n;
    """,
    DropColumn(table=Relation("shop", "address"), column="old_country"),
    writes="INSERT INTO shop.address (city) VALUES (md5(random()::text))",
)
