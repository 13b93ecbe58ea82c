"""Write a table anew while it is in use, so that the space of dead rows and dropped columns goes back to the system.

VACUUM FULL does it under ACCESS EXCLUSIVE. Here the rows are copied in batches to a table of the same shape, which
triggers keep in step, and which takes the place of the first in one short transaction. Needs no extension.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._shadow import Shadow
from ._shadow_obstacles import foreign_key_names, shadow_obstacles, unfit_table
from ._shadow_steps import steps_of_contract, steps_until_switch, switch_step
from ._shadow_switch import switch, switch_back


@dataclass(frozen=True, slots=True, kw_only=True)
class RepackTable(Change):
    """All that hangs on the table is kept. The way back is open until the old table is dropped."""

    table: Relation

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"write {self.table} anew beside itself"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No table of its own with a key; what depends on it and cannot be bound to another; names taken."""
        unfit = tuple(unfit_table(db, self.table))
        yield from unfit
        if not unfit:
            yield from shadow_obstacles(self._shadow(db))
            yield from foreign_key_names(self._shadow(db))

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """A table beside, in step and filled; the switch; the old one goes."""
        shadow = self._shadow(db)
        yield from steps_until_switch(shadow)
        yield switch_step(
            shadow, title=f"put the table that was written anew in the place of {self.table}", do=switch(shadow),
            undo=switch_back(shadow), hazard="queries and functions are planned anew at their next run",
        )  # fmt: skip
        yield from steps_of_contract(shadow)

    def _shadow(self, db: Snapshot) -> Shadow:
        return Shadow(db=db, table=db.table(self.table), final=self.table)


EXAMPLE = Example(
    """
    CREATE TABLE shop.buyer (id int PRIMARY KEY);
    INSERT INTO shop.buyer SELECT generate_series(1, 20);
    CREATE TABLE shop.purchase (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, code serial UNIQUE, buyer_id int REFERENCES shop.buyer,
        refers_to int REFERENCES shop.purchase, note text CHECK (note <> ''),
        size int GENERATED ALWAYS AS (length(note)) STORED);
    CREATE INDEX purchase_note ON shop.purchase (lower(note)) WHERE buyer_id IS NOT NULL;
    CREATE TABLE shop.refund (id int PRIMARY KEY, purchase_id int REFERENCES shop.purchase ON DELETE CASCADE);
    CREATE VIEW shop.noted AS SELECT id, note FROM shop.purchase WHERE note IS NOT NULL;
    COMMENT ON TABLE shop.purchase IS 'what was bought';
    ALTER TABLE shop.purchase ADD COLUMN gone text;
    ALTER TABLE shop.purchase DROP COLUMN gone;
    INSERT INTO shop.purchase (buyer_id, refers_to, note)
        SELECT 1 + n % 20, nullif(n - 1, 0), 'note ' || n FROM generate_series(1, 60) AS n;
    INSERT INTO shop.refund SELECT n, n FROM generate_series(1, 20) AS n;
    """,
    RepackTable(table=Relation("shop", "purchase")),
    writes="INSERT INTO shop.purchase (buyer_id, note) VALUES (1 + floor(random() * 20)::int, md5(random()::text))",
)
