"""Copy a table to another schema while it is in use, then let the copy take over.

For moving a database to a new schema in stages, a table at a time: the copy is kept in step until the switch; from then
on it is the table, a view has the former name, and the old table follows until it is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._former_name import HAZARD, hide, show
from ._shadow import Shadow
from ._shadow_obstacles import foreign_key_names, shadow_obstacles, unfit_table
from ._shadow_steps import steps_of_contract, steps_until_switch, switch_step
from ._shadow_switch import switch, switch_back


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyTable(Change):
    """`to` is in another schema, which must be there. Indexes and sequences keep their names."""

    table: Relation
    to: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"copy {self.table} to {self.to} and go on there"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No table of its own with a key; no such schema; what depends on it and cannot follow; names taken."""
        unfit = tuple(unfit_table(db, self.table))
        yield from unfit
        if self.to.schema == self.table.schema:
            yield Obstacle(str(self.to), "is in the same schema")
        elif all(schema.name != self.to.schema for schema in db.schemas):
            yield Obstacle(self.to.schema, "there is no such schema")
        if unfit:
            return
        yield from shadow_obstacles(self._shadow(db))
        yield from foreign_key_names(self._shadow(db))
        for publication in self._shadow(db).publications:
            yield Obstacle(str(self.table), f"is published by {publication.name} under its name")

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A copy, in step and filled; the switch, with a view under the former name; the old one goes."""
        shadow = self._shadow(db)
        yield from steps_until_switch(shadow)
        yield switch_step(
            shadow, title=f"go on with {self.to} in the place of {self.table}",
            do=(*switch(shadow), *show(shadow.table, self.to)), undo=(hide(shadow.table), *switch_back(shadow)),
            hazard=HAZARD,
        )  # fmt: skip
        yield from steps_of_contract(shadow, first=(hide(shadow.table),))

    def _shadow(self, db: Snapshot) -> Shadow:
        return Shadow(db=db, table=db.table(self.table), final=self.to)


EXAMPLE = Example(
    """
    CREATE SCHEMA "the store";
    CREATE TABLE shop.buyer (id int PRIMARY KEY);
    INSERT INTO shop.buyer SELECT generate_series(1, 20);
    CREATE TABLE shop.orders (id serial PRIMARY KEY, buyer_id int REFERENCES shop.buyer, note text UNIQUE);
    CREATE TABLE shop.refund (id int PRIMARY KEY, order_id int REFERENCES shop.orders ON DELETE CASCADE);
    CREATE INDEX ON shop.orders (buyer_id);
    GRANT SELECT, INSERT ON shop.orders TO PUBLIC;
    INSERT INTO shop.orders (buyer_id, note) SELECT 1 + n % 20, 'note ' || n FROM generate_series(1, 50) AS n;
    INSERT INTO shop.refund VALUES (1, 1);
    """,
    CopyTable(table=Relation("shop", "orders"), to=Relation("the store", "orders")),
    writes="INSERT INTO shop.refund SELECT max(id) + 1, 1 + floor(random() * 50)::int FROM shop.refund",
)
