"""Add a check constraint while the table keeps taking reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Phase, Step, Way, Work
from pgrefit.model.ddl import Expression, ddl, raw
from pgrefit.model.locks import LockMode
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from . import _proof as proof
from ._locks import on_family
from ._preconditions import constraint_taken, missing


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheck(Change):
    """CHECK (condition) NOT VALID, then VALIDATE. The condition names columns without a qualifier."""

    table: Relation
    name: str
    condition: Expression
    phase: Phase = Phase.MIGRATE

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"add check {self.name} to {self.table}"

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, or the name is taken."""
        yield from missing(db, self.table)
        yield from constraint_taken(db, self.table, self.name)

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """Two steps: for new rows at once, then for the rows that are there."""
        yield Step(
            title=f"add check {self.name} to {self.table} for new rows", phase=self.phase,
            do=(ddl("ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID",
                    table=self.table, name=self.name, condition=raw(self.condition)),),
            undo=(ddl("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}", table=self.table, name=self.name),),
            locks=on_family(db, self.table, LockMode.ACCESS_EXCLUSIVE), work=Work.INSTANT,
            proof=proof.constraint_exists(self.table, self.name),
            hazard="statements that violate the check fail from here on",
        )  # fmt: skip
        yield Step(
            title=f"validate check {self.name} of {self.table}", phase=self.phase,
            do=(ddl("ALTER TABLE {table} VALIDATE CONSTRAINT {name}", table=self.table, name=self.name),),
            undo=Way.NOTHING_LEFT,
            locks=on_family(db, self.table, LockMode.SHARE_UPDATE_EXCLUSIVE), work=Work.SCAN,
            proof=proof.constraint_exists(self.table, self.name, valid=True),
            why="reads every row, and blocks neither reads nor writes",
        )  # fmt: skip


EXAMPLE = Example(
    """
    CREATE TABLE shop.item (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, price numeric NOT NULL);
    INSERT INTO shop.item (price) SELECT n FROM generate_series(1, 50) AS n;
    """,
    AddCheck(table=Relation("shop", "item"), name="item_price_positive", condition=Expression("price > 0")),
    writes="INSERT INTO shop.item (price) VALUES (1 + random())",
)
