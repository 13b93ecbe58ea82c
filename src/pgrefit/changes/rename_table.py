"""Rename a table; until older code is gone, a view has the former name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pgrefit.model.change import Change, Example, Obstacle, Step
from pgrefit.model.ddl import ddl
from pgrefit.model.names import Relation
from pgrefit.model.snapshot import Snapshot

from ._former_name import under_new_name, unfit_to_rename


@dataclass(frozen=True, slots=True, kw_only=True)
class RenameTable(Change):
    """`to` is the new name within the same schema. What depends on the table follows; indexes keep their names."""

    table: Relation
    to: str

    @property
    def title(self) -> str:
        """What it does, for people."""
        return f"rename {self.table} to {self.to}"

    def claims(self) -> tuple[Relation, ...]:
        """The table."""
        return (self.table,)

    def obstacles(self, db: Snapshot) -> Iterator[Obstacle]:
        """No such table, or a name that is taken."""
        return unfit_to_rename(db, self.table, self.table.beside(self.to))

    def steps(self, db: Snapshot) -> Iterator[Step]:
        """The new name and a view under the former one; at last that goes."""
        to = self.table.beside(self.to)
        there = ddl("ALTER TABLE {t} RENAME TO {to}", t=self.table, to=self.to)
        back = ddl("ALTER TABLE {t} RENAME TO {to}", t=to, to=self.table.name)
        yield from under_new_name(db.table(self.table), to, there, back)


EXAMPLE = Example(
    """
    CREATE TABLE shop.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text DEFAULT 'none');
    GRANT SELECT (note) ON shop.orders TO PUBLIC;
    INSERT INTO shop.orders (note) SELECT 'note ' || n FROM generate_series(1, 50) AS n;
    CREATE TABLE shop.refund (id int PRIMARY KEY, order_id int REFERENCES shop.orders);
    INSERT INTO shop.refund VALUES (1, 1);
    """,
    RenameTable(table=Relation("shop", "orders"), to="purchase"),
    writes="INSERT INTO shop.refund SELECT max(id) + 1, 1 + floor(random() * 50)::int FROM shop.refund",
)
